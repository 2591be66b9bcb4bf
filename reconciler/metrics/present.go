package metrics

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// patience is how long a scrape waits for history.
const patience = 5 * time.Second

// present is what is there now, read at every scrape. Replicas that share a history tell the same.
type present struct {
	Present
	log *slog.Logger
}

var (
	reachable = prometheus.NewDesc("assay_history_reachable", "1 while the history can be read.", nil, nil)
	openDesc  = prometheus.NewDesc("assay_incidents_open", "Incidents that have not ended; every replica tells the same.", []string{"environment", "gate"}, nil)
	proposals = prometheus.NewDesc("assay_proposals", "Proposals in history, by state; every replica tells the same.", []string{"environment", "state"}, nil)
	underway  = prometheus.NewDesc("assay_runs_under_way", "Runs that this replica is at.", nil, nil)
	synced    = prometheus.NewDesc("assay_source_synced", "1 while this replica knows all that a source of Syncs has; absent in those that stand by.", []string{"environment", "source"}, nil)
)

// Describe implements prometheus.Collector.
func (p *present) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{reachable, openDesc, proposals, underway, synced} {
		to <- desc
	}
}

// Collect implements prometheus.Collector.
func (p *present) Collect(to chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value int, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value), labels...)
	}
	if p.Underway != nil {
		gauge(underway, p.Underway())
	}
	if p.Sources != nil {
		for _, s := range p.Sources() {
			gauge(synced, number(s.Synced), s.Environment, s.Name)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tally, err := p.Past.Tally(ctx)
	gauge(reachable, number(err == nil))
	if err != nil {
		p.log.Error("history cannot be counted", "error", err)
	}
	for key, n := range tally.Open {
		gauge(openDesc, n, key.Environment, key.Gate)
	}
	for of, n := range tally.Proposals {
		gauge(proposals, n, of.Environment, string(of.State))
	}
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}
