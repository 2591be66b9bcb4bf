package condition

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// What the controllers of well-known kinds write into their objects, and how each is understood. The statuses are in the
// form of the APIs' own types.
func TestWellKnownKinds(t *testing.T) {
	for _, test := range []struct {
		name, object string
		jobs         []string
		end          runner.End // empty: it goes on
		code         int
		message      string
		cases        string // name=status
		metrics      map[string]float64
	}{
		{name: "a PipelineRun that has no status yet", object: "{apiVersion: tekton.dev/v1, kind: PipelineRun}"},
		{name: "a PipelineRun under way", object: "{apiVersion: tekton.dev/v1, kind: PipelineRun, status: {conditions: [{type: Succeeded, status: Unknown, reason: Running}]}}"},
		{
			name: "a PipelineRun that succeeded",
			object: `{apiVersion: tekton.dev/v1, kind: PipelineRun, status: {conditions: [{type: Succeeded, status: 'True', reason: Completed, message: 'Tasks Completed: 2'}],
				results: [{name: p95, value: '0.25'}, {name: digest, value: 'sha256:1'}, {name: parts, value: ['1', '2']}]}}`,
			end: runner.Exited, message: "Completed: Tasks Completed: 2", metrics: map[string]float64{"p95": 0.25},
		},
		{
			name:   "a PipelineRun that failed",
			object: "{apiVersion: tekton.dev/v1, kind: PipelineRun, status: {conditions: [{type: Succeeded, status: 'False', reason: Failed, message: 1 failed}]}}",
			end:    runner.Exited, code: 1, message: "Failed: 1 failed",
		},
		{
			name:   "a PipelineRun whose pipeline is not there",
			object: "{apiVersion: tekton.dev/v1, kind: PipelineRun, status: {conditions: [{type: Succeeded, status: 'False', reason: CouldntGetPipeline}]}}",
			end:    runner.Killed, code: -1, message: "CouldntGetPipeline: ",
		},
		{
			name: "a TaskRun that failed",
			object: `{apiVersion: tekton.dev/v1, kind: TaskRun, status: {conditions: [{type: Succeeded, status: 'False', reason: Failed, message: step two}], steps: [
				{name: one, terminated: {exitCode: 0, startedAt: '2026-01-02T03:04:05Z', finishedAt: '2026-01-02T03:04:08Z'}},
				{name: two, terminated: {exitCode: 3, startedAt: '2026-01-02T03:04:08Z', finishedAt: '2026-01-02T03:04:09Z'}},
				{name: three, terminated: {exitCode: 1, reason: Skipped, startedAt: '2026-01-02T03:04:08Z', finishedAt: '2026-01-02T03:04:09Z'}}]}}`,
			end: runner.Exited, code: 1, message: "Failed: step two", cases: "one=passed two=failed three=skipped",
		},
		{
			name: "a Workflow whose retried step got through", object: `{apiVersion: argoproj.io/v1alpha1, kind: Workflow, status: {phase: Succeeded,
				outputs: {parameters: [{name: rps, value: '120'}, {name: note, value: well}]}, nodes: {
				a: {type: Steps, displayName: smoke, phase: Succeeded}, b: {type: Retry, name: 'smoke[0].pay', displayName: pay, phase: Succeeded},
				c: {type: Pod, name: 'smoke[0].pay(0)', displayName: pay(0), phase: Failed}, d: {type: Pod, name: 'smoke[0].pay(1)', displayName: pay(1), phase: Succeeded},
				e: {type: Pod, name: 'smoke[1].ship', displayName: ship, phase: Failed, message: allowed to}}}}`,
			end: runner.Exited, cases: "pay=passed ship=warned", metrics: map[string]float64{"rps": 120},
		},
		{
			name: "a Workflow that failed", object: `{apiVersion: argoproj.io/v1alpha1, kind: Workflow, status: {phase: Failed, message: child failed, nodes: {
				a: {type: Pod, name: a, displayName: pay, phase: Failed, message: exit code 1, startedAt: '2026-01-02T03:04:05Z', finishedAt: '2026-01-02T03:04:08Z'},
				b: {type: Pod, name: b, displayName: ship, phase: Error, finishedAt: null}, c: {type: Pod, name: c, displayName: mail, phase: Omitted}}}}`,
			end: runner.Exited, code: 1, message: "child failed", cases: "pay=failed ship=errored mail=skipped",
		},
		{name: "a Workflow in an error", object: "{apiVersion: argoproj.io/v1alpha1, kind: Workflow, status: {phase: Error, message: pod deleted}}", end: runner.Killed, code: -1, message: "pod deleted"},
		{
			name: "an AnalysisRun that failed", object: `{apiVersion: argoproj.io/v1alpha1, kind: AnalysisRun, status: {phase: Failed, message: success-rate, metricResults: [
				{name: success-rate, phase: Failed, measurements: [{value: '0.99'}, {value: '0.5'}]}, {name: latency, phase: Successful, measurements: [{phase: Error}]}]}}`,
			end: runner.Exited, code: 1, message: "success-rate", cases: "success-rate=failed latency=passed", metrics: map[string]float64{"success-rate": 0.5},
		},
		{name: "an AnalysisRun that cannot tell", object: "{apiVersion: argoproj.io/v1alpha1, kind: AnalysisRun, status: {phase: Inconclusive}}", end: runner.Killed, code: -1},
		{
			name: "a TestRun that is finished before its Jobs are seen", object: "{apiVersion: k6.io/v1alpha1, kind: TestRun, spec: {parallelism: 2}, status: {stage: finished}}",
			jobs: []string{"{metadata: {name: t-1, labels: {runner: 'true'}}, status: {succeeded: 1}}"},
		},
		{
			name: "a TestRun whose thresholds held", object: "{apiVersion: k6.io/v1alpha1, kind: TestRun, spec: {parallelism: 1}, status: {stage: finished}}",
			jobs: []string{"{metadata: {name: t-1, labels: {runner: 'true'}}, status: {succeeded: 1}}", "{metadata: {name: t-starter}, status: {failed: 1}}"},
			end:  runner.Exited, message: "stage finished", cases: "t-1=passed",
		},
		{
			name: "a TestRun whose thresholds did not hold", object: "{apiVersion: k6.io/v1alpha1, kind: TestRun, spec: {parallelism: 2}, status: {stage: finished}}",
			jobs: []string{"{metadata: {name: t-1, labels: {runner: 'true'}}, status: {succeeded: 1}}", "{metadata: {name: t-2, labels: {runner: 'true'}}, status: {failed: 1}}"},
			end:  runner.Exited, code: 1, message: "stage finished", cases: "t-1=passed t-2=failed",
		},
		{name: "a TestRun that could not start", object: "{apiVersion: k6.io/v1alpha1, kind: TestRun, spec: {}, status: {stage: error}}", end: runner.Killed, code: -1, message: "stage error"},
		{
			name: "a fault that is injected", object: `{apiVersion: chaos-mesh.org/v1alpha1, kind: NetworkChaos, spec: {duration: 30s}, status: {
				conditions: [{type: AllInjected, status: 'True'}, {type: AllRecovered, status: 'False'}], experiment: {desiredPhase: Run, containerRecords: [{id: shop/a, injectedCount: 1}]}}}`,
			cases: "shop/a=passed",
		},
		{
			name: "a fault that is over", object: `{apiVersion: chaos-mesh.org/v1alpha1, kind: NetworkChaos, spec: {duration: 30s}, status: {
				conditions: [{type: AllRecovered, status: 'True'}], experiment: {desiredPhase: Stop, containerRecords: [{id: shop/a, injectedCount: 1, phase: Not Injected}]}}}`,
			end: runner.Exited, message: "AllRecovered=True", cases: "shop/a=passed",
		},
		{
			name: "a fault that was never injected", object: `{apiVersion: chaos-mesh.org/v1alpha1, kind: NetworkChaos, spec: {duration: 30s}, status: {
				conditions: [{type: AllRecovered, status: 'True'}], experiment: {desiredPhase: Stop, containerRecords: [{id: shop/a, injectedCount: 0}]}}}`,
			cases: "shop/a=errored",
		},
		{
			name:   "a fault of a moment",
			object: "{apiVersion: chaos-mesh.org/v1alpha1, kind: PodChaos, spec: {action: pod-kill}, status: {conditions: [{type: AllInjected, status: 'True'}]}}",
			end:    runner.Exited, message: "AllInjected=True",
		},
		{
			name: "a ChaosEngine that passed", object: `{apiVersion: litmuschaos.io/v1alpha1, kind: ChaosEngine, status: {engineStatus: completed, experiments: [
				{name: pod-delete, status: Completed, verdict: Pass}]}}`,
			end: runner.Exited, message: "pod-delete: Completed, Pass", cases: "pod-delete=passed",
		},
		{
			name: "a ChaosEngine that failed", object: `{apiVersion: litmuschaos.io/v1alpha1, kind: ChaosEngine, status: {engineStatus: completed, experiments: [
				{name: pod-delete, status: Completed, verdict: Fail}, {name: net, status: Completed, verdict: Pass}]}}`,
			end: runner.Exited, code: 1, message: "pod-delete: Completed, Fail; net: Completed, Pass", cases: "pod-delete=failed net=passed",
		},
		{
			name: "a ChaosEngine without its experiment", object: `{apiVersion: litmuschaos.io/v1alpha1, kind: ChaosEngine, status: {engineStatus: completed, experiments: [
				{name: pod-delete, status: ChaosExperiment Not Found, verdict: N/A}]}}`,
			end: runner.Killed, code: -1, message: "pod-delete: ChaosExperiment Not Found, N/A", cases: "pod-delete=errored",
		},
		{
			name: "a TestWorkflowExecution that failed", object: `{apiVersion: testworkflows.testkube.io/v1, kind: TestWorkflowExecution, status: {latestExecution: {
				signature: [{ref: r1, name: build}, {ref: r2, category: Run k6}, {ref: r3}], result: {status: failed, initialization: {errorMessage: ''}, steps: {
				r1: {status: passed}, r2: {status: failed, errorMessage: exit code 99}, r3: {status: skipped}}}}}}`,
			end: runner.Exited, code: 1, cases: "build=passed Run k6=failed r3=skipped",
		},
		{name: "a TestWorkflowExecution that was aborted", object: "{apiVersion: testworkflows.testkube.io/v1, kind: TestWorkflowExecution, status: {latestExecution: {result: {status: aborted}}}}", end: runner.Killed, code: -1},
		{name: "a Job that is complete", object: "{apiVersion: batch/v1, kind: Job, status: {conditions: [{type: SuccessCriteriaMet, status: 'True'}, {type: Complete, status: 'True'}]}}", end: runner.Exited},
		{
			name: "a Job that failed", object: "{apiVersion: batch/v1, kind: Job, status: {conditions: [{type: Failed, status: 'True', reason: BackoffLimitExceeded, message: too often}]}}",
			end: runner.Exited, code: 1, message: "BackoffLimitExceeded: too often",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			object := parsed(t, test.object)
			conditions, wrong := Compile(&tests.Resource{}, object)
			require.Empty(t, wrong)
			jobs := []any{}
			for _, job := range test.jobs {
				jobs = append(jobs, parsed(t, job))
			}
			seen := Seen{Object: object, Jobs: jobs}
			got, err := conditions.Judge(seen)
			require.NoError(t, err)
			if test.end == "" {
				require.Nil(t, got)
			} else {
				require.Equal(t, &Verdict{test.end, test.code, test.message}, got)
			}
			if test.end == "" && test.cases == "" {
				return // results are asked for at the end
			}
			cases, metrics, err := conditions.Results(seen)
			require.NoError(t, err)
			names := []string{}
			for _, c := range cases {
				names = append(names, c.Name+"="+string(c.Status))
			}
			require.ElementsMatch(t, strings.Fields(strings.ReplaceAll(test.cases, "Run k6", "Run_k6")), strings.Fields(strings.ReplaceAll(strings.Join(names, " "), "Run k6", "Run_k6")))
			if test.metrics == nil {
				test.metrics = map[string]float64{}
			}
			require.Equal(t, test.metrics, metrics)
		})
	}
}

