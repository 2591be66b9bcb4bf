package reconciler

import (
	"slices"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// nudges have an Environment looked at before its interval is over. Several that come at once are one.
type nudges struct {
	tests chan struct{} // pulls the test repository
	gates chan struct{} // takes a pass over every Gate
}

func newNudges() nudges { return nudges{tests: make(chan struct{}, 1), gates: make(chan struct{}, 1)} }

func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Nudge says that something happened in a repository, however its address is spelled: tests in it are pulled at once, Sites that follow it
// are looked at, and Proposals in it are asked about. It only says "look", waits for nothing, and tells nobody
// whether the repository is known.
func (l *Loop) Nudge(repository string) {
	repository = git.Normalize(repository)
	l.mirrors.Moved(repository)
	for name, env := range l.environments {
		if git.Normalize(env.Tests.URL) == repository {
			nudge(l.nudges[name].tests)
		}
		l.nudgeSites(env, repository)
		if _, writable := env.Writable[repository]; writable {
			l.answers.forgetAll()
			nudge(l.nudges[name].gates)
		}
	}
}

// nudgeSites has those Sites looked at that follow a repository. Targets of a cluster tell by themselves.
func (l *Loop) nudgeSites(env *Environment, repository string) {
	current := l.inForce[env.Name].get()
	if env.Sites == nil || current == nil {
		return
	}
	env.Sites.Moved(repository)
	for _, site := range current.Sites {
		if git.Normalize(site.Spec.Repository.URL) == repository {
			env.Sites.Look(sync.Target{Kind: sync.KindSite, Name: site.Name()})
		}
	}
}

// NudgeTarget says that something happened to a Target: a Site is looked at, and every Gate that may name it takes a pass.
func (l *Loop) NudgeTarget(t sync.Target) {
	for name, env := range l.environments {
		if env.Sites != nil {
			env.Sites.Look(t)
		}
		current := l.inForce[name].get()
		if current == nil {
			continue // every Gate takes a pass once there are some
		}
		for _, g := range current.Gates {
			if mayName(g.Spec.After, t) || mayName(g.Spec.Exercises, t) {
				l.driver.Again(history.Key{Environment: name, Gate: g.Name()})
			}
		}
	}
}

// mayName tells whether selectors select a Target of which nothing is known but what it is called, maybe not even its cluster.
func mayName(selectors []tests.TargetSelector, t sync.Target) bool {
	return slices.ContainsFunc(selectors, func(s tests.TargetSelector) bool {
		if s.Labels = nil; t.Cluster == "" {
			s.Cluster = ""
		}
		return s.Matches(t.Cluster, t.Kind, t.Namespace, t.Name, nil)
	})
}
