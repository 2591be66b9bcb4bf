package simulate

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/sources/git"
)

// suite is one of the test repository.
type suite struct {
	name  string
	cases []string
	// control suites touch nothing that is rendered: they fail with what their app needs.
	control bool
	// rates at which cases flake, in the order of cases.
	rates []float64
}

func (s *suite) id(name string) blame.CaseID { return blame.CaseID{Suite: s.name, Name: name} }

func (s *suite) file() string { return path.Join("suites", s.name, casesFile) }

// casesFile lists the cases of a Suite, one a line. It is the test's code: a word after the name says that the code is wrong.
const casesFile = "cases.txt"

// brokenMark is what is wrong with the code of a case that fails whatever it tests.
const brokenMark = "expects what was never promised"

func (s *suite) code() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# cases of %s\n", s.name)
	for _, name := range s.cases {
		b.WriteString(name + "\n")
	}
	return b.String()
}

// readCases runs the code of a Suite: its cases in their order, and which of them are wrong.
func readCases(files fs.FS, folder string) (cases []string, wrong map[string]bool, err error) {
	content, err := fs.ReadFile(files, path.Join(folder, casesFile))
	if err != nil {
		return nil, nil, err
	}
	wrong = map[string]bool{}
	for line := range strings.Lines(string(content)) {
		name, mark, marked := strings.Cut(strings.TrimSpace(line), " ")
		if name == "" || name == "#" {
			continue
		}
		cases = append(cases, name)
		wrong[name] = marked && mark == brokenMark
	}
	return cases, wrong, nil
}

// testGate is a Gate of the test repository, the same in every environment.
type testGate struct {
	name    string
	after   []*app
	through []*app // exercised
	suites  []*suite
	control *suite
}

// concerns tells whether the Gate follows or exercises an app.
func (g *testGate) concerns(name string) bool {
	for _, a := range append(append([]*app{}, g.after...), g.through...) {
		if a.name == name {
			return true
		}
	}
	return false
}

// document is the Gate as a test author writes it. Fields of spec that the Scenario gives are taken as they are.
func (g *testGate) document(given map[string]any) string {
	selectors := func(apps []*app) (out []any) {
		for _, a := range apps {
			out = append(out, map[string]any{"kind": targetKind, "name": a.name})
		}
		return out
	}
	spec := map[string]any{}
	for key, v := range given {
		spec[key] = v
	}
	spec["after"] = selectors(g.after)
	if len(g.through) > 0 {
		spec["exercises"] = selectors(g.through)
	}
	var suites []any
	for _, s := range g.suites {
		suites = append(suites, map[string]any{"name": s.name})
	}
	spec["suites"] = suites
	if g.control != nil {
		spec["control"] = []any{map[string]any{"name": g.control.name}}
	}
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": "assay.dev/v1alpha1", "kind": "Gate", "metadata": map[string]any{"name": g.name}, "spec": spec,
	})
	must(err)
	return string(text)
}

func (s *suite) document() string {
	return fmt.Sprintf("apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata: {name: %s}\nspec:\n  command: [check]\n  retries: 1\n  reports: [{stdout: true, format: tap}]\n", s.name)
}

// layOutTests writes the test repository as it begins.
func (w *world) layOutTests() {
	e := edit{}
	var resources []string
	for _, s := range w.suites {
		folder := path.Dir(s.file())
		resources = append(resources, "../"+folder+"/suite.yaml")
		e.set(folder+"/suite.yaml", s.document())
		e.set(s.file(), s.code())
	}
	for _, g := range w.gates {
		resources = append(resources, g.name+".yaml")
		e.set("gates/"+g.name+".yaml", g.document(w.spec.Gate))
	}
	e.set("gates/kustomization.yaml", "resources:\n- "+strings.Join(resources, "\n- ")+"\n")
	for _, env := range w.environments {
		e.set("overlays/"+env.name+"/kustomization.yaml", "resources: [../../gates]\n")
	}
	w.tests.push(w.ctx, w.tests.commit(w.ctx, "Tess", "Test the apps", e))
}

// changeTests rewrites the code of a Suite and pushes it.
func (w *world) changeTests(s *suite, message string, change func(code string) string) git.Hash {
	e := edit{}
	head := w.tests.head()
	e.set(s.file(), change(w.tests.read(w.ctx, head, s.file())))
	at := w.tests.commit(w.ctx, "Tess", message, e, head)
	w.tests.push(w.ctx, at)
	w.pullSoon()
	return at
}

func breakCase(name string) func(string) string {
	return func(code string) string {
		return strings.Replace(code, "\n"+name+"\n", "\n"+name+" "+brokenMark+"\n", 1)
	}
}

func mendCase(name string) func(string) string {
	return func(code string) string {
		return strings.Replace(code, "\n"+name+" "+brokenMark+"\n", "\n"+name+"\n", 1)
	}
}

// pulled has the test repository looked at by every environment's Assay.
func (w *world) pull(ctx context.Context, environment string) {
	changed, err := w.loop.Pull(ctx, environment)
	if err != nil {
		w.log("pull of the tests of %s fails: %v", environment, err)
		w.schedule.after(pullInterval, func() { w.pull(ctx, environment) })
		return
	}
	if changed {
		w.lookAgain(environment)
	}
}
