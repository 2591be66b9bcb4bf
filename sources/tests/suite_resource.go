package tests

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Resource is a custom resource that does the testing: a pipeline, a load test, a chaos experiment. Assay creates it in the namespace of
// the runs, waits until it says how it ended, and deletes it when what it says is kept.
//
// ${NAME} in it stands for a variable: the Suite's env and matrix, and the ASSAY_ variables of every run; ${NAME:=text} has a default, and
// $${ is a literal ${. Its name is Assay's to give.
//
// The conditions are CEL over object, the resource as the cluster has it, and jobs, the Jobs that it owns. Those of well-known kinds are
// known: Tekton's PipelineRun and TaskRun, Argo's Workflow and AnalysisRun, the k6 operator's TestRun, the experiments of Chaos Mesh,
// Litmus' ChaosEngine, Testkube's TestWorkflowExecution, and Job.
type Resource struct {
	// File holds the resource as YAML. It is relative to the folder of the file that defines the Suite, and one of the Suite's files. Exactly
	// one of file and template is given.
	File string `json:"file,omitempty" jsonschema:"oneof_required=file,pattern=^[^/],example=pipelinerun.yaml" must:"be relative to the Suite's folder" path:"glob"`
	// Template is the resource itself, so that overlays can patch it. A text in it stays a text, whatever a variable holds.
	Template map[string]any `json:"template,omitempty" jsonschema:"oneof_required=template,minProperties=1"`
	// Success is true once it ended well. Default: as its kind has it.
	Success string `json:"success,omitempty" jsonschema:"minLength=1,example=object.status.phase == 'Succeeded'"`
	// Failure is true once it ended badly; it is asked before success. Default: as its kind has it.
	Failure string `json:"failure,omitempty" jsonschema:"minLength=1,example=object.status.phase == 'Failed'"`
	// Inconclusive is true once it ended without an answer: cancelled, not started, its image not found. It is asked first.
	// Default: as its kind has it.
	Inconclusive string `json:"inconclusive,omitempty" jsonschema:"minLength=1"`
	// Message is a text for people that says how it ended. Default: as its kind has it.
	Message string `json:"message,omitempty" jsonschema:"minLength=1,example=object.status.message"`
	// Cases is a list of what it tested, each a map of name, status (passed, failed, errored, skipped or warned), and perhaps suite, message,
	// detail and seconds. Default: as its kind has it, or one case for the whole.
	Cases string `json:"cases,omitempty" jsonschema:"minLength=1"`
	// Metrics is a map of numbers that it measured, for the Gate's conditions. Default: as its kind has it.
	Metrics string `json:"metrics,omitempty" jsonschema:"minLength=1,example={'p95': double(object.status.p95)}"`
}

// ResourceReport is the path of the report that a run of a resource leaves.
const ResourceReport = "resource.json"

// Expressions are the conditions that the author wrote, by their fields' names.
func (r *Resource) Expressions() map[string]string {
	all := map[string]string{
		"success": r.Success, "failure": r.Failure, "inconclusive": r.Inconclusive, "message": r.Message, "cases": r.Cases, "metrics": r.Metrics,
	}
	maps.DeleteFunc(all, func(_, expr string) bool { return expr == "" })
	return all
}

// CheckResource says what is wrong with a Suite's resource, by the field of spec.resource that it is about. object is the resource as it is
// written; nil where it cannot be read. It knows the language of the conditions, and the kinds; this package does not.
type CheckResource func(resource *Resource, object map[string]any) map[string]error

// checkResource reports what no Suite of a resource can use, since nothing of it runs in a process or a pod of Assay's.
func (s *SuiteSpec) checkResource(report func(at field, message, remedy string)) {
	if s.Resource == nil {
		return
	}
	for name, given := range map[string]bool{
		"image": s.Image != "", "workingDirectory": s.WorkingDirectory != "", "resources": s.Resources != Resources{},
		"reports": len(s.Reports) > 0, "artifacts": len(s.Artifacts) > 0,
		"pod": !reflect.ValueOf(s.Pod).IsZero(),
	} {
		if given {
			report(field{"spec", name}, "means nothing to a resource, which its own controller runs", "remove it, and say it in the resource itself")
		}
	}
	for i, v := range s.Env {
		if v.ValueFrom != nil {
			report(field{"spec", "env", i, "valueFrom"}, "would write a secret into the resource, where everybody may read it",
				"let the resource refer to the Secret itself, as its kind does (secretKeyRef, a volume, a workspace)")
		}
	}
	template := field{"spec", "resource", "template"}
	for _, key := range []string{"apiVersion", "kind"} {
		if text, _ := s.Resource.Template[key].(string); len(s.Resource.Template) > 0 && text == "" {
			report(template.at(key), "is missing", "add it: the resource is an object of the cluster")
		}
	}
	metadata, _ := s.Resource.Template["metadata"].(map[string]any)
	if metadata["namespace"] != nil {
		report(template.at("metadata").at("namespace"), "is not the Suite's to choose", "remove it: it is created in the namespace of the runs")
	}
}

// checkResource reports conditions that are not sound, and a resource that is none.
func (c *collector) checkResource(s *Suite) {
	r := s.Spec.Resource
	if r == nil || c.broken[s] || c.options.CheckResource == nil {
		return
	}
	problem := func(name, message, remedy string) {
		c.problem(c.docs[s], field{"spec", "resource", name}, message, remedy)
	}
	object := r.Template
	if r.File != "" {
		node, err := s.ResourceFile(c.tree)
		if err == nil {
			err = node.Decode(&object)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist): // told with the other files
			return
		case err != nil:
			problem("file", err.Error(), "write one object of the cluster into it")
			return
		}
	}
	wrong := c.options.CheckResource(r, object)
	for _, name := range slices.Sorted(maps.Keys(wrong)) {
		problem(name, strings.TrimSpace(wrong[name].Error()), "correct the expression")
	}
}

// maxResource is the largest file of a resource in bytes; what etcd takes is not much more.
const maxResource = 1 << 20

// ResourceFile reads the file of the Suite's resource from the tree of the test repository: the one YAML document in it, with the author's
// quotes, and with its variables as they are written.
func (s *Suite) ResourceFile(tree fs.FS) (*yaml.Node, error) {
	file := path.Join(s.Origin.Folder(), s.Spec.Resource.File)
	f, err := tree.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read the resource of Suite %s: %w", s.Name(), err)
	}
	defer f.Close()
	in := &io.LimitedReader{R: f, N: maxResource + 1}
	decoder := yaml.NewDecoder(in)
	var document, further yaml.Node
	err = decoder.Decode(&document)
	if err == nil && decoder.Decode(&further) == nil {
		err = errors.New("it holds several documents, and a Suite creates one resource")
	}
	switch {
	case in.N == 0:
		err = fmt.Errorf("it is larger than %d bytes", maxResource)
	case errors.Is(err, io.EOF), err == nil && document.Content[0].Kind != yaml.MappingNode:
		err = errors.New("it holds no object")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return document.Content[0], nil
}
