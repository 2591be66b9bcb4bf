package simulate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/render"
)

// survival is what is left of the history after a crash.
type survival string

const (
	withoutTheLast survival = "all but the last write" // which was under way
	withAll        survival = "all that was written"
	olderCopy      survival = "a copy from some writes before"
	nothing        survival = "nothing"
)

// crash kills the Assay of a world at one of its writes to the history, as kill -9 would: what it is about to do
// outside by then is not done.
type crash struct {
	at    int // the write, counted from 1; 0 is never
	every int // writes until the next crash; 0 is never
	left  survival

	world  *world
	writes int
	times  int
	kept   string // folder of the older copy
	copied bool
}

// olderBy is how many writes before the crash the copy was made, or a few less.
const olderBy = 10

// commit is asked before each write; anything but 0 has it fail.
func (c *crash) commit() int32 {
	switch {
	case c.world == nil: // the schema is being brought up to date
		return 0
	case c.world.dead:
		return 1
	}
	c.writes++
	if c.writes != c.at {
		return 0
	}
	c.world.dead = true
	c.times++
	if c.left == withoutTheLast {
		return 1
	}
	return 0
}

// crashes see the writes to the databases that they are of, by address.
type crashes struct{ by sync.Map }

func watchCrashes() *crashes {
	all := &crashes{}
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, dsn string) error {
		address, _, _ := strings.Cut(dsn, "?")
		if c, there := all.by.Load(address); there {
			conn.(sqlite.HookRegisterer).RegisterCommitHook(c.(*crash).commit)
		}
		return nil
	})
	return all
}

// An incident makes about a hundred writes. Where the history survives, Assay is killed again and again, apart writes apart. Where it does
// not, it is killed once, for one that always forgets comes to no end; that is tried at one write in sparse, another one in each incident.
const (
	apart  = 24
	sparse = 6
)

// TestACrashAtAnyRecordedStep lets Assay live through incidents, each of them as often as it takes to crash at every write to its history.
// Afterwards the world must be as it is without a crash, with no Proposal that is not there without one; an Assay that has forgotten what
// passed last may also say so, and leave it to people. ASSAY_SIMULATE_CRASHES is how many incidents, a few where it is not set.
func TestACrashAtAnyRecordedStep(t *testing.T) {
	incidents := 4
	if wanted, err := strconv.Atoi(os.Getenv("ASSAY_SIMULATE_CRASHES")); err == nil {
		incidents = wanted
	}
	all, builder := watchCrashes(), render.NewBuilder(builderKey)
	for n := range incidents {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			s := incident(n)
			whole := all.live(t, s, uint64(n), builder, &crash{})
			require.Positive(t, whole.writes, "the writes are seen")
			for at := 1; at <= apart; at++ { // and every so many writes again
				left := []survival{withoutTheLast, withAll}[(n+at)%2]
				all.check(t, s, n, builder, whole, &crash{at: at, every: apart, left: left})
			}
			for at := 1 + n%sparse; at <= whole.writes; at += sparse {
				left := []survival{olderCopy, nothing}[(n+at/sparse)%2]
				all.check(t, s, n, builder, whole, &crash{at: at, left: left})
			}
		})
	}
}

// check lets an incident happen with crashes, and holds what comes of it against what comes of it without.
func (all *crashes) check(t *testing.T, s *Scenario, n int, builder *render.Builder, whole afterwards, c *crash) {
	first := c.at
	after := all.live(t, s, uint64(n), builder, c)
	require.Positive(t, c.times)
	require.Empty(t, after.violations, "%s from write %d on of incident %d", c.left, first, n)
	require.Subset(t, whole.proposed, after.proposed, "%s from write %d on of incident %d", c.left, first, n)
	if c.left == withAll || c.left == withoutTheLast || after.refusals == 0 {
		require.Equal(t, whole.end, after.end, "%s from write %d on of incident %d", c.left, first, n)
	}
}

