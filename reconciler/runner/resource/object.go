package resource

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fluxcd/pkg/envsubst"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/yaml"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
)

// component of what this package makes.
const component = "resource-run"

// maxNamePart is how much of the Suite's name stands in an object's: controllers append to it, and the whole is often a label.
const maxNamePart = 24

// objectOf is the resource of a Job as it is created: variables filled in, and with the name, labels and annotations by which it is found
// again. What the Suite may not have is a *runner.Refusal.
func (r *Runner) objectOf(job runner.Job) (*unstructured.Unstructured, error) {
	content, err := written(job)
	if err != nil {
		return nil, err
	}
	object := &unstructured.Unstructured{Object: content}
	if object.GetAPIVersion() == "" || object.GetKind() == "" {
		return nil, runner.Refuse("the resource has no apiVersion or no kind: it must be an object of the cluster")
	}
	if object.GetNamespace() != "" {
		return nil, runner.Refuse("the resource names the namespace %s, which is not the Suite's to choose: remove it", object.GetNamespace())
	}
	text, err := json.Marshal([]any{content, job.Env[cluster.ServicesUID]})
	if err != nil {
		return nil, fmt.Errorf("encode the resource: %w", err)
	}
	inputs := sha256.Sum256(text)
	part := job.Suite.Name()
	part = strings.TrimRight(part[:min(len(part), maxNamePart)], "-")
	object.SetGenerateName("")
	object.SetName(part + "-" + cluster.Sum(job.ID))
	object.SetNamespace(r.options.Namespaces.Of(job.Environment))
	unstructured.RemoveNestedField(object.Object, "status")

	object.SetLabels(cluster.Joined(object.GetLabels(), cluster.Labels(r.options.Instance, component, job)))
	object.SetAnnotations(cluster.Joined(object.GetAnnotations(), map[string]string{
		cluster.RunID: job.ID, cluster.Inputs: hex.EncodeToString(inputs[:16]),
	}))
	return object, nil
}

// written is the resource as its author has it, with the variables of the Job filled in.
func written(job runner.Job) (map[string]any, error) {
	variables, err := variablesOf(job)
	if err != nil {
		return nil, err
	}
	resource := job.Suite.Spec.Resource
	var text []byte
	if resource.File == "" {
		filled, err := fillTree(resource.Template, variables)
		if err != nil {
			return nil, runner.Refuse("spec.resource.template: %v", err)
		}
		text, err = json.Marshal(filled)
		if err != nil {
			return nil, fmt.Errorf("encode the resource: %w", err)
		}
	} else {
		node, err := job.Suite.ResourceFile(job.Files)
		if err == nil {
			err = fillNode(node, variables)
		}
		if err != nil {
			return nil, runner.Refuse("spec.resource.file: %v", err)
		}
		if text, err = kyaml.Marshal(node); err != nil {
			return nil, runner.Refuse("spec.resource.file: %v", err)
		}
		if text, err = yaml.YAMLToJSON(text); err != nil {
			return nil, runner.Refuse("spec.resource.file: %v", err)
		}
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(text); err != nil {
		return nil, runner.Refuse("the resource is no object of the cluster: %v", err)
	}
	return object.Object, nil
}

// variablesOf are the variables of a Run. What is later wins: the Suite's env, the matrix, Assay's own.
func variablesOf(job runner.Job) (map[string]string, error) {
	variables := map[string]string{}
	for _, v := range job.Suite.Spec.Env {
		if v.ValueFrom != nil {
			return nil, runner.Refuse("variable %s is a secret, which would be written into the resource where everybody may read it: "+
				"let the resource refer to the Secret itself", v.Name)
		}
		variables[v.Name] = v.Value
	}
	maps.Copy(variables, job.Matrix)
	maps.Copy(variables, job.Env)
	variables["ASSAY_SHARD"] = strconv.Itoa(job.Shard)
	variables["ASSAY_SHARDS"] = strconv.Itoa(max(job.Shards, 1))
	variables["ASSAY_RUN"] = cluster.Sum(job.ID)
	for name, value := range variables {
		if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			return nil, runner.Refuse("variable %s holds what no text of a resource can", name)
		}
	}
	return variables, nil
}

// fill replaces ${variables} in one text; one that has neither a value nor a default is an error.
func fill(text string, variables map[string]string) (string, error) {
	if !strings.Contains(text, "${") {
		return text, nil
	}
	filled, err := envsubst.Eval(text, func(name string) (string, bool) {
		value, known := variables[name]
		return value, known
	})
	if err != nil {
		return "", fmt.Errorf("%q: %w; give the variable a value in env or a default, or write $${ for a literal ${", excerpt(text), err)
	}
	return filled, nil
}

func excerpt(text string) string {
	if len(text) > 80 {
		return strings.ToValidUTF8(text[:80], "") + "…"
	}
	return text
}

// fillTree fills every text of a value, which stays a text.
func fillTree(value any, variables map[string]string) (any, error) {
	var err error
	switch value := value.(type) {
	case string:
		return fill(value, variables)
	case []any:
		filled := make([]any, len(value))
		for i := range value {
			if filled[i], err = fillTree(value[i], variables); err != nil {
				return nil, err
			}
		}
		return filled, nil
	case map[string]any:
		filled := make(map[string]any, len(value))
		for key := range value {
			if filled[key], err = fillTree(value[key], variables); err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
		}
		return filled, nil
	}
	return value, nil
}

// fillNode fills every text of a file. What is quoted there stays a text; what is not may become a number or a truth, as if it stood there.
// A value is never read as more than one scalar, whatever is in it.
func fillNode(node *kyaml.Node, variables map[string]string) error {
	if node.Kind == kyaml.ScalarNode {
		filled, err := fill(node.Value, variables)
		if err != nil {
			return fmt.Errorf("line %d: %w", node.Line, err)
		}
		if filled != node.Value {
			node.Value = filled
			if node.Style&^kyaml.TaggedStyle == 0 {
				node.Tag = "" // it is what it looks like now
			}
		}
	}
	for _, child := range node.Content {
		if err := fillNode(child, variables); err != nil {
			return err
		}
	}
	return nil
}
