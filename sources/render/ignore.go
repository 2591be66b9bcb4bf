package render

import (
	"bytes"
	"path"
	"strings"

	"github.com/fluxcd/pkg/sourceignore"
	"github.com/fluxcd/pkg/sourceignore/gitignore"
)

// ignoreRules says what Flux's source-controller leaves out of the artifact that kustomize-controller builds: its default
// list, .sourceignore files in every directory, and the source's spec.ignore, later rules winning over earlier ones.
type ignoreRules struct {
	spec  []gitignore.Pattern
	inDir map[string][]gitignore.Pattern // patterns of .sourceignore, by directory
}

func newIgnoreRules(spec string) *ignoreRules {
	return &ignoreRules{
		spec:  sourceignore.ReadPatterns(strings.NewReader(spec), nil),
		inDir: map[string][]gitignore.Pattern{},
	}
}

// match tells whether the source leaves a path out. A pattern reaches only what lies beneath its own file, so the
// .sourceignore files in the path's parents are all that can matter.
func (r *ignoreRules) match(f *filesystem, name string, isDir bool) (bool, error) {
	if name == "." || path.Base(name) == sourceignore.IgnoreFile {
		return false, nil
	}
	elements := strings.Split(name, "/")
	var patterns []gitignore.Pattern
	for i := range elements {
		found, err := r.patterns(f, elements[:i:i])
		if err != nil {
			return false, err
		}
		patterns = append(patterns, found...)
	}
	patterns = append(patterns, r.spec...)
	return sourceignore.NewDefaultMatcher(patterns, nil).Match(elements, isDir), nil
}

func (r *ignoreRules) patterns(f *filesystem, dir []string) ([]gitignore.Pattern, error) {
	key := strings.Join(dir, "/")
	if known, ok := r.inDir[key]; ok {
		return known, nil
	}
	var patterns []gitignore.Pattern
	name := path.Join(key, sourceignore.IgnoreFile)
	found, err := f.kind(name)
	if err != nil {
		return nil, err
	}
	if found == file {
		data, err := f.read(name)
		if err != nil {
			return nil, err
		}
		patterns = sourceignore.ReadPatterns(bytes.NewReader(data), dir)
	}
	r.inDir[key] = patterns
	return patterns, nil
}