// incident is a world of few chances, in which one thing goes wrong.
func incident(n int) *Scenario {
	return scenario(func(spec *ScenarioSpec) {
		spec.Breakages.Commit = 0
		*[]*float64{
			&spec.Breakages.Commit, &spec.Breakages.Exercised, &spec.Breakages.Build, &spec.Breakages.Unhealthy, &spec.Breakages.Data, &spec.Breakages.Tests,
		}[n%6] = 1
		spec.Gate["rollback"] = map[string]any{"mode": []string{"propose", "merge", "commit"}[n/6%3], "otherTargets": true}
		spec.Gate["every"] = "48h"
		spec.Gate["reruns"] = map[string]any{"min": 1, "max": 2, "confidence": 0.9}
		spec.Operator.Mode = "commit"
		spec.World.Apps, spec.World.Settings, spec.World.Exercise = 2, 4, 1
		spec.Tests.Cases, spec.Tests.Control = Count{2, 2}, 1
		spec.Breakages.Batch = Count{1, 1}
		for _, r := range []*Range{&spec.Commits.Every, &spec.Tests.ChangeEvery} {
			*r = span(1000*time.Hour, 1000*time.Hour)
		}
		spec.Commits.Merges = 0
		spec.Tests.Takes, spec.Syncs.Rollout = span(time.Minute, time.Minute), span(time.Minute, time.Minute)
		spec.Breakages.Every = span(time.Hour, time.Hour)
		spec.People.AnswersAfter, spec.People.RepairsAfter = span(time.Hour, time.Hour), span(12*time.Hour, 12*time.Hour)
		if n%2 == 1 {
			spec.People.Merge, spec.People.Squash = 0, 1
		}
	})
}

// afterwards is what a world comes to.
type afterwards struct {
	writes     int
	violations []string
	refusals   int      // how often Assay said that it cannot tell
	proposed   []string // each Proposal's branch, and each revert on main
	end        []string // what every Target renders, and what became of every Proposal
}

func (all *crashes) live(t *testing.T, s *Scenario, seed uint64, builder *render.Builder, c *crash) (a afterwards) {
	dir := filepath.Join(t.TempDir(), "history")
	c.kept = filepath.Join(t.TempDir(), "kept")
	address := "file:" + filepath.Join(dir, "history.db")
	all.by.Store(address, c)
	defer all.by.Delete(address)
	require.NoError(t, guarded(func() error {
		ctx, cancel := context.WithCancel(t.Context())
		defer func() { cancel() }()
		w := newWorld(ctx, s, seed, 1, builder, nil)
		require.NoError(t, w.start(ctx, dir))
		c.world = w
		err := w.happen(t.Context(), func() error {
			if c.left == olderCopy && !c.copied && c.writes >= c.at-olderBy {
				keep(t, dir, c.kept)
				c.copied = true
			}
			if !w.dead {
				return nil
			}
			cancel()
			ctx, cancel = context.WithCancel(t.Context())
			return c.restart(t, ctx, dir)
		})
		cancel()
		a = afterwards{writes: c.writes, violations: w.judge.violations, refusals: w.refusals(), proposed: w.proposed(), end: w.end()}
		require.NoError(t, w.stop())
		return err
	}))
	return a
}

// restart begins another Assay with what is left of the history.
func (c *crash) restart(t *testing.T, ctx context.Context, dir string) error {
	w := c.world
	require.NoError(t, w.stop())
	switch c.left {
	case olderCopy:
		keep(t, c.kept, dir)
	case nothing:
		require.NoError(t, os.RemoveAll(dir))
	}
	w.drive.forget()
	c.copied = true
	if c.every > 0 {
		c.at = c.writes + c.every
	}
	w.dead, w.busy, c.world = false, w.schedule.now, nil
	defer func() { c.world = w }()
	return w.start(ctx, dir)
}

// keep copies a folder in place of another; one that is not there is none.
func keep(t *testing.T, from, to string) {
	require.NoError(t, os.RemoveAll(to))
	if _, err := os.Stat(from); err == nil {
		require.NoError(t, os.CopyFS(to, os.DirFS(from)))
	}
}

// proposed lists the branches that Assay proposed, and the commits that its own on main revert.
func (w *world) proposed() (all []string) {
	for _, r := range w.configs {
		for _, p := range w.servers[r].pulls {
			all = append(all, p.branch)
		}
		for at := r.head(); !at.IsZero(); at = r.commitAt(w.ctx, at).Parent() {
			if c := r.commitAt(w.ctx, at); c.Author.Name == "Assay" && len(c.Parents) == 1 {
				all = append(all, c.Subject())
			}
		}
	}
	return all
}

// refusals counts how often Assay said that it cannot tell who is to blame.
func (w *world) refusals() (n int) {
	for _, b := range w.breakages {
		for _, a := range b.told.answers {
			if a.of == string(blame.Unknown) {
				n++
			}
		}
	}
	return n
}

func (w *world) end() (all []string) {
	for _, e := range w.environments {
		for _, t := range e.targets {
			all = append(all, fmt.Sprint(t.id, " ", t.live.digest))
		}
	}
	for _, r := range w.configs {
		for _, p := range w.servers[r].pulls {
			all = append(all, fmt.Sprint(p.branch, " ", w.servers[r].look(p).State == gitprovider.Merged))
		}
	}
	slices.Sort(all)
	return all
}
