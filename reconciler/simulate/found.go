package simulate

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync"
)

// newWorld lays out the world of a Scenario: its repositories, apps, Gates and environments, with nothing wrong. Everything that chance
// decides comes from the seed.
//
// What happens in it is never cut short by the end of ctx: whoever lets it happen stops between two events.
func newWorld(ctx context.Context, s *Scenario, seed uint64, wanted int, builder *render.Builder, trace io.Writer) *world {
	w := &world{
		ctx: context.WithoutCancel(ctx), spec: s.Spec, policy: s.policy(), wanted: wanted, trace: trace, chance: newChance(seed, s.Metadata.Name),
		luck: newChance(seed, s.Metadata.Name+" luck"), faults: newChance(seed, s.Metadata.Name+" faults"),
		schedule: &schedule{now: beginning}, builder: builder, facts: map[string]facts{}, servers: map[*repository]*server{},
		wrongCases: map[blame.CaseID]bool{}, images: map[string]string{}, looking: map[*repository]bool{},
	}
	w.routines = &routines{schedule: w.schedule}
	w.drive = newDrive(w)
	w.judge = newJudge(w)
	now := w.now
	for i := range w.spec.World.Repositories {
		r := newRepository(fmt.Sprintf("https://git.example/config-%d", i+1), now)
		w.configs = append(w.configs, r)
		w.servers[r] = newServer(r)
	}
	w.tests = newRepository("https://git.example/tests", now)
	w.foundApps()
	w.foundGates()
	w.foundEnvironments()
	w.layOutTests()
	w.judge.watch()
	return w
}

func (w *world) foundApps() {
	spec := w.spec.World
	begin := map[*repository]edit{}
	for i := range spec.Apps {
		a := &app{name: string(rune('a' + i)), repository: w.configs[i%len(w.configs)]}
		for n := range (spec.Settings + 1) / 2 {
			a.common = append(a.common, setting{a.repository, a.name, fmt.Sprintf("s%d", n+1), ""})
		}
		for _, e := range spec.Environments {
			for n := range spec.Settings / 2 {
				a.local = append(a.local, setting{a.repository, a.name, fmt.Sprintf("s%d", n+1), e})
			}
		}
		if begin[a.repository] == nil {
			begin[a.repository] = edit{}
		}
		a.layOut(begin[a.repository], spec.Environments, w.spec.Breakages.Shared+w.spec.Commits.Shared > 0, w.spec.Breakages.Image > 0)
		w.apps = append(w.apps, a)
	}
	for _, r := range w.configs {
		r.push(w.ctx, r.commit(w.ctx, "Ada", "Begin", begin[r]))
		w.schedule.now = w.schedule.now.Add(1) // no two repositories begin with the same commit
	}
}

func controlOf(a *app) string { return a.name + "-control" }

func (w *world) foundGates() {
	for i, a := range w.apps {
		g := &testGate{name: a.name, after: []*app{a}, suites: []*suite{w.newSuite(a.name, false)}}
		if w.chance.happens(w.spec.World.Exercise) && len(w.apps) > 1 {
			g.through = []*app{w.apps[(i+1+w.chance.IntN(len(w.apps)-1))%len(w.apps)]}
		}
		if w.chance.happens(w.spec.Tests.Control) {
			g.control = w.newSuite(controlOf(a), true)
		}
		w.gates = append(w.gates, g)
	}
	if w.spec.World.Overview {
		g := &testGate{name: "overview", after: w.apps}
		for _, a := range w.apps {
			g.suites = append(g.suites, w.suite(a.name))
		}
		w.gates = append(w.gates, g)
	}
}

func (w *world) newSuite(name string, control bool) *suite {
	s := &suite{name: name, control: control}
	for i := range w.chance.count(w.spec.Tests.Cases) {
		s.cases = append(s.cases, fmt.Sprintf("%s%d", name, i+1))
		rate := 0.0
		if w.chance.happens(w.spec.Tests.Flaky) {
			rate = pick(w.chance, w.spec.Tests.Rates)
		}
		s.rates = append(s.rates, rate)
	}
	w.suites = append(w.suites, s)
	return s
}

func (w *world) foundEnvironments() {
	for _, name := range w.spec.World.Environments {
		e := &environment{world: w, name: name, changed: make(chan struct{})}
		w.environments = append(w.environments, e)
		for _, a := range w.apps {
			id := sync.Target{Cluster: name, Kind: targetKind, Namespace: "flux-system", Name: a.name}
			t := &target{app: a, environment: e, id: id, state: sync.State{Target: id, Reason: "not synced yet"}}
			e.targets = append(e.targets, t)
			t.sync(a.repository.head())
		}
	}
}

// start begins an Assay in this world, with the history in a folder. What it runs ends with ctx.
func (w *world) start(ctx context.Context, dir string) error {
	past, err := history.OpenVolatile(w.ctx, dir)
	if err != nil {
		return err
	}
	w.history = past
	mirrors := git.NewMirrors(filepath.Join(os.DevNull, "never"), func(string) git.Auth { return git.Auth{} }, clock.RealClock{})
	mirrors.Serve(w.tests.url, w.tests.Memory)
	writable := map[string]reconciler.ConfigRepository{}
	for _, r := range w.configs {
		mirrors.Serve(r.url, r.Memory)
		writable[git.Normalize(r.url)] = reconciler.ConfigRepository{URL: r.url, Provider: w.servers[r]}
	}
	var environments []*reconciler.Environment
	for _, e := range w.environments {
		environments = append(environments, &reconciler.Environment{
			Name:  e.name,
			Tests: reconciler.TestRepository{URL: w.tests.url, Branch: mainBranch, Overlay: "overlays/" + e.name, Interval: pullInterval},
			Mode:  w.spec.Operator.Mode, Sources: []sync.Source{e}, Writable: writable,
		})
	}
	w.loop, err = reconciler.New(reconciler.Options{
		Environments: environments, History: past, Runner: testbed{w}, Mirrors: mirrors, Builder: w.builder,
		Rollback: reconciler.Rollback{
			Name: "Assay", Email: "assay@example.com", Interval: w.spec.Operator.LookEvery.Duration,
			Limits: rollback.Limits{OpenProposals: w.spec.Operator.OpenProposals, PerDay: w.spec.Operator.PerDay},
		},
		Clock: newClock(w.routines), Driver: w.drive, Announce: w.judge.heard,
	})
	if err != nil {
		return err
	}
	if err := w.loop.Begin(ctx); err != nil {
		return err
	}
	for _, e := range w.environments {
		w.pull(w.ctx, e.name)
	}
	return nil
}
