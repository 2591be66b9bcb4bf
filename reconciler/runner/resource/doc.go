// Package resource runs Suites whose test is a custom resource: a Tekton PipelineRun, an Argo Workflow, a k6 TestRun, a chaos experiment.
// In goes a Job; the resource is created in the namespace of the runs, its own controller does the work, and out comes a Result with how it
// ended, what its conditions and events said on the way, and a report of its cases and metrics.
//
// How it ended is said by CEL conditions over the object, the Suite's own or those that are known of its kind. The object is
// watched, never polled, and an API server that goes away for a while is waited for. What exists already under the Run's name, from
// before a restart, is adopted.
//
// The name of the object follows from the Run's ID. Everything carries the labels of this package, so that what an Assay that died left
// behind can be found. The deletion of the object takes with it what it owns.
//
// What it never does: hand a secret to an object, write to an object that it did not create, or take an object that ended
// without an answer for a pass.
package resource
