package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// minPrefix is the least length of an abbreviated hash, as in Git.
const minPrefix = 4

// maxTags bounds how many tags may point at each other before a commit.
const maxTags = 16

// Resolve returns the commit that rev names: a hash, an abbreviated hash (four
// digits or more), HEAD or @, a branch, a tag, a remote branch or any full
// reference, and after it any of ~n, ^n and ^{commit}. An annotated tag leads to
// its commit. Where a hash and a reference look the same the full hash comes
// first and an abbreviated one last, as in Git. The error for what is not there
// wraps [ErrNotFound] or [ErrShallow]; an abbreviation that fits several commits is
// one too.
func (r *Repository) Resolve(ctx context.Context, rev string) (Hash, error) {
	base, steps := rev, ""
	if i := strings.IndexAny(rev, "~^"); i >= 0 {
		base, steps = rev[:i], rev[i:]
	}
	h, err := r.resolveBase(ctx, base)
	if err == nil {
		h, err = r.peel(h)
	}
	for err == nil && steps != "" {
		h, steps, err = r.step(ctx, h, steps)
	}
	if err == nil {
		_, err = r.Commit(ctx, h) // it may be beyond the edge of a shallow clone
	}
	if err != nil {
		return Hash{}, fmt.Errorf("resolve revision %q: %w", rev, err)
	}
	return h, nil
}

func (r *Repository) resolveBase(ctx context.Context, name string) (Hash, error) {
	if h, err := ParseHash(name); err == nil {
		return h, nil
	}
	if name == "@" {
		name = "HEAD"
	}
	h, err := r.resolveReference(name)
	if !errors.Is(err, plumbing.ErrReferenceNotFound) {
		return h, err
	}
	return r.resolvePrefix(strings.ToLower(name))
}

func (r *Repository) resolveReference(name string) (Hash, error) {
	for _, full := range fullNames(name) {
		if full.Validate() != nil {
			continue
		}
		h, err := r.refs.lookup(full)
		if err == nil {
			return h, nil
		}
		if !errors.Is(err, plumbing.ErrReferenceNotFound) {
			return Hash{}, err
		}
	}
	return Hash{}, plumbing.ErrReferenceNotFound
}

// fullNames lists the references that a short name may mean, in the order in
// which Git looks for them.
func fullNames(name string) []plumbing.ReferenceName {
	if strings.HasPrefix(name, "refs/") || name == "HEAD" || strings.HasSuffix(name, "_HEAD") {
		return []plumbing.ReferenceName{plumbing.ReferenceName(name)}
	}
	var names []plumbing.ReferenceName
	for _, pattern := range []string{"refs/%s", "refs/tags/%s", "refs/heads/%s", "refs/remotes/%s", "refs/remotes/%s/HEAD"} {
		names = append(names, plumbing.ReferenceName(fmt.Sprintf(pattern, name)))
	}
	return names
}

func (r *Repository) resolvePrefix(prefix string) (Hash, error) {
	if len(prefix) < minPrefix || len(prefix) > 2*len(Hash{}) || strings.Trim(prefix, "0123456789abcdef") != "" {
		return Hash{}, fmt.Errorf("no such reference: %w", ErrNotFound)
	}
	candidates, err := r.store.withPrefix(prefix)
	if err != nil {
		return Hash{}, err
	}
	var commits []Hash
	for _, h := range candidates {
		if o, err := r.store.get(h); err == nil && (o.kind == plumbing.CommitObject || o.kind == plumbing.TagObject) {
			commits = append(commits, h)
		}
	}
	switch len(commits) {
	case 0:
		return Hash{}, fmt.Errorf("no such reference or commit: %w", ErrNotFound)
	case 1:
		return commits[0], nil
	default:
		return Hash{}, fmt.Errorf("is ambiguous: %d commits start with it; give more digits", len(commits))
	}
}

// peel follows annotated tags to a commit.
func (r *Repository) peel(h Hash) (Hash, error) {
	for range maxTags {
		o, err := r.store.get(h)
		if err != nil {
			return Hash{}, err
		}
		switch o.kind {
		case plumbing.CommitObject:
			return h, nil
		case plumbing.TagObject:
			line, _, _ := bytes.Cut(o.data, []byte{'\n'})
			target, ok := bytes.CutPrefix(line, []byte("object "))
			if !ok {
				return Hash{}, fmt.Errorf("tag %s has no object: %w", h, ErrCorrupt)
			}
			if h, err = ParseHash(string(target)); err != nil {
				return Hash{}, fmt.Errorf("tag: %w: %w", ErrCorrupt, err)
			}
		default:
			return Hash{}, fmt.Errorf("%s is a %s, not a commit", h, o.kind)
		}
	}
	return Hash{}, fmt.Errorf("%s: more than %d tags point at each other", h, maxTags)
}

// step takes the first of steps from the commit h.
func (r *Repository) step(ctx context.Context, h Hash, steps string) (next Hash, rest string, err error) {
	if rest, ok := strings.CutPrefix(steps, "^{commit}"); ok {
		return h, rest, nil
	}
	kind, rest := steps[0], strings.TrimLeft(steps[1:], "0123456789")
	digits := steps[1 : len(steps)-len(rest)]
	n := 1
	if digits != "" {
		if n, err = strconv.Atoi(digits); err != nil {
			return h, "", err
		}
	}
	if kind != '~' && kind != '^' {
		return h, "", fmt.Errorf("%q is not understood; use ~n, ^n or ^{commit}", steps)
	}
	if n == 0 {
		return h, rest, nil
	}
	if kind == '^' {
		h, err = r.parent(ctx, h, n)
		return h, rest, err
	}
	for range n {
		if h, err = r.parent(ctx, h, 1); err != nil {
			return h, "", err
		}
	}
	return h, rest, nil
}

// parent returns the n-th parent of h, counted from 1.
func (r *Repository) parent(ctx context.Context, h Hash, n int) (Hash, error) {
	c, err := r.Commit(ctx, h)
	if err != nil {
		return Hash{}, err
	}
	if n > len(c.Parents) {
		return Hash{}, fmt.Errorf("commit %s has %d parents, not %d: %w", h, len(c.Parents), n, ErrNotFound)
	}
	return c.Parents[n-1], nil
}