func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		resource tests.Resource
		object   string
		wrong    map[string]string
	}{
		"a well-known kind":                {object: "{apiVersion: tekton.dev/v1, kind: PipelineRun}"},
		"an unknown kind":                  {object: "{apiVersion: example.com/v1, kind: Probe}", wrong: map[string]string{"success": "a Probe of example.com/v1"}},
		"an unknown kind that is told of":  {object: "{apiVersion: example.com/v1, kind: Probe}", resource: tests.Resource{Success: "object.status.ok"}},
		"a Schedule, which never ends":     {object: "{apiVersion: chaos-mesh.org/v1alpha1, kind: Schedule}", wrong: map[string]string{"success": "a Schedule"}},
		"what is neither true nor false":   {object: "{}", resource: tests.Resource{Success: "'yes'"}, wrong: map[string]string{"success": "gives a string, and must give a bool"}},
		"an undeclared variable":           {object: "{}", resource: tests.Resource{Success: "objekt.ok"}, wrong: map[string]string{"success": "undeclared reference to 'objekt'"}},
		"cases that are no list":           {object: "{}", resource: tests.Resource{Success: "true", Cases: "{}"}, wrong: map[string]string{"cases": "must give a list(dyn)"}},
		"metrics that are no map":          {object: "{}", resource: tests.Resource{Success: "true", Metrics: "1"}, wrong: map[string]string{"metrics": "must give a map(dyn, dyn)"}},
		"an expression that does not stop": {object: "{}", resource: tests.Resource{Success: "object.a ==="}, wrong: map[string]string{"success": "Syntax error"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Check(&test.resource, parsed(t, test.object))
			require.Len(t, got, len(test.wrong))
			for field, want := range test.wrong {
				require.ErrorContains(t, got[field], want)
			}
		})
	}
}

