package tests

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"sync"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/assay-dev/assay/sources/render"
)

// CheckExpr says what is wrong with a Gate's pass condition, given the Suites that the Gate selects. It knows the language; this package
// does not.
type CheckExpr func(gate *Gate, suites []*Suite, expr string) error

// Options say what Load checks beyond what it knows by itself.
type Options struct {
	// CheckExpr checks pass conditions. Without it they are taken as they are.
	CheckExpr CheckExpr
	// CheckResource checks the resources of Suites. Without it they are taken as they are.
	CheckResource CheckResource
	// Formats are the names of report formats that may be written. When empty, any may.
	Formats []string
}

// Loader loads overlays, and remembers each one's last Set: nothing is read again for a commit that changes nothing in the tree,
// nothing is built or checked again when no file changed that the build looked at. It is safe for concurrent use.
type Loader struct {
	builder *render.Builder
	options Options

	mu     sync.Mutex
	loaded map[string]*loaded // by overlay
}

// loaded is what is remembered of one overlay.
type loaded struct {
	root      plumbing.Hash
	rendering *render.Rendering
	set       *Set
	files     map[*Suite]string // the sums of the set's Suites
	sums      map[string]string // of the Suites' files; see digester.known
	problems  Problems
}

// NewLoader makes a Loader over a builder, which may be shared with others.
func NewLoader(builder *render.Builder, o Options) *Loader {
	return &Loader{builder: builder, options: o, loaded: map[string]*loaded{}}
}

// Load is one Loader's first Load; use a Loader where overlays are loaded again and again.
func Load(ctx context.Context, builder *render.Builder, tree render.Tree, overlay string, o Options) (*Set, error) {
	return NewLoader(builder, o).Load(ctx, tree, overlay)
}

// Load builds the overlay, a folder of the tree, and returns its checked documents. What is wrong with the repository is Problems, and
// loading the same tree again finds the same; any other error may pass.
func (l *Loader) Load(ctx context.Context, tree render.Tree, overlay string) (*Set, error) {
	root, _, err := tree.Hash(".")
	if err != nil {
		return nil, fmt.Errorf("read the test repository: %w", err)
	}
	overlay = path.Clean(overlay)
	l.mu.Lock()
	last := l.loaded[overlay]
	l.mu.Unlock()
	if last == nil || root.IsZero() || last.root != root { // a plain directory has no id
		if last, err = l.load(ctx, tree, overlay, last); err != nil {
			return nil, err
		}
		last.root = root
		l.mu.Lock()
		l.loaded[overlay] = last
		l.mu.Unlock()
	}
	if len(last.problems) > 0 {
		return nil, last.problems
	}
	return last.set, nil
}

// load does what is new since the last time, which may be nil.
func (l *Loader) load(ctx context.Context, tree render.Tree, overlay string, last *loaded) (*loaded, error) {
	rendering, err := l.builder.Build(ctx, tree, overlay, buildSettings())
	if refusal := (*render.Error)(nil); errors.As(err, &refusal) {
		return &loaded{problems: explain(tree, overlay, refusal)}, nil
	} else if err != nil {
		return nil, fmt.Errorf("build %s of the test repository: %w", overlay, err)
	}
	if last != nil && last.rendering == rendering && len(last.problems) == 0 {
		next, err := last.again(ctx, tree)
		if next != nil || err != nil {
			return next, err
		}
	}
	c := collect(tree, overlay, rendering, l.options)
	next := &loaded{rendering: rendering, set: &c.set, sums: map[string]string{}}
	d := &digester{tree: tree, kept: next.sums, report: func(s *Suite, at field, message, remedy string) {
		c.problem(c.docs[s], at, message, remedy)
	}}
	if last != nil {
		d.known = last.sums
	}
	if next.files, err = d.suites(ctx, c.set.Suites); err != nil {
		return nil, fmt.Errorf("read the files of the Suites of %s: %w", overlay, err)
	}
	if c.set.digests, err = digests(&c.set, next.files); err != nil {
		return nil, err
	}
	next.problems = c.problems.sorted()
	return next, nil
}

// again finds what the last Set is in a tree that renders the same but may hold other files of its Suites; nil when something is
// wrong with these, or may be.
func (l *loaded) again(ctx context.Context, tree render.Tree) (*loaded, error) {
	next := &loaded{rendering: l.rendering, set: l.set, sums: map[string]string{}}
	sound := true
	d := &digester{tree: tree, known: l.sums, kept: next.sums, report: func(*Suite, field, string, string) { sound = false }}
	var err error
	if next.files, err = d.suites(ctx, l.set.Suites); err != nil {
		return nil, fmt.Errorf("read the files of the Suites: %w", err)
	}
	if !sound || slices.ContainsFunc(l.set.Suites, func(s *Suite) bool { return s.Spec.Resource != nil && next.files[s] != l.files[s] }) {
		return nil, nil
	}
	if !maps.Equal(next.files, l.files) {
		set := *l.set
		if set.digests, err = digests(&set, next.files); err != nil {
			return nil, err
		}
		next.set = &set
	}
	return next, nil
}
