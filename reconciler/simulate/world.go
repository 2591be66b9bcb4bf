package simulate

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

// world is one Scenario as it happens, from one seed.
type world struct {
	ctx  context.Context
	spec ScenarioSpec
	// policy is what the Scenario says of every Gate, with defaults.
	policy tests.GateSpec
	// wanted is how many breakages are to come to be.
	wanted int
	trace  io.Writer
	chance chance
	// luck of the Runs, and faults, are chances of their own: one Run more moves nothing else.
	luck, faults chance

	schedule *schedule
	routines *routines
	drive    *drive
	loop     *reconciler.Loop
	history  *history.Store
	builder  *render.Builder
	facts    map[string]facts

	configs      []*repository
	servers      map[*repository]*server
	tests        *repository
	apps         []*app
	gates        []*testGate
	suites       []*suite
	environments []*environment

	breakages  []*breakage
	wrongCases map[blame.CaseID]bool // as the code of the tests is on main
	images     map[string]string     // that the robot wants, by app
	looking    map[*repository]bool  // the engines' next look is planned
	pulling    bool                  // Assay's next look at the tests is planned
	values     int                   // that were used so far
	resting    time.Time             // until then nobody pushes anything
	held       time.Time             // until then a person holds all Proposals
	busy       time.Time             // when there was something wrong last
	dead       bool                  // Assay was killed, and reaches nothing any more
	over       bool                  // there were enough breakages; the rest is waiting for the end

	judge  *judge
	passes int
}

// beginning is when every world begins.
var beginning = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC) // a Monday

func (w *world) now() time.Time { return w.schedule.now }

// log tells the story to whoever wants to read it.
func (w *world) log(format string, args ...any) {
	if w.trace != nil {
		fmt.Fprintf(w.trace, "%s  %s\n", w.schedule.now.Format("Jan 02 15:04:05"), fmt.Sprintf(format, args...))
	}
}

func (w *world) suite(name string) *suite {
	s := w.suiteNamed(name)
	if s == nil {
		must(fmt.Errorf("there is no suite %s", name))
	}
	return s
}

func (w *world) suiteNamed(name string) *suite {
	for _, s := range w.suites {
		if s.name == name {
			return s
		}
	}
	return nil
}

func (w *world) environment(name string) *environment {
	for _, e := range w.environments {
		if e.name == name {
			return e
		}
	}
	must(fmt.Errorf("there is no environment %s", name))
	return nil
}

func (w *world) app(name string) *app {
	for _, a := range w.apps {
		if a.name == name {
			return a
		}
	}
	must(fmt.Errorf("there is no app %s", name))
	return nil
}

func (w *world) gate(name string) *testGate {
	for _, g := range w.gates {
		if g.name == name {
			return g
		}
	}
	must(fmt.Errorf("there is no gate %s", name))
	return nil
}

// repositoryAt is the config repository of an address, as Assay spells it.
func (w *world) repositoryAt(normalized string) *repository {
	for _, r := range w.configs {
		if git.Normalize(r.url) == normalized {
			return r
		}
	}
	must(fmt.Errorf("there is no repository %s", normalized))
	return nil
}

// anyRepository is the repository of an address, also that of the tests.
func (w *world) anyRepositories() []*repository {
	return append(w.configs[:len(w.configs):len(w.configs)], w.tests)
}
