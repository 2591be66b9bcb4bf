package tests

import (
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/assay-dev/assay/sources/render"
)

// explain makes a Problem of an overlay that cannot be built.
func explain(tree fs.FS, overlay string, e *render.Error) Problems {
	p := Problem{File: e.File, Line: e.Line, Field: e.Field, Message: e.Detail}
	if p.File == "" {
		p.File = path.Join(overlay, "kustomization.yaml")
	}
	switch {
	case e.Reason == render.ReasonMissing && e.File == "":
		p.File = overlay
		p.Remedy = "name the folder of an overlay"
		if others := overlaysBeside(tree, overlay); len(others) > 0 {
			p.Remedy = suggest(overlay, others)
		}
	case e.Reason == render.ReasonRemote:
		p.Remedy = "copy what it names into this repository: what runs must be in the commit that was checked"
	case e.Reason == render.ReasonPlugin || e.Reason == render.ReasonChart:
		p.Remedy = "generate the documents before they are committed"
	case strings.Contains(e.Detail, "already registered id"):
		p.Remedy = "two files define it: remove or rename one, or list the file or folder only once"
	default:
		p.Remedy = "correct it; `kustomize build " + overlay + "` says the same"
	}
	placeIn(&p, tree)
	return Problems{p}
}

var (
	yamlFile = regexp.MustCompile(`[\w./-]+\.ya?ml`)
	yamlLine = regexp.MustCompile(`line (\d+)`)
)

// placeIn finds file and line in Kustomize's message, where only it names them.
func placeIn(p *Problem, tree fs.FS) {
	if p.Line > 0 {
		return
	}
	for _, file := range yamlFile.FindAllString(p.Message, -1) {
		for _, candidate := range []string{file, path.Join(path.Dir(p.File), file)} {
			if info, err := fs.Stat(tree, candidate); fs.ValidPath(candidate) && err == nil && info.Mode().IsRegular() {
				p.File = candidate
			}
		}
	}
	if line := yamlLine.FindStringSubmatch(p.Message); line != nil {
		p.Line, _ = strconv.Atoi(line[1])
	}
}

// overlaysBeside lists the folders with a kustomization beside one that has none.
func overlaysBeside(tree fs.FS, overlay string) []string {
	var found []string
	for _, dir := range []string{path.Dir(overlay), "overlays"} {
		entries, _ := fs.ReadDir(tree, dir)
		for _, entry := range entries {
			folder := path.Join(dir, entry.Name())
			if _, err := fs.Stat(tree, path.Join(folder, "kustomization.yaml")); err == nil {
				found = append(found, folder)
			}
		}
		if len(found) > 0 {
			break
		}
	}
	return found
}
