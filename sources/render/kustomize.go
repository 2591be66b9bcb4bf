package render

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

// turn is held by whoever runs Kustomize. One at a time in the whole process: the OpenAPI schema is a variable of
// Kustomize's kyaml package, which builds read and write without agreeing on it.
var turn = make(chan struct{}, 1)

// takeTurn waits until nobody else runs Kustomize; the caller calls done when it has finished with the result.
func takeTurn(ctx context.Context) (done func(), err error) {
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for other builds: %w", ctx.Err())
	}
}

// kustomize runs Kustomize on the folder of f. The caller has the turn.
//
// The schema is what costs: reading Kubernetes' own takes longer than a hundred builds. It is kept, unless a build brings
// one; that build is begun again with a fresh schema, as a new process would, and forget then leaves a fresh one behind.
func (f *filesystem) kustomize() (resmap.ResMap, error) {
	built, err := f.run()
	if !errors.Is(err, errCustomSchema) {
		return built, err
	}
	openapi.ResetOpenAPI()
	if f.settings.Engine == Flux {
		openapi.Schema() // Flux adds a build's schema to Kubernetes' own
	}
	f.stop, f.kustomizations, f.customSchema = nil, 0, true
	return f.run()
}

// forget takes back a schema that the build brought.
func (f *filesystem) forget() {
	if f.customSchema {
		openapi.ResetOpenAPI()
	}
}

// run prepares the folder as its engine does and lets Kustomize build it.
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
		return nil, &Error{Reason: ReasonInvalid, Detail: plain(err)}
	}
	return built, nil
}

// plain is Kustomize's message with paths as they are in the tree.
func plain(err error) string {
	return strings.ReplaceAll(strings.ReplaceAll(err.Error(), mount+"/", ""), mount, ".")
}
