package resource

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"

	"github.com/assay-dev/assay/reconciler/runner"
)

// verdict is how a resource ended.
type verdict struct {
	end     runner.End
	code    int
	message string
}

// judge says how the resource ended; nil when it has not. A resource of which two conditions hold is taken at its worse word. What cannot be computed may be
// computable later, when more of the status is there: the error says what is in the way. A field that is not there yet makes a condition not hold; any other
// error of a worse condition keeps a better one from counting.
func (c *conditions) judge(vars map[string]any) (*verdict, error) {
	var absent error
	for _, one := range []struct {
		name string
		cel.Program
		verdict
	}{
		{"inconclusive", c.inconclusive, verdict{end: runner.Killed, code: -1}},
		{"failure", c.failure, verdict{end: runner.Exited, code: 1}},
		{"success", c.success, verdict{end: runner.Exited}},
	} {
		holds, err := truth(one.Program, vars)
		if err != nil {
			err = fmt.Errorf("its condition of %s cannot be computed: %w", one.name, err)
			if !strings.Contains(err.Error(), "no such key") {
				return nil, err
			}
			absent = cmp.Or(absent, err)
		}
		if holds {
			message, _ := plain(c.message, vars) // one that cannot be computed says nothing
			one.message, _ = message.(string)
			return &one.verdict, nil
		}
	}
	return nil, absent
}

// results are the report's cases and metrics, as the expressions give them; problem says which of them cannot be computed.
func (c *conditions) results(vars map[string]any) (cases []reportCase, metrics map[string]float64, problem error) {
	list, err := plain(c.cases, vars)
	if err != nil {
		problem = fmt.Errorf("its cases cannot be computed: %w", err)
	}
	items, _ := list.([]any)
	for _, item := range items {
		one, err := caseOf(item)
		if err != nil {
			return nil, nil, fmt.Errorf("its cases cannot be used: %w", err)
		}
		cases = append(cases, one)
	}
	numbers, err := plain(c.metrics, vars)
	if err != nil {
		problem = cmp.Or(problem, fmt.Errorf("its metrics cannot be computed: %w", err))
	}
	named, _ := numbers.(map[string]any)
	metrics = make(map[string]float64, len(named))
	for name, value := range named {
		if number, ok := value.(float64); ok {
			metrics[name] = number
		}
	}
	return cases, metrics, problem
}

// caseOf reads what an expression gives as a case.
func caseOf(item any) (reportCase, error) {
	fields, _ := item.(map[string]any)
	text := func(name string) string {
		value, _ := fields[name].(string)
		return value
	}
	c := reportCase{Name: text("name"), Suite: text("suite"), Status: text("status"), Message: text("message"), Detail: text("detail")}
	c.Seconds, _ = fields["seconds"].(float64)
	if c.Name == "" || !c.known() {
		return c, fmt.Errorf("%v: a case has a name, and the status passed, failed, errored, skipped or warned", item)
	}
	return c, nil
}
