package reconciler

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/publish"
	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/resource/condition"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

// Options are what a Loop is made of.
type Options struct {
	Environments []*Environment
	History      *history.Store
	Runner       runner.Runner
	Mirrors      *git.Mirrors
	Builder      *render.Builder
	Rollback     Rollback
	// DigestKey names the key that digests are made with, where Verdicts are noted: see notes.Fingerprint.
	DigestKey string
	// Clock, Log and Announce may be left out. Announce is called for every Event, in the goroutine of what happened: it must be quick.
	Clock    clock.WithTicker
	Log      *slog.Logger
	Announce func(Event)
	// Workers is how many Gates are reconciled at the same time. Default 16: they mostly wait for servers, and one that is slow must not hold
	// up the rest.
	Workers int
	// QueueMetrics, when given, measures the work queue, which is called "gates" there.
	QueueMetrics workqueue.MetricsProvider
	// Driver, when given, takes the place of Run: a simulation calls Begin, Pull and Pass itself.
	Driver Driver
}

// Loop reconciles the Gates of some Environments. Make one with New and run it once.
type Loop struct {
	environments map[string]*Environment
	history      *history.Store
	runner       runner.Runner
	mirrors      *git.Mirrors
	builder      *render.Builder
	loadOptions  tests.Options
	rollback     Rollback
	clock        clock.WithTicker
	log          *slog.Logger
	announce     func(Event)
	workers      int
	driver       Driver

	inForce   map[string]*inForce
	rosters   map[string][]*roster // of the Sources of each Environment
	nudges    map[string]nudges
	passes    *passes
	flights   *flights
	turns     *turns
	answers   *answers
	stumbles  *stumbles
	publisher *publish.Publisher
	queue     workqueue.TypedRateLimitingInterface[history.Key]
	running   context.Context // ends when the loop is told to stop; Runs live in it
	atWork    sync.WaitGroup  // the workers
	draining  atomic.Bool
	left      sync.Map // the Gates of which it was said that another Assay has them
}

// How long a pass that failed waits until it is taken again: it doubles, and a server that is back is found within a minute.
const (
	firstRetry   = 50 * time.Millisecond
	longestRetry = time.Minute
)

// New makes a Loop. It fails where there is nothing to reconcile.
func New(o Options) (*Loop, error) {
	if len(o.Environments) == 0 {
		return nil, errors.New("there is no environment to reconcile: set ASSAY_ENVIRONMENTS")
	}
	l := &Loop{
		environments: map[string]*Environment{}, history: o.History, runner: o.Runner, mirrors: o.Mirrors, builder: o.Builder,
		loadOptions: tests.Options{CheckExpr: gate.Check, CheckResource: condition.Check, Formats: report.Formats()},
		rollback:    o.Rollback, clock: o.Clock, log: o.Log, announce: o.Announce, workers: o.Workers, driver: o.Driver,
		inForce: map[string]*inForce{}, rosters: map[string][]*roster{}, nudges: map[string]nudges{}, passes: newPasses(), flights: newFlights(), turns: newTurns(), answers: newAnswers(), stumbles: newStumbles(),
	}
	if l.clock == nil {
		l.clock = clock.RealClock{}
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if l.announce == nil {
		l.announce = func(Event) {}
	}
	if l.workers == 0 {
		l.workers = 16
	}
	if l.rollback.Interval == 0 {
		l.rollback.Interval = 30 * time.Second
	}
	for _, env := range o.Environments {
		l.environments[env.Name] = env
		l.inForce[env.Name] = &inForce{loader: tests.NewLoader(l.builder, l.loadOptions)}
		l.nudges[env.Name] = newNudges()
		for _, source := range env.sources() {
			l.rosters[env.Name] = append(l.rosters[env.Name], newRoster(source, env.Watch))
		}
	}
	l.publisher = newPublisher(l, o.DigestKey)
	if l.driver == nil {
		l.driver = goroutines{l}
		l.queue = workqueue.NewTypedRateLimitingQueueWithConfig(
			workqueue.NewTypedItemExponentialFailureRateLimiter[history.Key](firstRetry, longestRetry),
			workqueue.TypedRateLimitingQueueConfig[history.Key]{Name: "gates", MetricsProvider: o.QueueMetrics, Clock: l.clock})
	}
	return l, nil
}

// newPublisher tells Verdicts in every config repository in which an Environment wants it, sorted.
func newPublisher(l *Loop, digestKey string) *publish.Publisher {
	var places []publish.Place
	for _, name := range slices.Sorted(maps.Keys(l.environments)) {
		env := l.environments[name]
		for _, repository := range slices.Sorted(maps.Keys(env.Writable)) {
			writable := env.Writable[repository]
			places = append(places, publish.Place{
				Environment: name, Repository: repository, URL: writable.URL, Provider: writable.Provider,
				Statuses: env.Statuses, StatusURL: env.StatusURL, Notes: env.Notes,
			})
		}
	}
	return publish.New(publish.Options{
		History: l.history, Mirrors: l.mirrors, Places: places, Author: git.Signature{Name: l.rollback.Name, Email: l.rollback.Email},
		Sign: l.rollback.Sign, DigestKey: digestKey, Clock: l.clock, Log: l.log,
	})
}

// Rollback is what the operator says about all Proposals.
type Rollback struct {
	// Stop, while true, has nothing proposed.
	Stop   bool
	Limits rollback.Limits
	// Name and Email of the author of revert commits; Sign signs them, when given.
	Name, Email string
	Sign        git.Signer
	// Interval between two looks at an open Proposal. Default 30s.
	Interval time.Duration
}
