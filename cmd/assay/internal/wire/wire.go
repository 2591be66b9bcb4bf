// Package wire makes a loop out of its rooms: history, mirrors, builder, runners, the Targets of the cluster and the Sites of each
// Environment. In go the operator's settings, checked already; out comes an Assay that runs. It holds no rule of its own and reads neither
// flags nor environment variables.
package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/notes"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes"
	"github.com/assay-dev/assay/reconciler/runner/process"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// The folders of a data directory that hold the history and the mirrors.
const (
	HistoryDir = "history"
	mirrorsDir = "mirrors"
	// siteMirrorsDir holds those of Sites, beside a cluster.
	siteMirrorsDir = "site-mirrors"
)

// HistoryPlace is where the history is: in a database where one is given, else in the data directory.
func HistoryPlace(dataDir, database string) string {
	if database != "" {
		return database
	}
	return filepath.Join(dataDir, HistoryDir)
}

// Settings are what an Assay is made of.
type Settings struct {
	// DataDir is where Assay keeps what it must not lose: the history and the key of digests; and its mirrors and runs.
	DataDir string
	// Database is the URL of the PostgreSQL database that holds the history, and the key of digests with it; empty for SQLite in DataDir.
	Database     string
	Environments []Environment
	// Auth gives the credentials of a repository by its normalised URL; nil for none.
	Auth func(url string) git.Auth
	// Process is the runner's; its Dir and Hide are filled in.
	Process process.Options
	// Cluster, where there is one.
	Cluster *Cluster
	// MaxParallel is how many Runs there may be at a time; at least 1.
	MaxParallel int
	Rollback    reconciler.Rollback
	// Watch chooses the Targets of all Environments by their labels; nil for all.
	Watch labels.Selector
	// Log, Announce, Workers and QueueMetrics are the loop's, and may be left out.
	Log          *slog.Logger
	Announce     func(reconciler.Event)
	Workers      int
	QueueMetrics workqueue.MetricsProvider
}

// Environment is one overlay of a test repository, and what the operator allows there.
type Environment struct {
	Name    string
	Tests   reconciler.TestRepository
	Mode    tests.Mode
	Protect tests.Protect
	// Repositories are those that Assay may write to.
	Repositories []Repository
	// Targets are what may be seen of the Cluster's.
	Targets sync.Rule
	// InPods has commands run as pods of the Cluster, in RunNamespace, which is also where custom resources are created.
	InPods       bool
	RunNamespace string
	// Statuses has their verified commits get statuses, which link to StatusURL; Notes has Verdicts noted in them. See reconciler.Environment.
	Statuses  bool
	StatusURL string
	Notes     bool
}

// Repository is a config repository, and who its pull requests are opened with.
type Repository struct {
	URL      string
	Provider func(mirror *git.Mirror) (gitprovider.Provider, error)
	// Reviewers are asked to review its Proposals, by the server's names for them; Labels are put on them.
	Reviewers, Labels []string
}

// Assay is the loop with the rooms that it lives in.
type Assay struct {
	Loop    *reconciler.Loop
	History *history.Store
	Process *process.Runner
	// Pods is nil where no Suite runs as a pod.
	Pods *kubernetes.Runner

	cluster      *cluster
	environments []string
}

