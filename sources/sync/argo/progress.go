package argo

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	syncs "github.com/assay-dev/assay/sources/sync"
)

// progress is what an Application's own fields say of where it is.
type progress struct {
	state
	outcome syncs.Outcome
	failure syncs.Failure
	reason  string // why it failed, or what it waits for
	pending bool   // it is on its way
	// newest, where Argo CD did not resolve the revisions, says that they are the newest of what the sources followed then.
	newest time.Time
	// failed is what an operation tried in vain before Argo CD found something else Synced.
	failed *progress
	// stale says why what is told may not be all; nothing is told but this where sources are empty.
	stale string
}

func untold(format string, args ...any) progress {
	return progress{stale: fmt.Sprintf(format, args...)}
}

func (s state) applied() progress { return progress{state: s, outcome: syncs.Applied} }

func (s state) failing(failure syncs.Failure, reason string) progress {
	return progress{state: s, outcome: syncs.Failed, failure: failure, reason: reason}
}

// waiting is on its way; it is a failure of this kind if it never arrives.
func (s state) waiting(failure syncs.Failure, reason string) progress {
	p := s.failing(failure, reason)
	p.pending = true
	return p
}

// progress decides by Argo CD's fields alone; the package's documentation says by which rules.
func (a *application) progress() progress {
	switch {
	case a.invalid != "":
		return untold("%s", a.invalid)
	case a.DeletionTimestamp != nil:
		return untold("it is being deleted")
	case a.asked:
		return a.planned.waiting(syncs.DeployFailed, "Argo CD is about to sync it")
	case a.last != nil && !a.last.over():
		return a.last.waiting(syncs.DeployFailed, a.last.under())
	case !a.settled && a.status != "":
		return untold("its definition has changed, and Argo CD has not compared it with the cluster since")
	case a.hydrator != nil && (a.current.Phase == "Hydrating" || a.current.Phase == "Failed"):
		return a.hydrating()
	}
	for _, c := range a.errors {
		switch {
		case c.Type == "ComparisonError" && a.status == "Unknown": // otherwise the rest of the status is not about it, or not yet
			return a.incomparable(c.Message)
		case c.Type == "ComparisonError", c.Type == "InvalidSpecError", c.Type == "UnknownError":
			return untold("Argo CD: %s", c.Message)
		}
	}
	if a.last != nil && a.seen.Before(a.last.ended) {
		return a.last.waiting(syncs.NotHealthy, "Argo CD has not looked at the cluster since the sync ended")
	}
	return a.live()
}

// under says how far an operation is.
func (t *attempt) under() string {
	how := "Argo CD is syncing it"
	if t.retries > 0 {
		how = fmt.Sprintf("Argo CD is syncing it for the %d. time", t.retries+1)
	}
	if t.message != "" {
		how += ": " + t.message
	}
	return how
}

// live decides which state is, or should be, live once Argo CD has compared.
func (a *application) live() progress {
	failed := a.last != nil && a.last.failed()
	switch {
	case a.status == "Synced" && failed && a.last.equal(a.compared):
		return a.last.outcome() // such as a hook that failed after all was applied
	case a.status == "Synced":
		p := a.healthy(a.compared)
		if failed {
			before := a.last.outcome()
			p.failed = &before
		}
		return p
	case a.status != "OutOfSync":
		return untold("Argo CD does not know whether it is synced")
	case failed && !a.last.partial:
		p := a.last.outcome()
		p.stale = a.outOfSync(a.last.state)
		return p
	case a.last != nil && !a.last.partial:
		p := a.healthy(a.last.state)
		p.stale = a.outOfSync(a.last.state)
		return p
	case len(a.good.sources) > 0:
		p := a.healthy(a.good)
		p.stale = "only some of its resources were synced since, or none in a dry run"
		return p
	case a.automated:
		return untold("it was never synced")
	}
	return untold("it was never synced, and automated sync is off")
}

// outcome is what a failed operation comes to.
func (t *attempt) outcome() progress {
	return t.failing(failureOf(t.message), cmp.Or(t.message, "the sync "+strings.ToLower(t.phase)))
}

