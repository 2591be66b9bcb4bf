// Package cluster is what runners in a cluster have in common: how what they make is labelled and named, so that it is found again after a
// restart, and how long the API server is waited for. In go Jobs and requests; out come labels and answers. It keeps no state and makes
// nothing itself.
package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"net"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"

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

// Patiently asks again while the API server is away or busy, as long as ctx lasts. The error is the last answer's.
func Patiently(ctx context.Context, ask func() error) error {
	backoff := wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: 10, Cap: 10 * time.Second}
	for {
		err := ask()
		if err == nil || !passing(err) {
			return err
		}
		pause := time.NewTimer(backoff.Step())
		select {
		case <-ctx.Done():
			pause.Stop()
			return errors.Join(err, ctx.Err())
		case <-pause.C:
		}
	}
}

// passing tells whether an error says more about the moment than about the request.
func passing(err error) bool {
	var network net.Error
	return apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) || apierrors.IsTooManyRequests(err) || apierrors.IsInternalError(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsUnexpectedServerError(err) ||
		utilnet.IsConnectionRefused(err) || utilnet.IsConnectionReset(err) || utilnet.IsProbableEOF(err) || errors.As(err, &network)
}
