package simulate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/assay-dev/assay/sources/tests"
)

// LoadAll reads the Scenarios of a folder: its *.yaml files, by name. The error is tests.Problems where documents are wrong.
func LoadAll(folder fs.FS) (all []*Scenario, err error) {
	names, err := fs.Glob(folder, "*.yaml")
	if err != nil {
		return nil, err
	}
	var wrong tests.Problems
	for _, name := range names {
		content, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, err
		}
		s, err := Load(name, content)
		var problems tests.Problems
		switch {
		case errors.As(err, &problems):
			wrong = append(wrong, problems...)
		case err != nil:
			return nil, err
		default:
			all = append(all, s)
		}
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	if len(all) == 0 {
		return nil, errors.New("there is no *.yaml file with a Scenario")
	}
	return all, nil
}

// Load reads one Scenario, with defaults. Everything that is wrong with it is told with its file and line, as tests.Problems.
func Load(file string, content []byte) (*Scenario, error) {
	d := &document{file: file}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	if err := decoder.Decode(&d.node); err != nil {
		return nil, tests.Problems{{File: file, Message: err.Error(), Remedy: "write one YAML document"}}
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, tests.Problems{{File: file, Message: "holds more than one document", Remedy: "write a file for each Scenario"}}
	}
	text, err := yaml.NewRNode(&d.node).MarshalJSON()
	if err != nil {
		return nil, tests.Problems{{File: file, Line: d.node.Line, Message: err.Error(), Remedy: "write a mapping"}}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, tests.Problems{{File: file, Message: err.Error(), Remedy: "write a mapping"}}
	}
	d.validate(value)
	if len(d.problems) > 0 {
		return nil, d.problems
	}
	s := &Scenario{Spec: defaults()}
	if err := decodeStrictly(text, s); err != nil {
		return nil, tests.Problems{{File: file, Message: err.Error(), Remedy: "write a valid value"}}
	}
	if _, err := decodePolicy(s.Spec.Gate); err != nil {
		d.problem([]string{"spec", "gate"}, err.Error(), "write fields of a Gate's spec, as assay schema tells them")
	}
	if s.Metadata.Name != strings.TrimSuffix(path.Base(file), ".yaml") {
		d.problem([]string{"metadata", "name"}, fmt.Sprintf("%q is not the name of the file", s.Metadata.Name), "call both the same")
	}
	d.ranges(s)
	if len(d.problems) > 0 {
		return nil, d.problems
	}
	return s, nil
}

// document is a Scenario on its way from YAML.
type document struct {
	file     string
	node     yaml.Node
	problems tests.Problems
}

func (d *document) problem(at []string, text, remedy string) {
	d.problems = append(d.problems, tests.Problem{
		File: d.file, Line: lineOf(&d.node, at), Field: strings.Join(at, "."), Message: text, Remedy: remedy,
	})
}

// compiled is the schema, ready for use.
var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("scenario.json", value); err != nil {
		return nil, err
	}
	return compiler.Compile("scenario.json")
})

// validate holds the document against the schema.
func (d *document) validate(value any) {
	rules, err := compiled()
	must(err) // the schema is ours
	var wrong *jsonschema.ValidationError
	if !errors.As(rules.Validate(value), &wrong) {
		return
	}
	english := message.NewPrinter(language.English)
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		for _, cause := range e.Causes {
			walk(cause)
		}
		if len(e.Causes) == 0 {
			d.problem(e.InstanceLocation, e.ErrorKind.LocalizedString(english), "see the schema: assay schema")
		}
	}
	walk(wrong)
	slices.SortFunc(d.problems, func(a, b tests.Problem) int { return a.Line - b.Line })
}

// lineOf is the line of what a path leads to, or of the nearest that is there.
func lineOf(node *yaml.Node, at []string) int {
	if node.Kind == yaml.DocumentNode && len(node.Content) > 0 {
		node = node.Content[0]
	}
	line := node.Line
	for _, step := range at {
		next := (*yaml.Node)(nil)
		switch node.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(node.Content); i += 2 {
				if node.Content[i].Value == step {
					next, line = node.Content[i+1], node.Content[i].Line
				}
			}
		case yaml.SequenceNode:
			if i, err := strconv.Atoi(step); err == nil && i < len(node.Content) {
				next, line = node.Content[i], node.Content[i].Line
			}
		}
		if next == nil {
			return line
		}
		node = next
	}
	return line
}

// ranges refuses those that end before they begin, and a world in which nothing breaks.
func (d *document) ranges(s *Scenario) {
	spec := s.Spec
	for _, r := range []struct {
		at    string
		wrong bool
	}{
		{"spec.tests.cases", spec.Tests.Cases.To < spec.Tests.Cases.From || spec.Tests.Cases.From < 1},
		{"spec.tests.takes", spec.Tests.Takes.To.Duration < spec.Tests.Takes.From.Duration},
		{"spec.tests.changeEvery", spec.Tests.ChangeEvery.To.Duration < spec.Tests.ChangeEvery.From.Duration},
		{"spec.commits.every", spec.Commits.Every.To.Duration < spec.Commits.Every.From.Duration},
		{"spec.commits.batch", spec.Commits.Batch.To < spec.Commits.Batch.From},
		{"spec.syncs.rollout", spec.Syncs.Rollout.To.Duration < spec.Syncs.Rollout.From.Duration},
		{"spec.breakages.every", spec.Breakages.Every.To.Duration < spec.Breakages.Every.From.Duration},
		{"spec.breakages.batch", spec.Breakages.Batch.To < spec.Breakages.Batch.From},
		{"spec.breakages.outageTakes", spec.Breakages.OutageTakes.To.Duration < spec.Breakages.OutageTakes.From.Duration},
		{"spec.breakages.driftNoticed", spec.Breakages.DriftNoticed.To.Duration < spec.Breakages.DriftNoticed.From.Duration},
		{"spec.people.answersAfter", spec.People.AnswersAfter.To.Duration < spec.People.AnswersAfter.From.Duration},
		{"spec.people.repairsAfter", spec.People.RepairsAfter.To.Duration < spec.People.RepairsAfter.From.Duration},
	} {
		if r.wrong {
			d.problem(strings.Split(r.at, "."), "ends before it begins, or is nothing", "write from, and a to that is no less")
		}
	}
	var all float64
	for _, w := range spec.Breakages.weights() {
		all += w.weight
	}
	if all == 0 {
		d.problem([]string{"spec", "breakages"}, "nothing breaks", "give at least one kind a weight")
	}
}
