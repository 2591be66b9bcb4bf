package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"
)

// Patience is how long a Run waits for the API server to take what it needs, before it gives way to others and is tried again.
const Patience = 2 * time.Minute

// Patiently asks again while the API server is away, busy or starting, as long as ctx lasts. The error is the last answer's, or ctx's, which
// says nothing about the request. Where a 403 is an answer like any other, ask takes it as one, and nobody waits.
func Patiently(ctx context.Context, ask func() error) error {
	backoff := wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: 10, Cap: 10 * time.Second}
	var denials Denials
	for {
		err := ask()
		if err == nil || denials.Meant(err) || !passing(err) {
			return err
		}
		pause := time.NewTimer(backoff.Step())
		select {
		case <-ctx.Done():
			pause.Stop()
			return fmt.Errorf("%w; the last answer was: %v", ctx.Err(), err)
		case <-pause.C:
		}
	}
}

// passing tells whether an error says more about the moment than about the request.
func passing(err error) bool {
	var network net.Error
	return apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) || apierrors.IsTooManyRequests(err) || apierrors.IsInternalError(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsUnexpectedServerError(err) || apierrors.IsForbidden(err) ||
		utilnet.IsConnectionRefused(err) || utilnet.IsConnectionReset(err) || utilnet.IsProbableEOF(err) || errors.As(err, &network)
}

// starting is how long an API server may take that has just started: until it has read the roles, it lets nobody in.
const starting = 15 * time.Second

// Denials are what one who asks again and again is answered with 403. The zero value is ready.
type Denials struct{ since time.Time }

// Meant tells of each answer whether it is a 403 that says something about the request: not so one of an API server that is starting.
func (d *Denials) Meant(err error) bool {
	switch {
	case !apierrors.IsForbidden(err):
		d.since = time.Time{}
		return false
	case d.since.IsZero():
		d.since = time.Now()
	}
	return time.Since(d.since) >= starting
}
