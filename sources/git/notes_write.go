package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// maxNote is the longest note that is written, in bytes. Everybody who reads a log
// reads its notes; what is longer belongs elsewhere, and into the note where that
// is.
const maxNote = 64 << 10

// WriteNotes writes a tree that holds what tree does and notes, by commit. Other
// notes, and files that are none, stay as they are. Where a commit has another note
// already, merge makes one of both ([CatSortUniq] as Git can); nil puts the new one
// in its place. A note that is empty or longer than 64 KiB is refused. The folders
// are those that Git would make.
func (s *Scratch) WriteNotes(ctx context.Context, tree Hash, notes map[Hash][]byte, merge func(old, new []byte) []byte) (Hash, error) {
	before := &Notes{objects: s, tree: tree}
	blobs := make(map[string]Hash, len(notes))
	for commit, note := range notes {
		h, err := s.writeNote(ctx, before, commit, note, merge)
		if err != nil {
			return Hash{}, fmt.Errorf("write the note of commit %s: %w", commit, err)
		}
		blobs[commit.String()] = h
	}
	h, err := s.putNotes(ctx, tree, nameDigits, blobs)
	if err != nil {
		return Hash{}, fmt.Errorf("write notes: %w", err)
	}
	return h, nil
}

func (s *Scratch) writeNote(ctx context.Context, before *Notes, commit Hash, note []byte, merge func(old, new []byte) []byte) (Hash, error) {
	old, err := before.find(ctx, commit)
	if err != nil {
		return Hash{}, err
	}
	if !old.IsZero() && merge != nil {
		data, err := s.Blob(ctx, old)
		if err != nil {
			return Hash{}, err
		}
		if !bytes.Equal(data, note) {
			note = merge(data, note)
		}
	}
	switch {
	case len(note) == 0:
		return Hash{}, errors.New("it is empty, which Git takes for none")
	case len(note) > maxNote:
		return Hash{}, fmt.Errorf("it has %d bytes, over the limit of %d: keep what is long elsewhere, and say in the note where", len(note), maxNote)
	}
	return s.WriteBlob(note), nil
}

// putNotes puts notes into a folder of notes, by the left digits of their names
// that remain in it.
func (s *Scratch) putNotes(ctx context.Context, tree Hash, left int, notes map[string]Hash) (Hash, error) {
	entries, err := s.Entries(ctx, tree)
	if err != nil {
		return Hash{}, err
	}
	folder := noteFolder{notes: map[string]Hash{}, folders: map[string]Hash{}}
	for _, e := range entries {
		switch {
		case isNote(e, left):
			folder.notes[e.Name] = e.Hash
		case isNoteFolder(e, left):
			folder.folders[e.Name] = e.Hash
		default:
			folder.others = append(folder.others, e)
		}
	}
	for digits, h := range notes {
		folder.notes[digits] = h
	}
	for name, below := range folder.sink(left) {
		if folder.folders[name], err = s.putNotes(ctx, folder.folders[name], left-folderDigits, below); err != nil {
			return Hash{}, err
		}
	}
	return s.WriteTree(folder.entries())
}

// noteFolder is a folder of notes that is being written.
type noteFolder struct {
	notes   map[string]Hash // blobs by the digits that remain
	folders map[string]Hash // trees by the digits that they take
	others  []Entry
}

// sink takes out the notes that belong into folders below, by folder: those of
// which there is one, and all once every digit begins the names of two or more,
// which is when Git makes folders.
func (f *noteFolder) sink(left int) map[string]map[string]Hash {
	below := map[string]map[string]Hash{}
	if left == folderDigits {
		return below
	}
	crowded := f.crowded()
	for digits, h := range f.notes {
		name := digits[:folderDigits]
		if _, there := f.folders[name]; !there && !crowded {
			continue
		}
		if below[name] == nil {
			below[name] = map[string]Hash{}
		}
		below[name][digits[folderDigits:]] = h
		delete(f.notes, digits)
	}
	return below
}

func (f *noteFolder) crowded() bool {
	const many = 2
	begins := map[byte]int{}
	for digits := range f.notes {
		begins[digits[0]]++
	}
	for name := range f.folders {
		begins[name[0]] += many
	}
	for _, count := range begins {
		if count < many {
			return false
		}
	}
	return len(begins) == 16
}

func (f *noteFolder) entries() []Entry {
	entries := f.others
	for name, h := range f.notes {
		entries = append(entries, Entry{Name: name, Mode: filemode.Regular, Hash: h})
	}
	for name, h := range f.folders {
		entries = append(entries, Entry{Name: name, Mode: filemode.Dir, Hash: h})
	}
	return entries
}

// CatSortUniq makes one note of two, as `git notes merge -s cat_sort_uniq` does:
// the lines of both, sorted, each once, without empty ones. It suits notes of which
// every line says something by itself.
func CatSortUniq(a, b []byte) []byte {
	lines := strings.Split(string(a)+"\n"+string(b), "\n")
	slices.Sort(lines)
	lines = slices.Compact(lines)
	lines = slices.DeleteFunc(lines, func(line string) bool { return line == "" })
	if len(lines) == 0 {
		return nil
	}
	return []byte(strings.Join(lines, "\n") + "\n")
}
