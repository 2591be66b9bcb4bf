package tests

import (
	"encoding/json"
	"fmt"
	"path"
	"time"
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
	// APIVersion is assay.dev/v1alpha1.
	APIVersion string `json:"apiVersion"`
	// Kind is Suite, Gate or Site.
	Kind string `json:"kind"`
	// Metadata holds the document's name and labels.
	Metadata ObjectMeta `json:"metadata"`
}

// Name is the document's own name, with all prefixes and suffixes of its overlay.
func (m Meta) Name() string { return m.Metadata.Name }

// ObjectMeta is the part of Kubernetes' metadata that Assay reads.
type ObjectMeta struct {
	// Name is unique among the documents of its kind in an overlay, whatever their namespaces.
	Name string `json:"name" jsonschema:"maxLength=63,pattern=^[a-z0-9]([-a-z0-9]*[a-z0-9])?$" must:"be at most 63 lower case letters, digits and dashes, and begin and end with a letter or digit"`
	// Namespace means nothing to Assay; it is taken because an overlay may set one on all it renders.
	Namespace string `json:"namespace,omitempty"`
	// Labels are what a Gate's matchLabels select by.
	Labels map[string]string `json:"labels,omitempty"`
	// Annotations mean nothing to Assay.
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Origin is where a document was written.
type Origin struct {
	// File is relative to the root of the test repository.
	File string
	// Name is the document's name as written there, before prefixes and suffixes.
	Name string
}

// Folder is the folder of the file, relative to the root of the test repository.
func (o Origin) Folder() string { return path.Dir(o.File) }

// Duration is a time.Duration written as Kubernetes writes them: 30s, 12h. It is more than zero where a document gives one.
type Duration struct{ time.Duration }

// UnmarshalJSON reads a string such as "1h30m".
func (d *Duration) UnmarshalJSON(b []byte) error {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return fmt.Errorf("read a duration: %w", err)
	}
	var err error
	d.Duration, err = parseDuration(v)
	return err
}

func parseDuration(v any) (time.Duration, error) {
	text, ok := v.(string)
	d, err := time.ParseDuration(text)
	if !ok || err != nil || d <= 0 {
		return 0, fmt.Errorf("%v is no duration of more than zero", v)
	}
	return d, nil
}

// MarshalJSON writes the duration as a string.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.Duration.String()) }
