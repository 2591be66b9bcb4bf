package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler/history"
)

// Past is the history, as far as it is counted.
type Past interface {
	Tally(ctx context.Context) (history.Tally, error)
}

// Source is where Syncs come from, and whether all that it has is known.
type Source struct {
	Environment string
	// Name is a short word for it, such as flux or argo.
	Name   string
	Synced bool
}

// Options say whose metrics they are.
type Options struct {
	// Version and Revision are those of this binary.
	Version, Revision string
	Clock             clock.PassiveClock
	Log               *slog.Logger
}

// Present is what is asked at every scrape.
type Present struct {
	Past Past
	// Underway tells how many Runs are under way, Sources what is watched. Both may be left out.
	Underway func() int
	Sources  func() []Source
}

// Metrics are those of one process. They are safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	log      *slog.Logger
	clock    clock.PassiveClock
	gates    *gates
	loop     *loopMetrics
	queue    *queueMetrics
	leader   prometheus.Gauge
	webhooks *prometheus.CounterVec
	events   *prometheus.CounterVec
}

// New makes the metrics of a process, all at zero.
func New(o Options) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(), log: o.Log, clock: o.Clock, gates: newGates(), loop: newLoopMetrics(), queue: newQueueMetrics(),
		leader: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "leader_election_master_status", Help: "1 in the replica that reconciles, 0 in those that stand by.",
			ConstLabels: prometheus.Labels{"name": "assay"},
		}),
		webhooks: counter("assay_webhooks_total", "Requests to the webhook endpoints, by what was answered.", "endpoint", "answer"),
		events:   counter("assay_kubernetes_events_total", "Kubernetes Events about Targets, by what became of them.", "result"),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "assay_build_info", Help: "Always 1; the labels say which Assay this is.",
		ConstLabels: prometheus.Labels{"version": o.Version, "revision": o.Revision, "go_version": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		build, m.leader, m.webhooks, m.events,
	)
	m.registry.MustRegister(m.loop.all()...)
	m.registry.MustRegister(m.queue.all()...)
	return m
}

// Ask has what is there now told, too. It is called once.
func (m *Metrics) Ask(p Present) { m.registry.MustRegister(&present{Present: p, log: m.log}) }

// Handler answers scrapes. What cannot be read is left out, and the rest is told all the same.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, ErrorLog: slog.NewLogLogger(m.log.Handler(), slog.LevelError),
		MaxRequestsInFlight: 4, Timeout: 30 * time.Second,
	})
}

// Queue measures work queues, as reconciler.Options takes it.
func (m *Metrics) Queue() workqueue.MetricsProvider { return m.queue }

// Leader says whether this replica is the one that reconciles.
func (m *Metrics) Leader(is bool) {
	m.leader.Set(0)
	if is {
		m.leader.Set(1)
	}
}

// Webhook counts a request to an endpoint, by a word for the answer.
func (m *Metrics) Webhook(endpoint, answer string) {
	m.webhooks.WithLabelValues(endpoint, answer).Inc()
}

// KubernetesEvent counts an Event about a Target, by a word for what became of it.
func (m *Metrics) KubernetesEvent(result string) { m.events.WithLabelValues(result).Inc() }

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}
