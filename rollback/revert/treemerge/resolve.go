package treemerge

import (
	"fmt"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/assay-dev/assay/rollback/revert/textmerge"
	"github.com/assay-dev/assay/sources/git"
)

// outcome is what the versions of one path come to. Where they conflict the entry is that of ours.
type outcome struct {
	entry     git.Entry
	how       How  // "" unless content was merged
	conflict  Kind // "" if clean
	rendering []byte
}

// versionsOf takes the version of the side that moved a file from its new path and the others from its old one.
func versionsOf(source, target *item, by side) versions[git.Entry] {
	v := source.entries
	v[by] = target.entries[by]
	return v
}

// resolve decides what becomes of a path whose folder, if any, came to nothing.
func (m *merge) resolve(it *item) (outcome, error) {
	e := it.entries
	switch {
	case it.matches == oursBit|theirsBit:
		return outcome{entry: e[inOurs]}, nil
	case it.matches != 0:
		return outcome{entry: e[changed(it.matches)]}, nil
	}
	switch it.files &^ baseBit {
	case oursBit | theirsBit:
		if kindOf(e[inOurs]) != kindOf(e[inTheirs]) {
			return outcome{entry: e[inOurs], conflict: Types}, nil
		}
		return m.content(it.path, e)
	case oursBit, theirsBit:
		s, _ := (it.files &^ baseBit).only()
		if it.files&baseBit == 0 {
			return outcome{entry: e[s]}, nil
		}
		return outcome{entry: e[inOurs], conflict: ModifyDelete}, nil
	}
	return outcome{}, nil
}

// kindOf is the mode without what may differ between two versions of the same kind.
func kindOf(e git.Entry) filemode.FileMode {
	if regular(e) {
		return filemode.Regular
	}
	return e.Mode
}

// content merges three versions of which ours and theirs are of one kind.
func (m *merge) content(path string, v versions[git.Entry]) (outcome, error) {
	base, ours, theirs := v[inBase], v[inOurs], v[inTheirs]
	merged := outcome{entry: ours}
	switch {
	case ours.Mode == theirs.Mode || ours.Mode == base.Mode:
		merged.entry.Mode = theirs.Mode
	case theirs.Mode != base.Mode:
		merged.conflict = Mode
	}
	switch {
	case ours.Hash == theirs.Hash || ours.Hash == base.Hash:
		merged.entry.Hash = theirs.Hash
	case theirs.Hash == base.Hash:
	case ours.Mode == filemode.Submodule:
		merged.conflict = Submodule
	case ours.Mode == filemode.Symlink:
		merged.conflict = Symlink
	default:
		return m.lines(path, v, merged)
	}
	return merged, nil
}

// lines merges three versions of a regular file. A base of another kind counts as none.
func (m *merge) lines(path string, v versions[git.Entry], merged outcome) (outcome, error) {
	var data versions[[]byte]
	for s, e := range v {
		if !regular(e) {
			continue
		}
		blob, err := m.store.Blob(m.ctx, e.Hash)
		if err != nil {
			return outcome{}, fmt.Errorf("read %s of %s: %w", e.Hash, path, err)
		}
		if textmerge.Binary(blob) {
			merged.conflict = Binary
			return merged, nil
		}
		data[s] = blob
	}
	labels := textmerge.Labels{Ours: m.options.Ours, Theirs: m.options.Theirs}
	text := textmerge.Merge(data[inBase], data[inOurs], data[inTheirs], labels)
	if text.Clean() {
		merged.how = Text
		merged.entry.Hash = m.store.WriteBlob(text.Text)
		return merged, nil
	}
	if m.options.Structural != nil && regular(v[inBase]) {
		if settled, ok := m.options.Structural(path, data[inBase], data[inOurs], data[inTheirs]); ok {
			merged.how = Structural
			merged.entry.Hash = m.store.WriteBlob(settled)
			return merged, nil
		}
	}
	merged.conflict, merged.rendering = Content, text.Text
	if !regular(v[inBase]) {
		merged.conflict = AddAdd
	}
	return merged, nil
}
