package main

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"os"
	"time"

	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/cmd/assay/internal/settings"
	"github.com/assay-dev/assay/cmd/assay/internal/wire"
	"github.com/assay-dev/assay/reconciler/metrics"
	"github.com/assay-dev/assay/reconciler/server"
	"github.com/assay-dev/assay/reconciler/server/webhook"
)

// longestPass is how long a pass may take before Assay counts as stuck. A pass waits for Git servers, which may be slow, and a restart in
// the middle only begins it anew.
const longestPass = 30 * time.Minute

// front is what others see of a running Assay: metrics, health and webhooks.
type front struct {
	settings *settings.Settings
	metrics  *metrics.Metrics
	log      *slog.Logger
}

func newFront(s *settings.Settings, log *slog.Logger) *front {
	v := thisVersion()
	return &front{s, metrics.New(metrics.Options{Version: v.Version, Revision: v.Revision, Clock: clock.RealClock{}, Log: log}), log}
}

// serving is a server that runs.
type serving struct {
	stop  context.CancelFunc
	ended chan error
}

// end stops it, once the loop has ended: what runs until then may still be asked for.
func (s *serving) end() error {
	s.stop()
	return <-s.ended
}

// serve begins to listen. The context that it returns ends with ctx, and when nobody can be served any more.
func (f *front) serve(ctx context.Context, assay *wire.Assay) (context.Context, *serving, error) {
	f.metrics.Ask(metrics.Present{Past: assay.History, Underway: assay.Loop.Underway, Sources: assay.Sources})
	s, err := server.New(f.options(assay))
	if err != nil {
		return nil, nil, err
	}
	until, stop := context.WithCancel(context.WithoutCancel(ctx))
	ctx, cancel := context.WithCancel(ctx)
	running := &serving{stop: stop, ended: make(chan error, 1)}
	go func() {
		defer cancel()
		running.ended <- s.Run(until)
	}()
	return ctx, running, nil
}

func (f *front) options(assay *wire.Assay) server.Options {
	s, routes := f.settings, map[string]http.Handler{}
	if s.WebhookSecrets != "" {
		routes[webhook.Pattern] = webhook.New(webhook.Options{
			Secrets: s.WebhookSecrets, Look: assay.Loop, Clock: clock.RealClock{}, Log: f.log, Count: f.metrics.Webhook,
		})
	}
	if assay.Pods != nil {
		routes["/runs/"] = assay.Pods.Handler()
	}
	return server.Options{
		Addr:        address(s.Addr, server.DefaultAddr),
		MetricsAddr: address(s.MetricsAddr, server.DefaultMetricsAddr),
		HealthAddr:  address(s.HealthAddr, server.DefaultHealthAddr),
		CertFile:    s.TLSCert, KeyFile: s.TLSKey, Routes: routes, Metrics: f.metrics.Handler(), Log: f.log,
		Alive: []server.Check{{Name: "passes", Holds: func(context.Context) error { return assay.Loop.Alive(longestPass) }}},
		Ready: []server.Check{
			{Name: "history", Holds: func(ctx context.Context) error {
				_, err := assay.History.Tally(ctx)
				return err
			}},
			// It holds once all was listed: the Service must not lose its pod, and with it what runs deliver, while the API server is away.
			{Name: "cluster", Holds: func(context.Context) error { return assay.Listed() }},
		},
	}
}

// podName is a variable that manifests/ sets. A pod has all ports to itself; a pod of somebody else's, in which
// Assay is only tried out, may not.
const podName = "POD_NAME"

// address is where to listen: as was said, or in Assay's own pod as usual.
func address(said, usual string) string {
	if os.Getenv(podName) == "" {
		return said
	}
	return cmp.Or(said, usual)
}
