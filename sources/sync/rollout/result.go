package rollout

import (
	"fmt"
	"slices"
	"strings"
)

// State is how far a rollout is.
type State string

// The states of a rollout.
const (
	// Done: the new version alone is serving.
	Done State = "Done"
	// Held: it is not finished, and only a person goes on with it: what is paused, or waits for approval. No deadline should run.
	Held State = "Held"
	// Waiting: it is not finished, and goes on by itself.
	Waiting State = "Waiting"
	// Failed: whoever runs the workload says that it does not become healthy.
	Failed State = "Failed"
	// RolledBack: Flagger or Argo Rollouts went back to the version before.
	RolledBack State = "RolledBack"
)

// order is from what matters least to what says most about several workloads taken together.
var order = []State{Done, Held, Waiting, Failed, RolledBack}

// Result is how far a rollout is, and why it is no further; Reason is empty when it is Done.
type Result struct {
	State  State
	Reason string
}

func waiting(format string, args ...any) Result { return Result{Waiting, fmt.Sprintf(format, args...)} }
func held(format string, args ...any) Result    { return Result{Held, fmt.Sprintf(format, args...)} }

// of says which workload the Result is of.
func (r Result) of(ref Ref) Result {
	if r.State != Done {
		r.Reason = ref.String() + ": " + r.Reason
	}
	return r
}

// because adds the reasons that pods give.
func (r Result) because(pods []string) Result {
	if r.State != Done && len(pods) > 0 {
		r.Reason += "; " + strings.Join(pods, "; ")
	}
	return r
}

// worse is whichever of two Results says more about both together.
func (r Result) worse(other Result) Result {
	if slices.Index(order, other.State) > slices.Index(order, r.State) {
		return other
	}
	return r
}
