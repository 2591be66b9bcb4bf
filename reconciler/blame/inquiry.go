package blame

import (
	"fmt"
	"time"
)

// inquiry is one walk through the steps.
type inquiry struct {
	Case
	// found is what the steps so far have found, for people.
	found []string
	// notEnvironment is the Cause's.
	notEnvironment bool
	// instead is the Cause where Config is out and the failure is no flake.
	instead *Cause
}

func (i *inquiry) note(format string, args ...any) {
	i.found = append(i.found, fmt.Sprintf(format, args...))
}

// cause ends the inquiry.
func (i *inquiry) cause(kind Kind, format string, args ...any) *Decision {
	reason := fmt.Sprintf(format, args...)
	return &Decision{Cause: &Cause{Kind: kind, Reason: reason, Evidence: i.found}, Reason: reason}
}

// outageOf ends it with an outage, which uses up no evidence: once it is over, the Gate is judged as if it had not been.
func (i *inquiry) outageOf(format string, args ...any) *Decision {
	d := i.cause(Environment, format, args...)
	d.Cause.Outage = true
	return d
}

// rules out Config, for the reason that is the Cause if no later step finds a better one.
func (i *inquiry) without(kind Kind, format string, args ...any) *Decision {
	i.instead = i.cause(kind, format, args...).Cause
	return nil
}

// withoutConfig ends the inquiry where Config was ruled out, and what failed is no flake.
func (i *inquiry) withoutConfig() *Decision {
	if i.instead == nil {
		return nil
	}
	return i.cause(i.instead.Kind, "%s", i.instead.Reason)
}

func (i *inquiry) probe(p Probe, format string, args ...any) *Decision {
	return &Decision{Probe: p, Reason: fmt.Sprintf(format, args...)}
}

func (i *inquiry) await(until time.Time, format string, args ...any) *Decision {
	d := i.probe(Await, format, args...)
	d.Until = until
	return d
}

func (i *inquiry) inconclusive(format string, args ...any) *Decision {
	return &Decision{Inconclusive: true, Reason: fmt.Sprintf(format, args...)}
}

// mayRevert tells whether the inquiry can still end with Config.
func (i *inquiry) mayRevert() bool {
	return i.instead == nil && i.Passed != nil && i.sincePassed() <= i.Gate.Spec.BaselineMaxAge.Duration
}

func (i *inquiry) sincePassed() time.Duration { return i.Now.Sub(i.Passed.RanAt).Round(time.Second) }
