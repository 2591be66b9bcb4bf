package git

import (
	"compress/zlib"
	"context"
	"crypto"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	githash "github.com/go-git/go-git/v5/plumbing/hash"
)

// gather lists the objects that commits bring along: themselves, and what their
// trees hold beyond the trees of their parents. Parents that are not present
// hold nothing.
func gather(ctx context.Context, o Objects, commits []*Commit) ([]Hash, error) {
	g := &gathering{objects: o, seen: map[Hash]bool{}}
	for _, commit := range commits {
		g.add(commit.Hash)
	}
	for _, commit := range parentsFirst(commits) {
		var bases []Hash
		for _, parent := range commit.Parents {
			if base, err := o.Commit(ctx, parent); err == nil {
				bases = append(bases, base.Tree)
			}
		}
		if err := g.tree(ctx, commit.Tree, bases, 0); err != nil {
			return nil, fmt.Errorf("commit %s: %w", commit.Hash, err)
		}
	}
	return g.hashes, nil
}

// parentsFirst orders commits so that none comes before its parents. A tree is
// looked into once, less what the parents' trees hold, so theirs must be
// complete by then: a commit may have the tree of one long before it.
func parentsFirst(commits []*Commit) []*Commit {
	waiting := make(map[Hash]*Commit, len(commits))
	for _, c := range commits {
		waiting[c.Hash] = c
	}
	ordered := make([]*Commit, 0, len(commits))
	for _, c := range commits {
		for path := []*Commit{c}; len(path) > 0; {
			last := path[len(path)-1]
			next := slices.IndexFunc(last.Parents, func(h Hash) bool { return waiting[h] != nil })
			if next >= 0 {
				path = append(path, waiting[last.Parents[next]])
				continue
			}
			if waiting[last.Hash] != nil {
				delete(waiting, last.Hash)
				ordered = append(ordered, last)
			}
			path = path[:len(path)-1]
		}
	}
	return ordered
}

type gathering struct {
	objects Objects
	hashes  []Hash
	seen    map[Hash]bool
}

// add reports whether h is new.
func (g *gathering) add(h Hash) bool {
	if g.seen[h] {
		return false
	}
	g.seen[h] = true
	g.hashes = append(g.hashes, h)
	return true
}

// tree adds a tree, depth folders down, with everything in it that none of bases
// has in its place.
func (g *gathering) tree(ctx context.Context, tree Hash, bases []Hash, depth int) error {
	if err := checkDepth(depth); err != nil {
		return err
	}
	if slices.Contains(bases, tree) || !g.add(tree) {
		return nil
	}
	entries, err := g.objects.Entries(ctx, tree)
	if err != nil {
		return err
	}
	files, folders := map[string][]Hash{}, map[string][]Hash{}
	for _, base := range bases {
		entries, err := g.objects.Entries(ctx, base)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Mode == filemode.Dir {
				folders[e.Name] = append(folders[e.Name], e.Hash)
			} else {
				files[e.Name] = append(files[e.Name], e.Hash)
			}
		}
	}
	for _, e := range entries {
		switch {
		case e.Mode == filemode.Dir:
			if err := g.tree(ctx, e.Hash, folders[e.Name], depth+1); err != nil {
				return err
			}
		case e.Mode != filemode.Submodule && !slices.Contains(files[e.Name], e.Hash):
			g.add(e.Hash)
		}
	}
	return nil
}

// packing makes a pack of objects, which get reads, while it is being read. Who
// closes it early ends that.
func packing(ctx context.Context, get func(Hash) (object, error), hashes []Hash) *io.PipeReader {
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(writePack(ctx, writer, get, hashes)) }()
	return reader
}

// writePack writes objects as a pack, each by itself: what is sent is small, and
// reading one at a time keeps memory small.
func writePack(ctx context.Context, w io.Writer, get func(Hash) (object, error), hashes []Hash) error {
	hasher := githash.New(crypto.SHA1)
	both := io.MultiWriter(w, hasher)
	header := append([]byte("PACK"), 0, 0, 0, 2)
	if _, err := both.Write(binary.BigEndian.AppendUint32(header, uint32(len(hashes)))); err != nil {
		return err
	}
	deflate := zlib.NewWriter(both)
	for _, h := range hashes {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		o, err := get(h)
		if err != nil {
			return err
		}
		if _, err := both.Write(packHeader(o.kind, len(o.data))); err != nil {
			return err
		}
		deflate.Reset(both)
		if _, err := deflate.Write(o.data); err != nil {
			return err
		}
		if err := deflate.Close(); err != nil {
			return err
		}
	}
	_, err := w.Write(hasher.Sum(nil))
	return err
}

// packHeader encodes kind and length: four bits of the length beside the kind,
// then seven at a time, lowest first.
func packHeader(kind plumbing.ObjectType, size int) []byte {
	header := []byte{byte(kind)<<4 | byte(size&0x0f)}
	for size >>= 4; size > 0; size >>= 7 {
		header[len(header)-1] |= 0x80
		header = append(header, byte(size&0x7f))
	}
	return header
}