func TestJudge(t *testing.T) {
	status := parsed(t, "{status: {phase: Done, failed: 1}}")
	for name, test := range map[string]struct {
		resource tests.Resource
		want     *Verdict
		wrong    string
	}{
		"both hold":                         {resource: tests.Resource{Success: "true", Failure: "true"}, want: &Verdict{runner.Exited, 1, ""}},
		"all hold":                          {resource: tests.Resource{Success: "true", Failure: "true", Inconclusive: "true", Message: "'why'"}, want: &Verdict{runner.Killed, -1, "why"}},
		"a field that is not there":         {resource: tests.Resource{Success: "object.status.ready"}, wrong: "no such key: ready"},
		"a failure that is not told of":     {resource: tests.Resource{Success: "object.status.phase == 'Done'", Failure: "object.status.errors > 0"}, want: &Verdict{End: runner.Exited}},
		"a failure that cannot be computed": {resource: tests.Resource{Success: "true", Failure: "object.status.phase > 0"}, wrong: "condition of failure"},
		"success that is no truth":          {resource: tests.Resource{Success: "object.status.phase"}, wrong: "neither true nor false but a string"},
		"too much to compute": {
			resource: tests.Resource{Success: "lists.range(100).all(a, lists.range(100).all(b, lists.range(100).all(c, a + b + c >= 0)))"},
			wrong:    "condition of success cannot be computed",
		},
		"a message that cannot be computed": {resource: tests.Resource{Success: "true", Message: "object.status.words"}, want: &Verdict{End: runner.Exited}},
	} {
		t.Run(name, func(t *testing.T) {
			conditions, wrong := Compile(&test.resource, nil)
			require.Empty(t, wrong)
			got, err := conditions.Judge(Seen{Object: status})
			require.Equal(t, test.want, got)
			if test.wrong != "" {
				require.ErrorContains(t, err, test.wrong)
			}
		})
	}
}

// parsed reads YAML as the API server's JSON is read.
func parsed(t *testing.T, text string) map[string]any {
	t.Helper()
	var object map[string]any
	data, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &object))
	return object
}
