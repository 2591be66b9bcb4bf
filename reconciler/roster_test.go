package reconciler_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/git"
	syncs "github.com/assay-dev/assay/sources/sync"
)

// controllers are a Source that tells what moved.
type controllers struct {
	*syncs.Moves
	mu      sync.Mutex
	states  map[syncs.Target]syncs.State
	missing error
}

func newControllers(states ...syncs.State) *controllers {
	c := &controllers{Moves: syncs.NewMoves(), states: map[syncs.Target]syncs.State{}}
	for _, state := range states {
		c.states[state.Target] = state
	}
	return c
}

func (c *controllers) Targets(context.Context) ([]syncs.State, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Values(c.states)), c.missing
}

func (c *controllers) Missing() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.missing
}

func (c *controllers) These(targets []syncs.Target) (states []syncs.State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range targets {
		if state, known := c.states[t]; known {
			states = append(states, state)
		}
	}
	return states
}

// tell puts a state in place of what was told of the Target before.
func (c *controllers) tell(state syncs.State) {
	c.mu.Lock()
	c.states[state.Target] = state
	c.mu.Unlock()
	c.Note(state.Target)
}

func (c *controllers) drop(t syncs.Target) {
	c.mu.Lock()
	delete(c.states, t)
	c.mu.Unlock()
	c.Note(t)
}

func (c *controllers) miss(err error) {
	c.mu.Lock()
	c.missing = err
	c.mu.Unlock()
	c.NoteAll()
}

// counter counts the passes over each Gate.
type counter struct {
	mu    sync.Mutex
	taken map[string]int
}

func (p *counter) heard(e reconciler.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Kind == reconciler.PassTaken {
		p.taken[e.Key.Gate]++
	}
}

func (p *counter) over(gate string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken[gate]
}

func TestWhatMovesConcernsItsOwnGates(t *testing.T) {
	s := newShop(t)
	following := func(name, selector string) string {
		return "---\napiVersion: assay.dev/v1alpha1\nkind: Gate\nmetadata: {name: " + name + "}\nspec: {after: [" + selector + "], suites: [{name: smoke}]}\n"
	}
	s.tests.push("Follow Kustomizations", map[string]string{
		"staging/kustomization.yaml": "resources: [suite.yaml, gate.yaml]\n",
		"staging/gate.yaml":          following("bread", "{kind: Kustomization, name: bread}") + following("wine", "{kind: Kustomization, labels: {sells: wine}}"),
	})
	s.runner.judge = func(runner.Job) int { return 0 }
	commit := s.config.push("Sell at 7", price("7"))
	state := func(name, digest, sells string) syncs.State {
		target := syncs.Target{Kind: "Kustomization", Namespace: "apps", Name: name}
		return syncs.State{Target: target, Labels: map[string]string{"sells": sells}, Sync: &syncs.Sync{
			Target: target, Outcome: syncs.Applied, Digest: digest,
			Revisions: []syncs.Revision{{Repository: git.Normalize(s.config.bare), URL: s.config.bare, Branch: "main", Commit: commit, Path: "shop"}},
		}}
	}
	source, counted := newControllers(state("bread", "1", "bread"), state("red", "1", "wine")), &counter{taken: map[string]int{}}
	s.sources = []syncs.Source{source}
	s.adjust = func(o *reconciler.Options) { o.Announce = counted.heard }
	s.start()
	// digests waits until a Gate passed with these Targets, by their names.
	digests := func(gateName string, want map[string]string) {
		t.Helper()
		s.eventually("a pass of "+gateName, func() bool {
			past, err := s.past.Gate(t.Context(), history.Key{Environment: "staging", Gate: gateName})
			require.NoError(t, err)
			v := past.Final
			if v == nil || v.Verdict == nil || v.Verdict.Outcome != gate.Passed || len(v.Targets) != len(want) {
				return false
			}
			for _, target := range v.Targets {
				if want[target.Target.Name] != target.Digest {
					return false
				}
			}
			return true
		})
	}
	digests("bread", map[string]string{"bread": "1"})
	digests("wine", map[string]string{"red": "1"})

	before := counted.over("wine")
	source.tell(state("bread", "2", "bread"))
	digests("bread", map[string]string{"bread": "2"})
	source.tell(state("nobody's", "1", "beer"))
	source.tell(state("bread", "3", "bread"))
	digests("bread", map[string]string{"bread": "3"})
	require.InDelta(t, before, counted.over("wine"), 1, "what followed its own verdict may come late; nothing else comes")

	source.tell(state("white", "1", "wine"))
	digests("wine", map[string]string{"red": "1", "white": "1"})
	source.tell(state("bread", "3", "wine")) // what is named by two Gates concerns both
	digests("wine", map[string]string{"red": "1", "white": "1", "bread": "3"})
	source.drop(state("red", "", "").Target)
	digests("wine", map[string]string{"white": "1", "bread": "3"})
	source.tell(state("white", "2", "beer"))
	digests("wine", map[string]string{"bread": "3"})

	source.miss(errors.New("nobody may read them"))
	s.eventually("that it waits", func() bool { return s.decided("bread")[0].Reason == "nobody may read them" })
	source.miss(nil)
	s.eventually("that it goes on", func() bool { return s.decided("bread")[0].Reason != "nobody may read them" })
}
