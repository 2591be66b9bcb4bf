package render

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
)

// Difference is how one Rendering differs from another, object by object; each list is sorted by kind, namespace and name.
type Difference struct {
	Added, Removed, Changed []ObjectDiff
}

// ObjectDiff is one object in two renderings.
type ObjectDiff struct {
	Before, After *Object // nil where the object is not there
	// HoldsData marks kinds whose deletion may delete what no commit brings back: volumes and their claims, StatefulSets,
	// whole namespaces, and definitions whose objects go with them. A renamed object is one removed and one added.
	HoldsData bool
}

// holdsData lists the kinds marked by ObjectDiff.HoldsData, by API group.
var holdsData = map[groupKind]bool{
	{"", "Namespace"}:                                    true,
	{"", "PersistentVolume"}:                             true,
	{"", "PersistentVolumeClaim"}:                        true,
	{"apps", "StatefulSet"}:                              true,
	{"apiextensions.k8s.io", "CustomResourceDefinition"}: true,
	{"snapshot.storage.k8s.io", "VolumeSnapshot"}:        true,
	{"snapshot.storage.k8s.io", "VolumeSnapshotContent"}: true,
	{"objectbucket.io", "ObjectBucketClaim"}:             true,
	{"postgresql.cnpg.io", "Cluster"}:                    true,
	{"kafka.strimzi.io", "Kafka"}:                        true,
	{"kafka.strimzi.io", "KafkaTopic"}:                   true,
}

type groupKind struct{ group, kind string }

// identity is what makes an object the same one in two renderings: the version of its API is no part of it. Several
// objects may share the rest where they differ in version only; nth tells them apart.
type identity struct {
	groupKind
	namespace, name string
	nth             int
}

func (o *Object) groupKind() groupKind {
	group, _, found := strings.Cut(o.APIVersion, "/")
	if !found {
		group = "" // the core group's apiVersion is a version alone
	}
	return groupKind{group, o.Kind}
}

// Compare tells what changes from rendering a to rendering b; nil stands for one without objects. Both must come from
// Builders with the same key.
func Compare(a, b *Rendering) Difference {
	before, after := a.byIdentity(), b.byIdentity()
	var d Difference
	for id, old := range before {
		diff := ObjectDiff{Before: old, After: after[id], HoldsData: holdsData[id.groupKind]}
		switch {
		case diff.After == nil:
			d.Removed = append(d.Removed, diff)
		case diff.After.sum != old.sum:
			d.Changed = append(d.Changed, diff)
		}
	}
	for id, object := range after {
		if before[id] == nil {
			d.Added = append(d.Added, ObjectDiff{After: object, HoldsData: holdsData[id.groupKind]})
		}
	}
	for _, list := range [][]ObjectDiff{d.Added, d.Removed, d.Changed} {
		slices.SortFunc(list, func(x, y ObjectDiff) int { return compareObjects(x.Object(), y.Object()) })
	}
	return d
}

func (r *Rendering) byIdentity() map[identity]*Object {
	if r == nil {
		return nil
	}
	sorted := make([]*Object, len(r.Objects))
	for i := range r.Objects {
		sorted[i] = &r.Objects[i]
	}
	slices.SortFunc(sorted, compareObjects)
	byIdentity := make(map[identity]*Object, len(sorted))
	for _, object := range sorted {
		id := identity{groupKind: object.groupKind(), namespace: object.Namespace, name: object.Name}
		for byIdentity[id] != nil {
			id.nth++
		}
		byIdentity[id] = object
	}
	return byIdentity
}

func compareObjects(x, y *Object) int {
	return cmp.Or(
		cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Name, y.Name),
		cmp.Compare(x.APIVersion, y.APIVersion))
}

// Equal tells whether nothing differs.
func (d Difference) Equal() bool {
	return len(d.Added)+len(d.Removed)+len(d.Changed) == 0
}

// Unified is the whole difference as a unified diff for people, secrets redacted: removals, changes, additions.
func (d Difference) Unified() string {
	var b strings.Builder
	for _, diff := range slices.Concat(d.Removed, d.Changed, d.Added) {
		b.WriteString(diff.Unified())
	}
	return b.String()
}

// Object is the object as it is after, or before if it is removed.
func (d ObjectDiff) Object() *Object {
	if d.After != nil {
		return d.After
	}
	return d.Before
}

// Unified is one object's unified diff for people, secrets redacted.
func (d ObjectDiff) Unified() string {
	side := func(prefix string, o *Object) (string, []string) {
		if o == nil {
			return "/dev/null", nil
		}
		return prefix + o.String(), strings.SplitAfter(strings.TrimSuffix(string(o.shown), "\n"), "\n")
	}
	from, before := side("a/", d.Before)
	to, after := side("b/", d.After)
	for _, lines := range [][]string{before, after} {
		if len(lines) > 0 {
			lines[len(lines)-1] += "\n"
		}
	}
	text, _ := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{ // writes to memory, which does not fail
		A: before, B: after, FromFile: from, ToFile: to, Context: 3,
	})
	return text
}
