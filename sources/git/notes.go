package git

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// Notes are what people and programs attach to commits without changing them: the
// tree of a commit on a reference as refs/notes/commits, which Git shows with
// `git log --notes`. A note is a blob that is named by the digits of its commit. As
// notes become many, Git makes the first digits names of folders, two digits each;
// a tree may hold both ways at once, and files that are no notes.
//
// Notes are read when they are asked for, and safe for concurrent use.
type Notes struct {
	objects Objects
	tree    Hash
}

// ReadNotes reads the notes that a commit on a reference of notes holds; the zero
// Hash holds none.
func ReadNotes(ctx context.Context, o Objects, commit Hash) (*Notes, error) {
	if commit.IsZero() {
		return &Notes{objects: o}, nil
	}
	c, err := o.Commit(ctx, commit)
	if err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	return &Notes{objects: o, tree: c.Tree}, nil
}

// Get returns the note of a commit. The error for a commit without one wraps
// [ErrNotFound].
func (n *Notes) Get(ctx context.Context, commit Hash) ([]byte, error) {
	h, err := n.find(ctx, commit)
	if err == nil && h.IsZero() {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("note of commit %s: %w", commit, err)
	}
	return n.objects.Blob(ctx, h)
}

// find returns the blob of a note, or the zero Hash.
func (n *Notes) find(ctx context.Context, commit Hash) (Hash, error) {
	below := n.tree
	for digits := commit.String(); !below.IsZero(); digits = digits[folderDigits:] {
		entries, err := n.objects.Entries(ctx, below)
		if err != nil {
			return Hash{}, err
		}
		below = Hash{}
		for _, e := range entries {
			switch {
			case e.Name == digits && isNote(e, len(digits)):
				return e.Hash, nil
			case e.Name == digits[:folderDigits] && isNoteFolder(e, len(digits)):
				below = e.Hash
			}
		}
	}
	return Hash{}, nil
}

// All lists the commits that have notes, each with the blob that is its note. A tree
// of more than 2^20 files and folders is an error: it may be a small one that stands
// in itself many times.
func (n *Notes) All(ctx context.Context) (map[Hash]Hash, error) {
	l := noteList{n.objects, map[Hash]Hash{}, 0}
	if err := l.add(ctx, n.tree, ""); err != nil {
		return nil, fmt.Errorf("list notes: %w", err)
	}
	return l.all, nil
}

// maxNoteEntries is how many files and folders of notes are listed: years of notes
// on every commit of a busy repository.
const maxNoteEntries = 1 << 20

// noteList is a list of notes that is being made.
type noteList struct {
	objects Objects
	all     map[Hash]Hash
	seen    int // files and folders
}

// add adds the notes of a folder, in whose commits' names prefix comes first.
func (l *noteList) add(ctx context.Context, tree Hash, prefix string) error {
	entries, err := l.objects.Entries(ctx, tree)
	if err != nil {
		return err
	}
	if l.seen += len(entries); l.seen > maxNoteEntries {
		return fmt.Errorf("there are more than %d files and folders: %w", maxNoteEntries, ErrUnsafe)
	}
	left := nameDigits - len(prefix)
	for _, e := range entries {
		switch {
		case isNote(e, left):
			l.all[plumbing.NewHash(prefix+e.Name)] = e.Hash
		case isNoteFolder(e, left):
			if err := l.add(ctx, e.Hash, prefix+e.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

const (
	// nameDigits is how many digits name a commit.
	nameDigits = 2 * len(Hash{})
	// folderDigits is how many of them a folder of notes takes.
	folderDigits = 2
)

// isNote recognises a note in a folder below which left digits of names remain.
func isNote(e Entry, left int) bool {
	return e.Mode != filemode.Dir && e.Mode != filemode.Submodule && isDigits(e.Name, left)
}

// isNoteFolder recognises a folder of further notes.
func isNoteFolder(e Entry, left int) bool {
	return e.Mode == filemode.Dir && left > folderDigits && isDigits(e.Name, folderDigits)
}

func isDigits(name string, count int) bool {
	return len(name) == count && strings.Trim(name, "0123456789abcdef") == ""
}