// outOfSync says why what was synced last is not what should be live.
func (a *application) outOfSync(last state) string {
	switch {
	case last.equal(a.compared):
		return "it is OutOfSync though this was synced: something in the cluster was changed, or is to be pruned"
	case !a.automated:
		return fmt.Sprintf("it is OutOfSync at %s, and automated sync is off", a.compared.brief())
	}
	return fmt.Sprintf("it is OutOfSync at %s, and Argo CD has not begun to sync that", a.compared.brief())
}

// brief are the revisions for people.
func (s state) brief() string {
	short := make([]string, len(s.revisions))
	for i, r := range s.revisions {
		if short[i] = r; commitID.MatchString(r) {
			short[i] = r[:8]
		}
	}
	return strings.Join(short, ", ")
}

// healthy judges what was applied by the health of everything that it made.
func (a *application) healthy(s state) progress {
	switch a.health {
	case "Healthy":
		return s.applied()
	case "Degraded":
		return s.failing(syncs.NotHealthy, "Argo CD: its health is Degraded")
	case "Suspended":
		p := s.applied()
		if !a.here {
			p = untold("Argo CD: its health is Suspended, so it goes on when somebody says so")
		}
		return p
	}
	return s.waiting(syncs.NotHealthy, fmt.Sprintf("Argo CD: its health is %s", cmp.Or(a.health, "not known")))
}

// incomparable is what an Application is whose manifests Argo CD could not make: they do not build, or it could not get at them.
func (a *application) incomparable(message string) progress {
	s := state{sources: a.sources, revisions: a.compared.revisions}
	failure := failureOf(message)
	if failure == syncs.DeployFailed { // Argo CD does not say more, and what is live is as it was
		failure = syncs.Unreachable
	}
	p := s.failing(failure, "Argo CD: "+message)
	p.pending = failure == syncs.Unreachable
	for _, r := range s.revisions {
		if !commitID.MatchString(r) {
			p.newest = a.looked()
		}
	}
	return p
}

// ofAnother is the progress of an Application that Argo CD could not build at a commit that it does not name, where the newest one builds here:
// that was pushed after Argo CD had looked, or Argo CD builds otherwise. Nothing is said of the newest one before it looks again.
func (p progress) ofAnother() progress {
	p.pending, p.failure = true, syncs.Unreachable
	p.reason = "Argo CD has not said anything of the newest commit, which builds here; before, " + p.reason
	return p
}

// looked is when Argo CD had looked at Git for sure: it tells the time in whole seconds, and branches move faster.
func (a *application) looked() time.Time { return a.seen.Add(time.Second) }

// hydrating is what an Application is whose hydrator is at work, or has failed.
func (a *application) hydrating() progress {
	s := state{sources: a.sources, revisions: []string{""}}
	if a.current.Phase == "Hydrating" {
		return s.waiting(syncs.BuildFailed, "Argo CD is hydrating it")
	}
	p := s.failing(failureOf(a.current.Message), "Argo CD could not hydrate it: "+a.current.Message)
	if p.pending = p.failure == syncs.Unreachable; !p.pending {
		p.failure = syncs.BuildFailed
	}
	return p
}

var (
	commitID    = regexp.MustCompile(`^[0-9a-f]{40}$`)
	unreachable = regexp.MustCompile(`(?i)failed to list refs|unable to resolve|authentication required|authorization failed|permission denied|` +
		`connection refused|connection reset|no such host|i/o timeout|tls handshake|context deadline exceeded|deadlineexceeded|code = unavailable|` +
		`failed to get cluster|cluster cache|error synchronizing cache|the server is currently unable|etcdserver|dial tcp|` +
		`failed to (?:fetch|checkout|initialize repository)|repository not (?:found|accessible)`)
	unbuilt = regexp.MustCompile(`(?i)generate manifest|manifest generation error|kustomize build|helm template|unmarshal|app path does not exist`)
)

// failureOf tells by Argo CD's words what kind of failure they are about.
func failureOf(message string) syncs.Failure {
	switch {
	case unreachable.MatchString(message):
		return syncs.Unreachable
	case unbuilt.MatchString(message):
		return syncs.BuildFailed
	}
	return syncs.DeployFailed
}
