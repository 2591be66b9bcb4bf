package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/util/workqueue"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/metrics"
	"github.com/assay-dev/assay/reconciler/runner"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// past is a history that was counted.
type past struct {
	tally history.Tally
	err   error
}

func (p *past) Tally(context.Context) (history.Tally, error) { return p.tally, p.err }

func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(text)
}

// eventful are metrics of which each counts something.
func eventful(t *testing.T) (*metrics.Metrics, *past) {
	t.Helper()
	key := history.Key{Environment: "staging", Gate: "shop"}
	p := &past{tally: history.Tally{
		Open: map[history.Key]int{key: 1}, Proposals: map[history.ProposalsOf]int{{Environment: "staging", State: history.ProposalOpen}: 2},
	}}
	m := metrics.New(metrics.Options{
		Version: "v1.2.3", Revision: "731f7ea", Clock: clocktesting.NewFakePassiveClock(noon), Log: slog.New(slog.DiscardHandler),
	})
	m.Ask(metrics.Present{
		Past: p, Underway: func() int { return 3 },
		Sources: func() []metrics.Source { return []metrics.Source{{Environment: "staging", Name: "flux", Synced: true}} },
	})
	incident := &history.Incident{Key: key, State: history.Ongoing, Broke: noon.Add(-2 * time.Minute)}
	recovered := &history.Incident{Key: key, State: history.Recovered, Recovery: 20 * time.Minute}
	for _, e := range []reconciler.Event{
		{Kind: reconciler.Decided, Action: "Verify"},
		{Kind: reconciler.TestsRefused},
		{Kind: reconciler.PassTaken, Took: 3 * time.Millisecond},
		{Kind: reconciler.PassTaken, Took: time.Second, Err: errors.New("history cannot be read")},
		{Kind: reconciler.RunFinished, Run: history.Run{Purpose: history.ToVerify, End: runner.Exited, Started: noon, Finished: noon.Add(4 * time.Second)}},
		{Kind: reconciler.RunFinished, Run: history.Run{Purpose: history.ToRerun, End: runner.NotStarted}},
		{Kind: reconciler.Verified, Verification: &history.Verification{Verdict: &gate.Verdict{Outcome: gate.Passed}}},
		{Kind: reconciler.Verified, Verification: &history.Verification{Verdict: &gate.Verdict{Outcome: gate.Failed}, Cause: &blame.Cause{Kind: blame.Config}}},
		{Kind: reconciler.IncidentChanged, Incident: incident},
		{Kind: reconciler.ProposalChanged, Incident: incident, Proposal: history.Proposal{State: history.ProposalOpen}},
		{Kind: reconciler.IncidentChanged, Incident: recovered},
	} {
		e.Key = key
		m.Heard(e)
	}
	m.Leader(true)
	m.Webhook("github", "accepted")
	m.KubernetesEvent("written")
	queue := workqueue.NewTypedRateLimitingQueueWithConfig(workqueue.DefaultTypedControllerRateLimiter[string](),
		workqueue.TypedRateLimitingQueueConfig[string]{Name: "gates", MetricsProvider: m.Queue()})
	defer queue.ShutDown()
	queue.Add("shop")
	item, _ := queue.Get()
	queue.Done(item)
	return m, p
}

