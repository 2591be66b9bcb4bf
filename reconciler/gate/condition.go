package gate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"

	"github.com/assay-dev/assay/sources/tests"
)

// costLimit bounds what one condition may compute, in CEL's own units; walking over ten thousand cases a few times stays below it.
const costLimit = 1_000_000

// The variables that conditions see.
const (
	varSuites   = "suites"   // by name: outcome, passed, total, failed, errored, skipped, flaky, seconds, metrics
	varResults  = "results"  // the sums over all suites: total, passed, failed, errored, skipped, flaky, seconds
	varMetrics  = "metrics"  // of all suites together, by the tool's own names
	varBaseline = "baseline" // suites, results and metrics of the last Passed state
)

// Check says why a condition cannot be used in the Gate: its syntax, its types, or a Suite that the Gate does not have. It has the
// shape that sources/tests asks for.
func Check(_ *tests.Gate, suites []*tests.Suite, expr string) error {
	c, err := compile(expr)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, s := range suites {
		known[s.Name()], known[s.Origin.Name] = true, true
	}
	delete(known, "")
	for _, name := range c.suites {
		if !known[name] {
			return fmt.Errorf("suites[%q]: the gate has no such suite; it has %s", name, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	return nil
}

// condition is one compiled expression, with the constant keys that it looks up.
type condition struct {
	program  cel.Program
	suites   []string   // keys of suites[...]
	baseline [][]string // paths below baseline
}

func compile(expr string) (*condition, error) {
	env, err := cel.NewEnv(
		cel.Variable(varSuites, cel.MapType(cel.StringType, cel.MapType(cel.StringType, cel.DynType))),
		cel.Variable(varResults, cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable(varMetrics, cel.MapType(cel.StringType, cel.DoubleType)),
		cel.Variable(varBaseline, cel.MapType(cel.StringType, cel.DynType)),
		cel.CrossTypeNumericComparisons(true),
		ext.Math(),
	)
	if err != nil {
		return nil, fmt.Errorf("set up CEL: %w", err)
	}
	tree, issues := env.Compile(expr)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	if t := tree.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("a condition is true or false, and this one is a %s", t)
	}
	program, err := env.Program(tree, cel.EvalOptions(cel.OptPartialEval), cel.CostLimit(costLimit))
	if err != nil {
		return nil, err
	}
	c := &condition{program: program}
	ast.PreOrderVisit(tree.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		root, path := lookup(e)
		switch {
		case root == varSuites && len(path) == 1:
			c.suites = append(c.suites, path[0])
		case root == varBaseline && len(path) > 0:
			c.baseline = append(c.baseline, path)
		}
	}))
	return c, nil
}

// lookup follows a chain of constant keys, such as baseline.suites["load"].metrics["p95"], down to its variable.
func lookup(e ast.Expr) (root string, path []string) {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent(), nil
	case ast.SelectKind:
		root, path = lookup(e.AsSelect().Operand())
		return root, append(path, e.AsSelect().FieldName())
	case ast.CallKind:
		call := e.AsCall()
		if call.FunctionName() != operators.Index || call.Args()[1].Kind() != ast.LiteralKind {
			return "", nil
		}
		key, ok := call.Args()[1].AsLiteral().Value().(string)
		if !ok {
			return "", nil
		}
		root, path = lookup(call.Args()[0])
		return root, append(path, key)
	}
	return "", nil
}

// holds evaluates the condition. It is Inconclusive where the answer hangs on a Suite that gave none, or cannot be computed; skipped says
// that it hangs on a baseline that is not there yet.
func (c *condition) holds(w world) (outcome Outcome, reason string, skipped bool) {
	vars, err := cel.PartialVars(w.vars, append(w.missingBaseline(c.baseline), w.unknown...)...)
	if err != nil {
		return Inconclusive, err.Error(), false
	}
	value, _, err := c.program.Eval(vars)
	if err != nil {
		return Inconclusive, err.Error(), false
	}
	switch v := value.(type) {
	case types.Bool:
		if v {
			return Passed, "", false
		}
		return Failed, "", false
	case *types.Unknown:
		names := unknownOf(v)
		if slices.Equal(names, []string{varBaseline}) {
			return Inconclusive, "there is no last passed state to compare with yet", true
		}
		return Inconclusive, "it hangs on " + strings.Join(names, " and ") + ", which is not known", false
	}
	return Inconclusive, fmt.Sprintf("it is neither true nor false but a %s", value.Type()), false
}

func unknownOf(u *types.Unknown) []string {
	var names []string
	for _, id := range u.IDs() {
		trails, _ := u.GetAttributeTrails(id)
		for _, t := range trails {
			name := t.Variable()
			if q := t.QualifierPath(); name == varSuites && len(q) > 0 {
				name = fmt.Sprintf("%s[%q]", name, fmt.Sprint(q[0]))
			}
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
