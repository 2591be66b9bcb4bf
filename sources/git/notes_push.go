package git

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// maxNoteAttempts is how often notes are written anew because somebody else's
// arrived first.
const maxNoteAttempts = 10

// Notes fetches the notes on a reference of the remote, given by its full name as
// refs/notes/commits. A reference that is not there holds none.
func (m *Mirror) Notes(ctx context.Context, ref string) (notes *Notes, err error) {
	if err := checkNotesRef(ref); err != nil {
		return nil, err
	}
	ctx, end := m.operation(ctx, &err, "fetching %s", ref)
	defer end()
	head, err := m.notesHead(ctx, ref)
	if err != nil {
		return nil, err
	}
	return ReadNotes(ctx, m.repo, head)
}

// notesHead fetches where a reference of notes is; the zero Hash stands for nowhere.
func (m *Mirror) notesHead(ctx context.Context, ref string) (Hash, error) {
	head, _, err := m.refresh(ctx, ref)
	if errors.Is(err, ErrNoBranch) {
		return Hash{}, nil
	}
	return head, err
}

// AddNotes adds notes, by commit, to those on a reference of the remote and pushes
// that, in one commit by author that sign signs unless it is nil. What others have
// there stays, also what they push meanwhile: where a commit has another note
// already, merge makes one of both, as for [Scratch.WriteNotes], whose limits hold.
// Notes that are all there already are not pushed again. The error wraps
// [ErrStale] where somebody else was faster again and again.
func (m *Mirror) AddNotes(ctx context.Context, ref string, notes map[Hash][]byte, merge func(old, new []byte) []byte, author Signature, sign Signer) (err error) {
	if err := checkNotesRef(ref); err != nil {
		return err
	}
	if len(notes) == 0 {
		return nil
	}
	for range maxNoteAttempts {
		if err = m.addNotes(ctx, ref, notes, merge, author, sign); !errors.Is(err, ErrStale) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("adding %d notes: %w", len(notes), err)
	}
	return nil
}

// addNotes tries once.
func (m *Mirror) addNotes(ctx context.Context, ref string, notes map[Hash][]byte, merge func(old, new []byte) []byte, author Signature, sign Signer) (err error) {
	ctx, end := m.operation(ctx, &err, "writing %s", ref)
	defer end()
	head, err := m.notesHead(ctx, ref)
	if err != nil {
		return err
	}
	before, err := ReadNotes(ctx, m.repo, head)
	if err != nil {
		return err
	}
	s := m.repo.Scratch()
	tree, err := s.WriteNotes(ctx, before.tree, notes, merge)
	if err != nil || tree == before.tree {
		return err
	}
	commit := NewCommit{Tree: tree, Author: author, Committer: author, Message: "Notes added by Assay\n", Sign: sign}
	if !head.IsZero() {
		commit.Parents = []Hash{head}
	}
	next, err := s.WriteCommit(commit)
	if err != nil {
		return err
	}
	if err := s.Flush(ctx); err != nil {
		return err
	}
	return m.exchange.push(ctx, []RefUpdate{{Ref: ref, Old: head, New: next}})
}

func checkNotesRef(ref string) error {
	if err := checkRefName(ref); err != nil || !strings.HasPrefix(ref, "refs/notes/") {
		return fmt.Errorf("%q is no reference of notes: give its full name, as refs/notes/commits", ref)
	}
	return nil
}
