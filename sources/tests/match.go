package tests

import "path"

// Matches tells whether the selector selects a Target of the given identity and labels.
func (s TargetSelector) Matches(cluster, kind, namespace, name string, labels map[string]string) bool {
	return (s.Kind == "" || s.Kind == kind) &&
		wild(s.Cluster, cluster) && wild(s.Namespace, namespace) && wild(s.Name, name) &&
		includes(labels, s.Labels)
}

// wild tells whether a value matches a pattern of path.Match; an empty pattern matches everything. Load has refused malformed ones.
func wild(pattern, value string) bool {
	if pattern == "" {
		return true
	}
	matched, err := path.Match(pattern, value)
	return matched && err == nil
}
