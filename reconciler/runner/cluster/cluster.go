// Package cluster is what runners in a cluster have in common: how what they make is labelled and named, so that it is found again after a
// restart, in which namespaces it is, and how long the API server is waited for. In go Jobs and requests; out come labels and answers. It
// keeps no state and makes nothing itself.
package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strings"

	"github.com/assay-dev/assay/reconciler/runner"
)

// Manager is the field manager of all that Assay makes, and its value of the label ManagedBy.
const Manager = "assay"

// Labels and annotations of what runners make.
const (
	ManagedBy = "app.kubernetes.io/managed-by"
	Instance  = "app.kubernetes.io/instance"
	Component = "app.kubernetes.io/component"

	Environment = "assay.dev/environment"
	Suite       = "assay.dev/suite"
	Run         = "assay.dev/run" // Sum of the Run's ID

	// RunID is an annotation: an ID may be longer than a label's value.
	RunID = "assay.dev/run-id"
	// Inputs is an annotation: a digest of what the object was made of.
	Inputs = "assay.dev/inputs"
)

// ServicesUID is a variable of a Job, by which the namespace of its services is told from another of that name: what began beside one is
// never adopted beside another.
const ServicesUID = "ASSAY_SERVICES_NAMESPACE_UID"

// Own are the labels by which one Assay finds what it made as one component.
func Own(instance, component string) map[string]string {
	return map[string]string{ManagedBy: Manager, Instance: instance, Component: component}
}

// Labels are those of what is made for a Job.
func Labels(instance, component string, job runner.Job) map[string]string {
	labels := Own(instance, component)
	labels[Environment], labels[Suite], labels[Run] = LabelValue(job.Environment), LabelValue(job.Suite.Name()), Sum(job.ID)
	return labels
}

// Joined are both, where ours win.
func Joined(theirs, ours map[string]string) map[string]string {
	all := maps.Clone(theirs)
	if all == nil {
		return ours
	}
	maps.Copy(all, ours)
	return all
}

// Sum is a short name for a Run's ID, fit for labels and names.
func Sum(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:6])
}

// LabelValue is a text as a label may hold it.
func LabelValue(text string) string {
	allowed := func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' {
			return c
		}
		return '-'
	}
	text = strings.Map(allowed, text)
	return strings.Trim(text[:min(len(text), 63)], "-._")
}
