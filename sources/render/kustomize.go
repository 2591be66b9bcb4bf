package render

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

// turn is held by whoever runs Kustomize. One at a time in the whole process: the OpenAPI schema is a variable of
// Kustomize's kyaml package, which builds read and write without agreeing on it.
var turn = make(chan struct{}, 1)

// takeTurn waits until nobody else runs Kustomize; free lets the next one.
func (f *filesystem) takeTurn() (free func(), err error) {
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-f.ctx.Done():
		return nil, fmt.Errorf("wait for other builds: %w", f.ctx.Err())
	}
}

// kustomize waits for its turn and runs Kustomize on the folder of f.
//
// The schema is what costs: reading Kubernetes' own takes longer than a hundred builds. It is kept, unless a build brings
// one; that build is begun again with a fresh schema, as a new process would, and leaves a fresh one behind.
func (f *filesystem) kustomize() (resmap.ResMap, error) {
	free, err := f.takeTurn()
	if err != nil {
		return nil, err
	}
	defer free()
	built, err := f.run()
	if !errors.Is(err, errCustomSchema) {
		return built, err
	}
	openapi.ResetOpenAPI()
	defer openapi.ResetOpenAPI()
	if f.settings.Engine == Flux {
		openapi.Schema() // Flux adds a build's schema to Kubernetes' own
	}
	f.stop, f.spent, f.customSchema = nil, spent{}, true
	return f.run()
}

// run prepares the folder as its engine does and lets Kustomize build it. Of fields that are deprecated, Kustomize tells
// os.Stderr, and nothing but a program's own main can safely turn that off.
func (f *filesystem) run() (resmap.ResMap, error) {
	if f.settings.edited() {
		if err := f.edit(); err != nil {
			return nil, err
		}
	}
	options := krusty.Options{
		LoadRestrictions: types.LoadRestrictionsNone, // the tree itself is the restriction
		PluginConfig:     types.DisabledPluginConfig(),
		Reorder:          krusty.ReorderOptionUnspecified,
	}
	if f.settings.Engine == Flux {
		options.Reorder = krusty.ReorderOptionNone
	}
	built, err := krusty.MakeKustomizer(&options).Run(f, path.Join(mount, f.build))
	if f.stop != nil {
		return nil, f.stop
	}
	if err != nil {
		return nil, f.invalid(err)
	}
	if f.labelled {
		return built, relabel(built)
	}
	return built, nil
}

// release is the version of the kustomize command that has the same code; the command says so in the managed-by label.
// It is not known to a program that has Kustomize as a library: that one would name itself.
const release = "v5.8.2"

// relabel makes the managed-by label that of the command.
func relabel(built resmap.ResMap) error {
	for _, object := range built.Resources() {
		labels := object.GetLabels()
		labels[konfig.ManagedbyLabelKey] = "kustomize-" + release
		if err := object.SetLabels(labels); err != nil {
			return fmt.Errorf("label %s: %w", object.CurId(), err)
		}
	}
	return nil
}

// inBase is how Kustomize says that an error lies in a base, after having tried the base as a file, and inComponent is
// what it puts before a component's error in quotes.
var inBase = regexp.MustCompile(`(?s)^(?:accumulating resources: accumulation err='.*?': )?recursed (?:accumulation of|merging from) path '([^']*)': `)

const inComponent = "accumulating components: accumulateDirectory: "

// invalid is Kustomize's error with paths as they are in the tree, and the base or component it lies in as its file.
func (f *filesystem) invalid(err error) *Error {
	dir, detail := f.build, strings.ReplaceAll(strings.ReplaceAll(err.Error(), mount+"/", ""), mount, ".")
	for {
		if quoted, found := strings.CutPrefix(detail, inComponent); found {
			if inner, err := strconv.Unquote(quoted); err == nil {
				detail = inner
				continue
			}
		}
		match := inBase.FindStringSubmatch(detail)
		if match == nil {
			break
		}
		dir, detail = match[1], detail[len(match[0]):]
	}
	refusal := &Error{Reason: ReasonInvalid, Detail: detail}
	for _, base := range konfig.RecognizedKustomizationFileNames() {
		if name := path.Join(dir, base); f.seen.answers[name].kind == file {
			refusal.File = name
		}
	}
	return refusal
}
