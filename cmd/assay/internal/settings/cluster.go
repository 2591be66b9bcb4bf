package settings

import (
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Namespace is the name of a namespace or of a service account.
type Namespace string

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *Namespace) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	if wrong := validation.IsDNS1123Label(string(text)); len(wrong) > 0 {
		return &valueError{string(text), "a name as Kubernetes takes it: lower case letters, digits and dashes"}
	}
	*n = Namespace(text)
	return nil
}

// NamespaceGlob matches namespaces, as path.Match does.
type NamespaceGlob string

// UnmarshalText implements encoding.TextUnmarshaler. A pattern that matches nothing would hide every Target.
func (g *NamespaceGlob) UnmarshalText(text []byte) error {
	pattern := string(text)
	if _, err := path.Match(pattern, ""); err != nil || pattern == "" || strings.Contains(pattern, "/") {
		return &valueError{pattern, "a glob of namespaces, such as team-*"}
	}
	*g = NamespaceGlob(pattern)
	return nil
}

// RunnerKind is what Suites run as; empty is a Job where there is a cluster, and a process elsewhere.
type RunnerKind string

// The runners.
const (
	ProcessRunner    RunnerKind = "process"
	KubernetesRunner RunnerKind = "kubernetes"
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *RunnerKind) UnmarshalText(text []byte) error {
	return choose(r, text, ProcessRunner, KubernetesRunner)
}
