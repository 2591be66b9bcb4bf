package condition

import (
	"maps"
	"slices"
	"strings"

	"github.com/assay-dev/assay/sources/tests"
)

// kind is what is known of kinds of resources: when they have ended, and what they say about it. Written from the
// APIs' documentation and types.
type kind struct {
	group string
	// kinds of the group; all when empty.
	kinds []string
	tests.Resource
}

// numeric are the texts that metrics are made of.
const numeric = `'^-?[0-9]+([.][0-9]+)?$'`

var (
	kinds = []kind{
		{"tekton.dev", []string{"TaskRun"}, taskRun()},
		{"tekton.dev", []string{"PipelineRun"}, tekton},
		{"argoproj.io", []string{"Workflow"}, argoWorkflow},
		{"argoproj.io", []string{"AnalysisRun"}, analysisRun},
		{"k6.io", []string{"TestRun", "K6"}, k6},
		{"litmuschaos.io", []string{"ChaosEngine"}, chaosEngine},
		{"testworkflows.testkube.io", []string{"TestWorkflowExecution"}, testkube},
		{"batch", []string{"Job"}, job},
		{"chaos-mesh.org", nil, chaosMesh},
	}

	// tekton takes for a failure only what a step's exit code or a timeout decided. Whatever else kept a run from succeeding (cancelled, an
	// image that cannot be pulled, a task that is not there) is no evidence.
	tekton = tests.Resource{
		Success: `object.?status.?conditions.orValue([]).exists(c, c.type == 'Succeeded' && c.status == 'True')`,
		Failure: `object.?status.?conditions.orValue([]).exists(c, c.type == 'Succeeded' && c.status == 'False' &&
			c.?reason.orValue('') in ['Failed', 'PipelineRunTimeout', 'TaskRunTimeout'])`,
		Inconclusive: `object.?status.?conditions.orValue([]).exists(c, c.type == 'Succeeded' && c.status == 'False' &&
			!(c.?reason.orValue('') in ['Failed', 'PipelineRunTimeout', 'TaskRunTimeout']))`,
		Message: `object.?status.?conditions.orValue([]).filter(c, c.type == 'Succeeded').map(c, c.?reason.orValue('') + ': ' + c.?message.orValue('')).join('; ')`,
		Metrics: `object.?status.?results.orValue([]).transformMapEntry(i, r, type(r.value) == string && string(r.value).matches(` + numeric + `),
			{r.name: double(r.value)})`,
	}
	tektonSteps = `object.?status.?steps.orValue([]).filter(s, has(s.terminated)).map(s, {
		'name': s.name,
		'status': s.terminated.exitCode == 0 ? 'passed' : s.terminated.?reason.orValue('') == 'Skipped' ? 'skipped' :
			object.status.conditions.exists(c, c.type == 'Succeeded' && c.status == 'True') ? 'warned' : 'failed',
		'message': s.terminated.exitCode == 0 ? '' : 'exit code ' + string(s.terminated.exitCode),
		'seconds': s.terminated.?finishedAt.optMap(f, (timestamp(f) - timestamp(s.terminated.startedAt)).getSeconds()).orValue(0)})`

	// argoWorkflow has a case for each pod, where retries of one are one. Error is how Argo tells infrastructure from a failure.
	argoWorkflow = tests.Resource{
		Success:      `object.?status.?phase.orValue('') == 'Succeeded'`,
		Failure:      `object.?status.?phase.orValue('') == 'Failed'`,
		Inconclusive: `object.?status.?phase.orValue('') == 'Error'`,
		Message:      `object.?status.?message.orValue('')`,
		Cases: `object.?status.?nodes.orValue({}).transformList(id, n, n.type == 'Retry' || n.type == 'Pod' && !n.name.matches('[(][0-9]+[)]$'), {
			'name': n.displayName,
			'status': n.phase == 'Succeeded' ? 'passed' : n.phase in ['Skipped', 'Omitted'] ? 'skipped' :
				object.status.phase == 'Succeeded' ? 'warned' : n.phase == 'Failed' ? 'failed' : 'errored',
			'message': n.?message.orValue(''),
			'seconds': n.?finishedAt.orValue(null) == null ? 0 : (timestamp(n.finishedAt) - timestamp(n.startedAt)).getSeconds()})`,
		Metrics: `object.?status.?outputs.?parameters.orValue([]).transformMapEntry(i, p, p.?value.orValue('').matches(` + numeric + `),
			{p.name: double(p.value)})`,
	}

	analysisRun = tests.Resource{
		Success:      `object.?status.?phase.orValue('') == 'Successful'`,
		Failure:      `object.?status.?phase.orValue('') == 'Failed'`,
		Inconclusive: `object.?status.?phase.orValue('') in ['Error', 'Inconclusive']`,
		Message:      `object.?status.?message.orValue('')`,
		Cases: `object.?status.?metricResults.orValue([]).map(m, {
			'name': m.name,
			'status': m.phase == 'Successful' ? 'passed' : m.phase == 'Failed' ? 'failed' : object.status.phase == 'Successful' ? 'warned' : 'errored',
			'message': m.?message.orValue('')})`,
		Metrics: `object.?status.?metricResults.orValue([]).transformMapEntry(i, m,
			m.?measurements.orValue([]).size() > 0 && m.measurements[m.measurements.size() - 1].?value.orValue('').matches(` + numeric + `),
			{m.name: double(m.measurements[m.measurements.size() - 1].value)})`,
	}

	// k6 looks at the runners' Jobs: a TestRun is finished whether or not its thresholds held.
	k6 = tests.Resource{
		Success: `object.?status.?stage.orValue('') == 'finished' &&
			cel.bind(runners, jobs.filter(j, j.metadata.?labels[?'runner'].orValue('') == 'true'),
				runners.size() >= object.spec.?parallelism.orValue(1) && runners.all(j, j.?status.?succeeded.orValue(0) > 0))`,
		Failure: `object.?status.?stage.orValue('') in ['stopped', 'finished'] &&
			jobs.exists(j, j.metadata.?labels[?'runner'].orValue('') == 'true' && j.?status.?failed.orValue(0) > 0)`,
		Inconclusive: `object.?status.?stage.orValue('') == 'error'`,
		Message:      `'stage ' + object.?status.?stage.orValue('')`,
		Cases: `jobs.filter(j, j.metadata.?labels[?'runner'].orValue('') == 'true').map(j, {
			'name': j.metadata.name,
			'status': j.?status.?failed.orValue(0) > 0 ? 'failed' : 'passed',
			'message': j.?status.?failed.orValue(0) > 0 ? 'k6 did not exit with 0: a threshold was crossed, or the script failed' : ''})`,
	}

	// chaosMesh is over when a fault of a given duration was injected and taken back everywhere, or when one without a duration was injected.
	// Whether the system stood it is for other Suites to say.
	chaosMesh = tests.Resource{
		Success: `object.spec.?duration.hasValue() ?
			object.?status.?experiment.?desiredPhase.orValue('') == 'Stop' &&
				object.status.?conditions.orValue([]).exists(c, c.type == 'AllRecovered' && c.status == 'True') &&
				object.status.experiment.?containerRecords.orValue([]).all(r, r.?injectedCount.orValue(1) > 0) :
			object.?status.?conditions.orValue([]).exists(c, c.type == 'AllInjected' && c.status == 'True')`,
		Message: `object.?status.?conditions.orValue([]).map(c, c.type + '=' + c.status).join(', ')`,
		Cases: `object.?status.?experiment.?containerRecords.orValue([]).map(r, {
			'name': r.id, 'status': r.?injectedCount.orValue(1) > 0 ? 'passed' : 'errored', 'message': r.?phase.orValue('')})`,
	}

	chaosEngine = tests.Resource{
		Success: `object.?status.?engineStatus.orValue('') == 'completed' && object.status.?experiments.orValue([]).size() > 0 &&
			object.status.experiments.all(e, e.verdict == 'Pass')`,
		Failure: `object.?status.?engineStatus.orValue('') == 'completed' && object.status.?experiments.orValue([]).exists(e, e.verdict == 'Fail')`,
		Inconclusive: `object.?status.?engineStatus.orValue('') == 'stopped' ||
			object.?status.?engineStatus.orValue('') == 'completed' && object.status.?experiments.orValue([]).all(e, e.verdict != 'Fail') &&
				object.status.?experiments.orValue([]).exists(e, e.verdict != 'Pass')`,
		Message: `object.?status.?experiments.orValue([]).map(e, e.name + ': ' + e.status + ', ' + e.verdict).join('; ')`,
		Cases: `object.?status.?experiments.orValue([]).map(e, {
			'name': e.name, 'status': e.verdict == 'Pass' ? 'passed' : e.verdict == 'Fail' ? 'failed' : 'errored', 'message': e.status})`,
	}

	testkube = tests.Resource{
		Success:      `object.?status.?latestExecution.?result.?status.orValue('') == 'passed'`,
		Failure:      `object.?status.?latestExecution.?result.?status.orValue('') == 'failed'`,
		Inconclusive: `object.?status.?latestExecution.?result.?status.orValue('') in ['aborted', 'canceled']`,
		Message:      `object.?status.?latestExecution.?result.?initialization.?errorMessage.orValue('')`,
		Cases: `object.?status.?latestExecution.?signature.orValue([]).map(s, cel.bind(step, object.status.latestExecution.result.?steps[?s.ref].orValue({}), {
			'name': s.?name.orValue(s.?category.orValue(s.ref)),
			'status': step.?status.orValue('') == 'passed' ? 'passed' : step.?status.orValue('') == 'skipped' ? 'skipped' :
				object.status.latestExecution.result.status == 'passed' ? 'warned' : step.?status.orValue('') == 'failed' ? 'failed' : 'errored',
			'message': step.?errorMessage.orValue('')}))`,
	}

	job = tests.Resource{
		Success: `object.?status.?conditions.orValue([]).exists(c, c.type == 'Complete' && c.status == 'True')`,
		Failure: `object.?status.?conditions.orValue([]).exists(c, c.type == 'Failed' && c.status == 'True')`,
		Message: `object.?status.?conditions.orValue([]).filter(c, c.type == 'Failed').map(c, c.?reason.orValue('') + ': ' + c.?message.orValue('')).join('; ')`,
	}
)

// taskRun has a case for each step, which a PipelineRun's status does not tell.
func taskRun() tests.Resource {
	run := tekton
	run.Cases = tektonSteps
	return run
}

// expressionsOf are the author's expressions, and those of the kind for the rest.
func expressionsOf(resource *tests.Resource, object map[string]any) map[string]string {
	version, _ := object["apiVersion"].(string)
	name, _ := object["kind"].(string)
	group, _, _ := strings.Cut(version, "/")
	all := map[string]string{}
	for _, k := range kinds {
		if k.is(group, name) {
			maps.Copy(all, k.Expressions())
			break
		}
	}
	maps.Copy(all, resource.Expressions())
	return all
}

func (k kind) is(group, name string) bool {
	if k.group != group {
		return false
	}
	if len(k.kinds) > 0 {
		return slices.Contains(k.kinds, name)
	}
	return name != "Schedule" && !strings.HasPrefix(name, "Workflow")
}
