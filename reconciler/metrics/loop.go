package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/history"
)

// loopMetrics count what the loop tells.
type loopMetrics struct {
	passTook      *prometheus.HistogramVec
	passes        *prometheus.CounterVec
	verifications *prometheus.CounterVec
	causes        *prometheus.CounterVec
	runs          *prometheus.CounterVec
	runTook       *prometheus.HistogramVec
	incidents     *prometheus.CounterVec
	proposals     *prometheus.CounterVec
	toProposal    *prometheus.HistogramVec
	toRecovery    *prometheus.HistogramVec
	testsRefused  *prometheus.CounterVec
}

// The buckets, in seconds. Those of passes are Flux's.
var (
	passBuckets  = prometheus.ExponentialBuckets(10e-9, 10, 10)
	runBuckets   = []float64{0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600}
	humanBuckets = prometheus.ExponentialBuckets(15, 2, 14) // 15 seconds to 34 hours
)

func newLoopMetrics() *loopMetrics {
	return &loopMetrics{
		passTook: histogram("gotk_reconcile_duration_seconds",
			"The duration in seconds of a pass over a Gate; the namespace is its Environment.", passBuckets, "kind", "name", "namespace"),
		passes:        counter("assay_passes_total", "Passes over Gates, by whether they failed and will be taken again.", "environment", "result"),
		verifications: counter("assay_verifications_total", "Verifications that have their final Verdict.", "environment", "gate", "outcome"),
		causes:        counter("assay_causes_total", "Causes that were found for Failed Verdicts.", "environment", "kind"),
		runs:          counter("assay_runs_total", "Runs that ended, by what for and how.", "environment", "purpose", "end"),
		runTook:       histogram("assay_run_duration_seconds", "The duration in seconds of a Run.", runBuckets, "environment", "purpose"),
		incidents:     counter("assay_incidents_total", "Incidents that came into a state: Open, Recovered, Dismissed or Unresolved.", "environment", "state"),
		proposals:     counter("assay_proposals_total", "Proposals that came into a state.", "environment", "state"),
		toProposal: histogram("assay_time_to_proposal_seconds",
			"The time in seconds from the start of the Verification that failed first to the open Proposal.", humanBuckets, "environment"),
		toRecovery: histogram("assay_time_to_recovery_seconds",
			"The time in seconds from the start of the Verification that failed first until the Gate had passed again.", humanBuckets, "environment"),
		testsRefused: counter("assay_tests_refused_total", "Looks at a test repository after which the last good revision stays in force.", "environment"),
	}
}

func (l *loopMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{
		l.passTook, l.passes, l.verifications, l.causes, l.runs, l.runTook, l.incidents, l.proposals, l.toProposal, l.toRecovery, l.testsRefused,
	}
}

// Heard counts an Event of the loop.
func (m *Metrics) Heard(e reconciler.Event) {
	l, environment := m.loop, e.Key.Environment
	switch e.Kind {
	case reconciler.PassTaken:
		result := "done"
		if e.Err != nil {
			result = "failed"
		}
		l.passes.WithLabelValues(environment, result).Inc()
		l.passTook.WithLabelValues("Gate", m.gates.label(e.Key), environment).Observe(e.Took.Seconds())
	case reconciler.RunFinished:
		l.runs.WithLabelValues(environment, string(e.Run.Purpose), string(e.Run.End)).Inc()
		if !e.Run.Started.IsZero() {
			l.runTook.WithLabelValues(environment, string(e.Run.Purpose)).Observe(e.Run.Finished.Sub(e.Run.Started).Seconds())
		}
	case reconciler.Verified:
		l.verifications.WithLabelValues(environment, m.gates.label(e.Key), string(e.Verification.Verdict.Outcome)).Inc()
		if e.Verification.Cause != nil {
			l.causes.WithLabelValues(environment, string(e.Verification.Cause.Kind)).Inc()
		}
	case reconciler.IncidentChanged:
		l.incidents.WithLabelValues(environment, string(e.Incident.State)).Inc()
		if e.Incident.Recovery > 0 {
			l.toRecovery.WithLabelValues(environment).Observe(e.Incident.Recovery.Seconds())
		}
	case reconciler.ProposalChanged:
		l.proposals.WithLabelValues(environment, string(e.Proposal.State)).Inc()
		if e.Proposal.State == history.ProposalOpen && !e.Incident.Broke.IsZero() {
			l.toProposal.WithLabelValues(environment).Observe(m.clock.Since(e.Incident.Broke).Seconds())
		}
	case reconciler.TestsRefused:
		l.testsRefused.WithLabelValues(environment).Inc()
	}
}
