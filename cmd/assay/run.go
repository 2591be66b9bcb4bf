package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/assay-dev/assay/cmd/assay/internal/settings"
	"github.com/assay-dev/assay/cmd/assay/internal/wire"
	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/lead"
	"github.com/assay-dev/assay/reconciler/runner/process"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/connect"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/tests"
)

// pruneInterval is the time between two looks at what is older than is to be kept.
const pruneInterval = time.Hour

// runFlags are the flags that stand for a variable, and win over it.
var runFlags = map[string]struct{ variable, usage string }{
	"environments":            {"ENVIRONMENTS", "`names` of the environments, such as dev,staging"},
	"data-dir":                {"DATA_DIR", "`folder` for the data"},
	"max-parallel":            {"MAX_PARALLEL", "`number` of runs that may be under way at a time"},
	"log-level":               {"LOG_LEVEL", "`level`: debug, info, warn or error"},
	"log-encoding":            {"LOG_ENCODING", "`encoding`: text or json"},
	"addr":                    {"ADDR", "`address` that webhooks and run pods reach Assay at"},
	"metrics-addr":            {"METRICS_ADDR", "`address` of /metrics"},
	"health-addr":             {"HEALTH_ADDR", "`address` of /healthz and /readyz"},
	"concurrent":              {"CONCURRENT", "`number` of Gates that are looked at at the same time"},
	"watch-label-selector":    {"WATCH_LABEL_SELECTOR", "`labels` of the Targets that are looked at"},
	"no-cross-namespace-refs": {"NO_CROSS_NAMESPACE_REFS", "true or false (`bool`): whether Flux runs with the flag of this name"},
}

func newRun() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "run",
		GroupID: groupWatch,
		Short:   "Watch environments: verify what is synced, and propose reverts of what breaks them",
		Long: `Watch environments until told to stop (SIGTERM or SIGINT): pull the tests, verify what is
synced, and propose reverts of what breaks it. All of it is said by environment variables;
flags win over them. What is under way when it stops, or is killed, is taken up again at
the next start.

Exits with 2 when the settings cannot be used, and names every one that is wrong.

` + settings.Help(),
		Example: `  ASSAY_ENVIRONMENTS=staging \
  ASSAY_STAGING_TESTS_URL=https://git.example.com/shop/system-tests \
  ASSAY_STAGING_CONFIG_REPOSITORIES=https://git.example.com/shop/config \
  ASSAY_STAGING_CONFIG_PROVIDER=gitea \
  ASSAY_STAGING_CONFIG_CREDENTIALS=/etc/assay/config \
  assay run --data-dir /var/lib/assay`,
		Args: cobra.NoArgs,
	}
	for name, flag := range runFlags {
		cmd.Flags().String(name, "", flag.usage+" (also "+settings.Prefix+flag.variable+")")
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		said := map[string]string{}
		cmd.Flags().Visit(func(f *pflag.Flag) {
			if flag, there := runFlags[f.Name]; there {
				said[settings.Prefix+flag.variable] = f.Value.String()
			}
		})
		s, err := settings.Read(os.Environ(), said)
		if err != nil {
			return unusable(err)
		}
		return run(cmd.Context(), s, newLog(cmd.ErrOrStderr(), s.LogLevel, s.LogEncoding))
	}
	return cmd
}

// run watches until ctx ends.
func run(ctx context.Context, s *settings.Settings, log *slog.Logger) error {
	wired, err := wiring(ctx, s, log)
	if err != nil {
		return unusable(err)
	}
	front := newFront(s, log)
	wired.Announce, wired.QueueMetrics = front.metrics.Heard, front.metrics.Queue()
	if wired.Cluster != nil {
		wired.Cluster.CountEvent = front.metrics.KubernetesEvent
	}
	assay, err := wire.New(ctx, wired)
	if err != nil {
		return err
	}
	ctx, serving, err := front.serve(ctx, assay)
	if err != nil {
		return errors.Join(err, assay.Close())
	}
	level := slog.LevelInfo
	text, isolated := assay.Process.Isolation()
	if !isolated {
		level = slog.LevelWarn
	}
	log.Log(ctx, level, "how runs are isolated", "isolated", isolated, "detail", text)
	for _, env := range s.Environments {
		log.Info("watching", "environment", env.Name, "tests", git.Redact(env.TestsURL), "overlay", env.TestsOverlay, "mode", env.Mode)
	}
	err = asLeader(ctx, s, log, func(leading context.Context) error {
		front.metrics.Leader(true)
		defer front.metrics.Leader(false)
		return reconcile(ctx, leading, assay, s, log)
	})
	if errors.Is(err, lead.ErrLost) {
		return err // another may lead by now: there is no time to put things in order
	}
	err = errors.Join(err, serving.end())
	log.Info("stopped")
	return errors.Join(err, assay.Close())
}

