package git

import "context"

// span is a part of history: what some commits have in theirs and others not.
type span struct {
	commits []*Commit     // newest first
	met     map[Hash]bool // the excluded commits that are in the history of the others
	cut     bool          // a parent of one of the commits is not present
}

// between walks from wants towards the past, by commit date, until all that is
// left is in the history of haves too. The walk ends at commits that are not
// present. Where clocks went wrong the span may be larger than it need be.
func between(ctx context.Context, o Objects, wants, haves []Hash) (*span, error) {
	p := newPainter(ctx, o)
	if err := p.start(haves, below); err != nil {
		return nil, err
	}
	if err := p.start(wants, fromA); err != nil {
		return nil, err
	}
	if err := p.run(never); err != nil {
		return nil, err
	}
	found := &span{met: map[Hash]bool{}, cut: p.unknown(fromA) != nil}
	for _, n := range p.left {
		if n.colour&below == 0 {
			found.commits = append(found.commits, n.commit)
		}
	}
	for _, h := range haves {
		if p.colourOf(h)&fromA != 0 {
			found.met[h] = true
		}
	}
	return found, nil
}

// newest returns up to n commits from the histories of heads, by date.
func newest(ctx context.Context, o Objects, heads []Hash, n int) ([]Hash, error) {
	p := newPainter(ctx, o)
	if err := p.start(heads, fromA); err != nil {
		return nil, err
	}
	if err := p.run(func() bool { return len(p.left) == n }); err != nil {
		return nil, err
	}
	hashes := make([]Hash, len(p.left))
	for i, found := range p.left {
		hashes[i] = found.commit.Hash
	}
	return hashes, nil
}
