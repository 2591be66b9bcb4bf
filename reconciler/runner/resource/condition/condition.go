// Package condition says when a custom resource has ended, and what it says about itself. In go what a Suite writes about its resource and
// the object as the API server has it; out come a Verdict, cases and metrics. The expressions are CEL: the author's, or those that are
// known of the kind. What they may compute is bounded. It asks no cluster.
package condition

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/ext"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/assay-dev/assay/sources/tests"
)

// What one expression may take each time the object changes.
const (
	costLimit = 1_000_000 // in CEL's own units
	timeLimit = 5 * time.Second
	maxRange  = 10_000 // of lists.range
)

// Seen is what expressions see.
type Seen struct {
	// Object is the resource as the API server has it.
	Object map[string]any
	// Jobs are the Jobs that it owns, as the API server has them.
	Jobs []any
}

func (s Seen) vars() map[string]any {
	jobs := s.Jobs
	if jobs == nil {
		jobs = []any{}
	}
	return map[string]any{varObject: s.Object, varJobs: jobs}
}

const (
	varObject = "object"
	varJobs   = "jobs"
)

// Check says what is wrong with the expressions of a Suite's resource, by field. object is the resource as it is written; nil when that is
// not known. It has the shape that sources/tests asks for.
func Check(resource *tests.Resource, object map[string]any) map[string]error {
	_, wrong := Compile(resource, object)
	return wrong
}

// Conditions are the compiled expressions of a resource.
type Conditions struct {
	success, failure, inconclusive, message, cases, metrics cel.Program // nil where there is none
	// Jobs tells that one of them looks at the Jobs that the resource owns.
	Jobs bool
}

// Compile takes the author's expressions, and those that are known of the kind where the author gives none. wrong names what
// cannot be used by its field.
func Compile(resource *tests.Resource, object map[string]any) (c *Conditions, wrong map[string]error) {
	wrong = map[string]error{}
	env, err := environment()
	if err != nil {
		wrong["success"] = err
		return nil, wrong
	}
	c = &Conditions{}
	expressions := expressionsOf(resource, object)
	for _, field := range []struct {
		name    string
		program *cel.Program
		want    *cel.Type
	}{
		{"success", &c.success, cel.BoolType},
		{"failure", &c.failure, cel.BoolType},
		{"inconclusive", &c.inconclusive, cel.BoolType},
		{"message", &c.message, cel.StringType},
		{"cases", &c.cases, cel.ListType(cel.DynType)},
		{"metrics", &c.metrics, cel.MapType(cel.DynType, cel.DynType)},
	} {
		expr, given := expressions[field.name]
		if !given {
			continue
		}
		program, jobs, err := program(env, expr, field.want)
		if err != nil {
			wrong[field.name] = err
			continue
		}
		*field.program, c.Jobs = program, c.Jobs || jobs
	}
	if _, given := expressions["success"]; !given {
		wrong["success"] = fmt.Errorf("is missing, and Assay does not know when %s has succeeded", article(object))
	}
	return c, wrong
}

func article(object map[string]any) string {
	kind, _ := object["kind"].(string)
	version, _ := object["apiVersion"].(string)
	if kind == "" {
		return "this resource"
	}
	return fmt.Sprintf("a %s of %s", kind, version)
}

func environment() (*cel.Env, error) {
	env, err := cel.NewEnv(
		cel.Variable(varObject, cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable(varJobs, cel.ListType(cel.MapType(cel.StringType, cel.DynType))),
		cel.OptionalTypes(),
		cel.CrossTypeNumericComparisons(true),
		ext.Bindings(), ext.Strings(), ext.Math(), ext.Lists(ext.ListsMaxRangeSize(maxRange)), ext.TwoVarComprehensions(),
	)
	if err != nil {
		return nil, fmt.Errorf("set up CEL: %w", err)
	}
	return env, nil
}

// program compiles one expression; jobs tells whether it looks at the Jobs.
func program(env *cel.Env, expr string, want *cel.Type) (program cel.Program, jobs bool, err error) {
	tree, issues := env.Compile(expr)
	if issues.Err() != nil {
		return nil, false, issues.Err()
	}
	if got := tree.OutputType(); !got.IsExactType(cel.DynType) && !want.IsAssignableType(got) {
		return nil, false, fmt.Errorf("gives a %s, and must give a %s", got, want)
	}
	for _, reference := range tree.NativeRep().ReferenceMap() {
		jobs = jobs || reference.Name == varJobs
	}
	program, err = env.Program(tree, cel.CostLimit(costLimit), cel.InterruptCheckFrequency(100))
	return program, jobs, err
}

// truth evaluates a condition. One that is not there is false.
func truth(p cel.Program, vars map[string]any) (bool, error) {
	value, err := evaluate(p, vars)
	if value == nil || err != nil {
		return false, err
	}
	b, ok := value.Value().(bool)
	if !ok {
		return false, fmt.Errorf("it is neither true nor false but a %s", value.Type())
	}
	return b, nil
}

func evaluate(p cel.Program, vars map[string]any) (ref.Val, error) {
	if p == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeLimit)
	defer cancel()
	value, _, err := p.ContextEval(ctx, vars)
	return value, err
}

// plain evaluates an expression to what JSON can say: nil where there is none.
func plain(p cel.Program, vars map[string]any) (any, error) {
	value, err := evaluate(p, vars)
	if value == nil || err != nil {
		return nil, err
	}
	native, err := value.ConvertToNative(reflect.TypeFor[*structpb.Value]())
	if err != nil {
		return nil, err
	}
	message, ok := native.(*structpb.Value)
	if !ok {
		return nil, errors.New("it holds what JSON cannot say")
	}
	return message.AsInterface(), nil
}
