package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner/resource/condition"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

// loadTests loads an overlay as `assay run` does.
func loadTests(ctx context.Context, tree render.Tree, overlay string) (*tests.Set, error) {
	return tests.Load(ctx, render.NewBuilder(nil), tree, overlay, tests.Options{CheckExpr: gate.Check, CheckResource: condition.Check, Formats: report.Formats()})
}

// overlaysIn finds the overlays of a test repository: the folders of overlays/ that Kustomize can build.
func overlaysIn(tree fs.FS) ([]string, error) {
	files, err := fs.Glob(tree, "overlays/*/*ustomization*")
	if err != nil {
		return nil, err
	}
	var overlays []string
	for _, file := range files {
		if slices.Contains([]string{"kustomization.yaml", "kustomization.yml", "Kustomization"}, path.Base(file)) {
			overlays = append(overlays, path.Dir(file))
		}
	}
	overlays = slices.Compact(overlays)
	if len(overlays) == 0 {
		return nil, errors.New("there is no overlay: name one with --overlay, or begin with `assay init`")
	}
	return overlays, nil
}

// oneOverlay is the overlay that was named, or the only one there is.
func oneOverlay(tree fs.FS, named string) (string, error) {
	if named != "" {
		return named, nil
	}
	overlays, err := overlaysIn(tree)
	if err != nil {
		return "", err
	}
	if len(overlays) > 1 {
		return "", fmt.Errorf("which overlay? Name one with --overlay: %s", strings.Join(overlays, ", "))
	}
	return overlays[0], nil
}