func retention(s *settings.Settings) history.Retention {
	return history.Retention{MaxAge: time.Duration(s.RetentionAge), MaxVerifications: int(s.RetentionCount)}
}

// prune forgets what is not to be kept, now and every hour.
func prune(ctx context.Context, store *history.Store, keep history.Retention, log *slog.Logger) {
	tick := time.NewTicker(pruneInterval)
	defer tick.Stop()
	for {
		gone, err := store.Prune(ctx, keep, time.Now())
		switch {
		case ctx.Err() != nil:
		case err != nil:
			log.Error("old records could not be removed", "error", err)
		case gone != history.Pruned{}:
			log.Info("removed old records", "verifications", gone.Verifications, "runs", gone.Runs, "syncs", gone.Syncs, "decisions", gone.Decisions)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// wiring says in the words of the rooms what the operator said.
func wiring(ctx context.Context, s *settings.Settings, log *slog.Logger) (w wire.Settings, err error) {
	credentials, err := s.AllCredentials()
	if err != nil {
		return w, err
	}
	sign, err := s.Signer()
	if err != nil {
		return w, err
	}
	database, err := settings.ReadDatabase(s.Database)
	if err != nil {
		return w, err
	}
	parallel := int(s.MaxParallel)
	if parallel == 0 {
		parallel = runtime.NumCPU()
	}
	secrets := process.SecretDirs{}
	w = wire.Settings{
		DataDir: s.DataDir, Database: database, Auth: credentials.Git, MaxParallel: parallel, Log: log, Workers: int(s.Concurrent),
		Process: process.Options{
			Secrets: secrets, Path: s.RunPath, Show: s.RunShow, Isolation: process.Level(s.Isolation),
			Limits: process.Limits{Memory: int64(s.RunMemory)}, Hide: private(s),
		},
		Rollback: reconciler.Rollback{
			Stop: bool(s.Stop), Name: s.AuthorName, Email: s.AuthorEmail, Sign: sign, Interval: time.Duration(s.ProposalInterval),
			Limits: rollback.Limits{
				OpenProposals: int(s.MaxOpenProposals), PerDay: int(s.MaxPerDay), CulpritAge: time.Duration(s.MaxCulpritAge),
			},
		},
	}
	if s.WatchLabelSelector != "" {
		if w.Watch, err = labels.Parse(string(s.WatchLabelSelector)); err != nil {
			return w, err
		}
	}
	if w.Cluster, err = clusterWiring(ctx, s); err != nil {
		return w, err
	}
	for _, env := range s.Environments {
		if env.Secrets != "" {
			secrets[env.Name] = env.Secrets
		}
		keyring, err := env.Keyring(time.Now)
		if err != nil {
			return w, err
		}
		one := wire.Environment{
			Name: env.Name,
			Tests: reconciler.TestRepository{
				URL: env.TestsURL, Branch: env.TestsBranch, Overlay: env.TestsOverlay, Keyring: keyring, Interval: time.Duration(env.TestsInterval),
			},
			Mode:     tests.Mode(env.Mode),
			Protect:  tests.Protect{Paths: texts(env.ProtectPaths), Kinds: texts(env.ProtectKinds)},
			Statuses: bool(env.Statuses), StatusURL: string(env.StatusURL), Notes: bool(env.Notes),
		}
		if err := inCluster(s, env, w.Cluster, &one); err != nil {
			return w, err
		}
		for _, url := range env.ConfigRepositories {
			one.Repositories = append(one.Repositories, wire.Repository{
				URL: url, Reviewers: env.Reviewers, Labels: env.Labels,
				Provider: func(mirror *git.Mirror) (gitprovider.Provider, error) {
					return connect.New(string(env.ConfigProvider), url, credentials.Of(git.Normalize(url)), mirror)
				},
			})
		}
		w.Environments = append(w.Environments, one)
	}
	return w, nil
}

// private are the places of what no Run may read.
func private(s *settings.Settings) (paths []string) {
	all := []string{s.Database, s.Credentials, s.SigningKey, s.Passphrase, s.TLSKey, s.WebhookSecrets}
	for _, env := range s.Environments {
		all = append(all, env.TestsCredentials, env.ConfigCredentials)
	}
	for _, path := range all {
		if path != "" {
			paths = append(paths, path)
		}
	}
	return paths
}

func texts[T ~string](values []T) (out []string) {
	for _, v := range values {
		out = append(out, string(v))
	}
	return out
}
