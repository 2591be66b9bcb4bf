package condition

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"

	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner"
)

// Verdict is how a resource ended.
type Verdict struct {
	End      runner.End
	ExitCode int
	Message  string
}

// Case is one of what a resource tested; see tests.Resource.
type Case struct {
	Name    string        `json:"name"`
	Suite   string        `json:"suite,omitempty"`
	Status  report.Status `json:"status"`
	Message string        `json:"message,omitempty"`
	Detail  string        `json:"detail,omitempty"`
	Seconds float64       `json:"seconds,omitempty"`
}

// Unsuccessful tells whether the case failed or errored.
func (c Case) Unsuccessful() bool { return c.Status == report.Failed || c.Status == report.Errored }

// Judge says how the resource ended; nil when it has not. A resource of which two conditions hold is taken at its worse word. What cannot
// be computed may be computable later, when more of the status is there: the error says what is in the way. A field that is not there yet
// makes a condition not hold; any other error of a worse condition keeps a better one from counting.
func (c *Conditions) Judge(seen Seen) (*Verdict, error) {
	vars := seen.vars()
	var absent error
	for _, one := range []struct {
		name string
		cel.Program
		Verdict
	}{
		{"inconclusive", c.inconclusive, Verdict{End: runner.Killed, ExitCode: -1}},
		{"failure", c.failure, Verdict{End: runner.Exited, ExitCode: 1}},
		{"success", c.success, Verdict{End: runner.Exited}},
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
			one.Message, _ = message.(string)
			return &one.Verdict, nil
		}
	}
	return nil, absent
}

// Results are the cases and metrics, as the expressions give them; problem says which of them cannot be computed.
func (c *Conditions) Results(seen Seen) (cases []Case, metrics map[string]float64, problem error) {
	vars := seen.vars()
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

var statuses = []report.Status{report.Passed, report.Failed, report.Errored, report.Skipped, report.Warned}

// caseOf reads what an expression gives as a case.
func caseOf(item any) (Case, error) {
	fields, _ := item.(map[string]any)
	text := func(name string) string {
		value, _ := fields[name].(string)
		return value
	}
	c := Case{Name: text("name"), Suite: text("suite"), Status: report.Status(text("status")), Message: text("message"), Detail: text("detail")}
	c.Seconds, _ = fields["seconds"].(float64)
	if c.Name == "" || !slices.Contains(statuses, c.Status) {
		return c, fmt.Errorf("%v: a case has a name, and the status passed, failed, errored, skipped or warned", item)
	}
	return c, nil
}