func TestWhatHappenedIsCounted(t *testing.T) {
	m, _ := eventful(t)
	text := scrape(t, m)
	for _, line := range []string{
		`assay_build_info{go_version="`,
		`assay_history_reachable 1`,
		`assay_passes_total{environment="staging",result="done"} 1`,
		`assay_passes_total{environment="staging",result="failed"} 1`,
		`gotk_reconcile_duration_seconds_count{kind="Gate",name="shop",namespace="staging"} 2`,
		`gotk_reconcile_duration_seconds_sum{kind="Gate",name="shop",namespace="staging"} 1.003`,
		`assay_runs_total{end="Exited",environment="staging",purpose="Verify"} 1`,
		`assay_runs_total{end="NotStarted",environment="staging",purpose="Rerun"} 1`,
		`assay_run_duration_seconds_sum{environment="staging",purpose="Verify"} 4`,
		`assay_runs_under_way 3`,
		`assay_verifications_total{environment="staging",gate="shop",outcome="Failed"} 1`,
		`assay_verifications_total{environment="staging",gate="shop",outcome="Passed"} 1`,
		`assay_causes_total{environment="staging",kind="Config"} 1`,
		`assay_incidents_total{environment="staging",state="Open"} 1`,
		`assay_incidents_total{environment="staging",state="Recovered"} 1`,
		`assay_incidents_open{environment="staging",gate="shop"} 1`,
		`assay_proposals_total{environment="staging",state="Open"} 1`,
		`assay_proposals{environment="staging",state="Open"} 2`,
		`assay_time_to_proposal_seconds_sum{environment="staging"} 120`,
		`assay_time_to_recovery_seconds_sum{environment="staging"} 1200`,
		`assay_tests_refused_total{environment="staging"} 1`,
		`assay_source_synced{environment="staging",source="flux"} 1`,
		`assay_webhooks_total{answer="accepted",endpoint="github"} 1`,
		`assay_kubernetes_events_total{result="written"} 1`,
		`leader_election_master_status{name="assay"} 1`,
		`workqueue_adds_total{name="gates"} 1`,
		`workqueue_work_duration_seconds_count{name="gates"} 1`,
		`process_start_time_seconds`,
		`go_goroutines`,
	} {
		require.Contains(t, text, "\n"+line)
	}
}

func TestWhatCannotBeReadIsLeftOut(t *testing.T) {
	m, p := eventful(t)
	*p = past{err: errors.New("no route to host")}
	text := scrape(t, m)
	require.Contains(t, text, "\nassay_history_reachable 0")
	require.NotContains(t, text, "assay_incidents_open{")
	require.Contains(t, text, "\nassay_runs_under_way 3")
}

func TestNamesAreAsPrometheusHasThem(t *testing.T) {
	m, _ := eventful(t)
	problems, err := promlint.New(strings.NewReader(scrape(t, m))).Lint()
	require.NoError(t, err)
	for _, p := range problems {
		require.True(t, strings.HasPrefix(p.Metric, "go_") || strings.HasPrefix(p.Metric, "process_"), "%s: %s", p.Metric, p.Text)
	}
}

func TestAnyNumberOfGatesTakesABoundedNumberOfSeries(t *testing.T) {
	m, _ := eventful(t)
	for i := range 10_050 {
		m.Heard(reconciler.Event{Kind: reconciler.Verified, Key: history.Key{Environment: "dev", Gate: fmt.Sprint("gate-", i)},
			Verification: &history.Verification{Verdict: &gate.Verdict{Outcome: gate.Passed}}})
	}
	text := scrape(t, m)
	require.Contains(t, text, `assay_verifications_total{environment="dev",gate="(others)",outcome="Passed"} 51`)
	require.Equal(t, 10_000+2, strings.Count(text, "\nassay_verifications_total{"))
}

// table is what README.md says of every metric that is not Go's own.
func table(t *testing.T, text string) string {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(t, err)
	var rows []string
	for name, family := range families {
		if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
			continue
		}
		var labels []string
		for _, label := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, label.GetName())
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s | %s |", name, kind(family), strings.Join(labels, ", "), family.GetHelp()))
	}
	slices.Sort(rows)
	return "| metric | type | labels | meaning |\n|---|---|---|---|\n" + strings.Join(rows, "\n") + "\n"
}

func kind(family *dto.MetricFamily) string { return strings.ToLower(family.GetType().String()) }

func TestTheListIsComplete(t *testing.T) {
	m, _ := eventful(t)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.Contains(t, string(readme), table(t, scrape(t, m)), "put this table into README.md")
}