// New opens the rooms and puts the loop into them. Close it at the end.
func New(ctx context.Context, s Settings) (*Assay, error) {
	a := &Assay{}
	if err := a.open(ctx, s); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *Assay) open(ctx context.Context, s Settings) error {
	data, err := filepath.Abs(s.DataDir)
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if err := os.MkdirAll(data, 0o711); err != nil { // runs with a user id of their own must pass through it
		return fmt.Errorf("data directory: %w", err)
	}
	s.Process.Dir = filepath.Join(data, "runner")
	s.Process.Hide = append(s.Process.Hide, data)
	if a.Process, err = process.New(ctx, s.Process); err != nil {
		return err
	}
	if a.History, err = history.Open(ctx, HistoryPlace(data, s.Database)); err != nil {
		return err
	}
	key, err := s.digestKey(ctx, a.History)
	if err != nil {
		return err
	}
	mirrors := git.NewMirrors(filepath.Join(data, mirrorsDir), a.auth(s.Auth), clock.RealClock{})
	builder := render.NewBuilder(key)
	if s.Cluster != nil {
		if a.cluster, err = openCluster(ctx, s.Cluster, mirrors, builder, orDiscard(s.Log)); err != nil {
			return err
		}
	}
	runs, err := a.runners(s, data, key, builder)
	if err != nil {
		return err
	}
	siteMirrors := a.siteMirrors(s, data, mirrors)
	options := reconciler.Options{
		History: a.History, Runner: runner.Limit(runs, s.MaxParallel), Mirrors: mirrors, Builder: builder,
		Rollback: s.Rollback, DigestKey: notes.Fingerprint(key), Log: s.Log, Announce: a.announce(s.Announce),
		Workers: s.Workers, QueueMetrics: s.QueueMetrics,
	}
	for _, env := range s.Environments {
		a.environments = append(a.environments, env.Name)
		writable, err := providers(mirrors, env.Repositories)
		if err != nil {
			return fmt.Errorf("environment %s: %w", env.Name, err)
		}
		var sources []sync.Source
		if a.cluster != nil {
			sources = a.cluster.sources(env.Targets)
		}
		options.Environments = append(options.Environments, &reconciler.Environment{
			Name: env.Name, Tests: env.Tests, Watch: s.Watch, Mode: env.Mode, Protect: env.Protect, Writable: writable,
			Statuses: env.Statuses, StatusURL: env.StatusURL, Notes: env.Notes,
			Sources: sources, Sites: sync.NewSites(siteMirrors, builder, commands(a.Process, env.Name), clock.RealClock{}),
		})
	}
	a.Loop, err = reconciler.New(options)
	return err
}

// Watch watches the cluster until ctx ends; without one there is nothing to watch.
func (a *Assay) Watch(ctx context.Context) {
	if a.cluster != nil {
		a.cluster.run(ctx)
	}
}

// auth is what the operator says about a repository, and else what the cluster's engines read it with.
func (a *Assay) auth(said func(url string) git.Auth) func(url string) git.Auth {
	return func(url string) git.Auth {
		auth := given(said)(url)
		if a.cluster != nil && auth.Anonymous() {
			return a.cluster.auth(url)
		}
		return auth
	}
}

// siteMirrors are those that Sites are read with. Tests say where a Site's repository is, and whoever writes tests must not get to
// read with the credentials of the cluster's engines what is somebody else's: beside a cluster, Sites have mirrors of their own, with
// what the operator gave alone.
func (a *Assay) siteMirrors(s Settings, data string, mirrors *git.Mirrors) *git.Mirrors {
	if a.cluster == nil {
		return mirrors
	}
	return git.NewMirrors(filepath.Join(data, siteMirrorsDir), given(s.Auth), clock.RealClock{})
}

// given is what the operator says about a repository.
func given(said func(url string) git.Auth) func(url string) git.Auth {
	if said == nil {
		return func(string) git.Auth { return git.Auth{} }
	}
	return said
}

// announce tells the operator's listener, and the Targets themselves.
func (a *Assay) announce(listener func(reconciler.Event)) func(reconciler.Event) {
	if a.cluster == nil || a.cluster.events == nil {
		return listener
	}
	return func(e reconciler.Event) {
		a.cluster.events.Heard(e)
		if listener != nil {
			listener(e)
		}
	}
}

func providers(mirrors *git.Mirrors, repositories []Repository) (map[string]reconciler.ConfigRepository, error) {
	writable := make(map[string]reconciler.ConfigRepository, len(repositories))
	for _, repository := range repositories {
		mirror, err := mirrors.Mirror(repository.URL)
		if err != nil {
			return nil, err
		}
		provider, err := repository.Provider(mirror)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", mirror, err)
		}
		writable[git.Normalize(repository.URL)] = reconciler.ConfigRepository{
			URL: repository.URL, Provider: provider, Reviewers: repository.Reviewers, Labels: repository.Labels,
		}
	}
	return writable, nil
}

// Close gives up the rooms. The loop must have ended.
func (a *Assay) Close() error {
	var errs []error
	if a.History != nil {
		errs = append(errs, a.History.Close())
	}
	if a.Pods != nil {
		errs = append(errs, a.Pods.Close())
	}
	if a.Process != nil {
		errs = append(errs, a.Process.Close())
	}
	return errors.Join(errs...)
}
