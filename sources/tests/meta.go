package tests

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/util/json"
)

// APIVersion of every document.
const APIVersion = "assay.dev/v1alpha1"

// The kinds of documents.
const (
	KindSuite = "Suite"
	KindGate  = "Gate"
	KindSite  = "Site"
)

// Meta is what every document starts with.
type Meta struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"`
	Metadata   ObjectMeta `json:"metadata"`
}

// Name is the document's own name, with all prefixes and suffixes of its overlay.
func (m Meta) Name() string { return m.Metadata.Name }

// ObjectMeta is the part of Kubernetes' metadata that Assay reads.
type ObjectMeta struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Origin is where a document was written.
type Origin struct {
	// File is relative to the root of the test repository.
	File string
	// Name is the document's name as written there, before prefixes and suffixes.
	Name string
}

// Duration is a time.Duration written as Kubernetes writes them: 30s, 12h.
type Duration struct{ time.Duration }

// UnmarshalJSON reads a string such as "1h30m".
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("a duration is a string such as 30s or 12h, not %s", b)
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("a duration is a string such as 30s or 12h, not %q", s)
	}
	d.Duration = v
	return nil
}

// MarshalJSON writes the duration as a string.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.Duration.String()) }

// Order of the Suites of a Gate.
type Order string

// FlakePolicy is what a flake does to a Verdict.
type FlakePolicy string

// Mode is how far a rollback may go, from safe to bold.
type Mode string

// The values that the documents take.
const (
	Parallel Order = "Parallel"
	Ordered  Order = "Ordered"

	FlakesPass FlakePolicy = "Pass"
	FlakesFail FlakePolicy = "Fail"

	// Shadow records what would be done, and does nothing.
	Shadow Mode = "shadow"
	// Propose opens a pull request.
	Propose Mode = "propose"
	// Merge opens a pull request and merges it when its proof holds.
	Merge Mode = "merge"
	// Commit pushes the revert to the branch.
	Commit Mode = "commit"
)

// Stricter is the safer of two modes; an unknown one is the safest.
func Stricter(a, b Mode) Mode {
	if a.boldness() <= b.boldness() {
		return a
	}
	return b
}

func (m Mode) boldness() int {
	switch m {
	case Propose:
		return 1
	case Merge:
		return 2
	case Commit:
		return 3
	}
	return 0
}
