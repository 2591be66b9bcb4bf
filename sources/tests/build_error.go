package tests

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/assay-dev/assay/sources/render"
)

// explain makes a Problem of an overlay that cannot be built.
func explain(tree fs.FS, overlay string, e *render.Error) Problems {
	p := Problem{File: e.File, Line: e.Line, Field: e.Field, Message: e.Detail, Remedy: "correct it; `kustomize build " + overlay + "` says the same"}
	if message, remedy, ok := strings.Cut(e.Detail, "; "); ok && e.Reason != render.ReasonInvalid {
		p.Message, p.Remedy = message, remedy
	}
	switch {
	case p.File == "" && e.Reason == render.ReasonMissing:
		p.File = overlay
		if others := overlaysBeside(tree, overlay); len(others) > 0 {
			p.Remedy = suggest(overlay, others)
		}
	case p.File == "":
		p.File = path.Join(overlay, "kustomization.yaml")
		fallthrough
	case e.Reason == render.ReasonInvalid:
		untangle(&p, newSources(tree))
	}
	return Problems{p}
}

var (
	duplicate   = regexp.MustCompile(`merging resources from '([^']+)'.* already registered id: (\w+)\.[^/]*/([^.']+)`)
	missingFile = regexp.MustCompile(`accumulating resources from '([^']+)'.*file does not exist`)
	malformed   = regexp.MustCompile(`MalformedYAMLError: (yaml: (?:line (\d+): )?.*) in File: (\S+)`)
	anyYAML     = regexp.MustCompile(`[\w./-]+\.ya?ml`)
)

// untangle takes out of Kustomize's message, which tells its whole way there, what is wrong and where.
func untangle(p *Problem, s *sources) {
	kustomization := p.File
	if m := duplicate.FindStringSubmatch(p.Message); m != nil {
		p.File = path.Join(path.Dir(kustomization), m[1])
		p.Document, p.Field = m[2]+"/"+m[3], "metadata.name"
		p.Message, p.Remedy = "is defined twice", "rename one of the two, or list the file or folder only once"
		for _, doc := range s.ofKind(p.File, m[2]) {
			if metadata, _ := child(doc, "metadata"); name(doc) == m[3] {
				p.Line = metadata.Line
			}
		}
		if len(s.documents(p.File)) == 0 { // a folder
			p.File, p.Line = kustomization, s.lineOf(kustomization, m[1])
		}
		return
	}
	if m := missingFile.FindStringSubmatch(p.Message); m != nil {
		p.Line = s.lineOf(kustomization, m[1])
		p.Message, p.Remedy = "there is no "+path.Join(path.Dir(kustomization), m[1]), "add it, or take it out of the kustomization"
		return
	}
	if m := malformed.FindStringSubmatch(p.Message); m != nil {
		p.Message, p.Remedy = m[1], "correct the YAML"
		p.Line, _ = strconv.Atoi(m[2])
		p.File = s.named(m[3], kustomization)
		return
	}
	if file := anyYAML.FindString(p.Message); file != "" && p.Line == 0 {
		p.File = s.named(file, kustomization)
	}
}

// overlaysBeside lists the folders with a kustomization beside one that has none.
func overlaysBeside(tree fs.FS, overlay string) []string {
	var found []string
	dirs := []string{path.Dir(overlay), "overlays"}
	for _, dir := range slices.Compact(dirs) {
		entries, _ := fs.ReadDir(tree, dir)
		for _, entry := range entries {
			folder := path.Join(dir, entry.Name())
			if _, err := fs.Stat(tree, path.Join(folder, "kustomization.yaml")); err == nil {
				found = append(found, folder)
			}
		}
	}
	return found
}
