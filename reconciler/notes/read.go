package notes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/sources/git"
)

// Noted is a Passed Verdict as a note of a commit holds it.
type Noted struct {
	Verdict
	Commit git.Hash
	// Refused says why it does not count; empty where it does.
	Refused string
}

// candidates is how many Passed Verdicts of one Gate are looked at: the newest may be forged, and then an older one may count.
const candidates = 20

// Read reads the newest Passed Verdicts of each Gate of an Environment from a repository, the newest first. Trusted is who must have signed
// the commit that brought a Verdict into the notes; nil trusts whoever could push there.
func Read(ctx context.Context, mirror *git.Mirror, environment string, trusted *git.Keyring) (found []Noted, problems []error, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("read %s of %s: %w", Ref, mirror, err)
		}
	}()
	notes, err := mirror.Notes(ctx, Ref) // fetches them
	if err != nil {
		return nil, nil, err
	}
	all, err := notes.All(ctx)
	if err != nil || len(all) == 0 {
		return nil, nil, err
	}
	for commit, blob := range all {
		note, err := readNote(ctx, mirror.Repository(), blob)
		if errors.Is(err, errTooLong) {
			problems = append(problems, fmt.Errorf("the note of %s: %w", commit, err))
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		verdicts, wrong := Parse(note)
		for _, problem := range wrong {
			problems = append(problems, fmt.Errorf("the note of %s: %w", commit, problem))
		}
		for _, v := range verdicts {
			if v.Outcome == gate.Passed && v.Key.Environment == environment {
				found = append(found, Noted{Verdict: v, Commit: commit})
			}
		}
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	found = newest(found)
	if trusted == nil {
		return found, problems, nil
	}
	refs, err := mirror.Refs(ctx, Ref)
	if err != nil {
		return nil, nil, err
	}
	return found, problems, vouch(ctx, mirror, refs[Ref], trusted, found)
}

// longest is the longest note that is looked into, in bytes: more than Assay writes, and little enough that nobody
// fills the memory with it.
const longest = 1 << 20

var errTooLong = fmt.Errorf("it is longer than %d bytes, which Assay never writes", longest)

func readNote(ctx context.Context, o *git.Repository, blob git.Hash) ([]byte, error) {
	size, err := o.BlobSize(ctx, blob)
	if err != nil {
		return nil, err
	}
	if size > longest {
		return nil, errTooLong
	}
	return o.Blob(ctx, blob)
}

// newest keeps the newest candidates of each Gate, newest first.
func newest(all []Noted) (kept []Noted) {
	slices.SortFunc(all, func(a, b Noted) int {
		switch {
		case a.newer(b.Verdict):
			return -1
		case b.newer(a.Verdict):
			return 1
		}
		return strings.Compare(a.Commit.String()+a.Key.Gate, b.Commit.String()+b.Key.Gate)
	})
	of := map[string]int{}
	for _, n := range all {
		if of[n.Key.Gate]++; of[n.Key.Gate] <= candidates {
			kept = append(kept, n)
		}
	}
	return kept
}

// mostCommits bounds how many commits of the notes are looked through.
const mostCommits = 100_000

// vouch looks through the history of the notes, newest first, for the commits that brought the Verdicts in, and refuses those that no
// trusted key signed. That a trusted key signed a later commit says nothing: whoever adds a note keeps the others.
func vouch(ctx context.Context, mirror *git.Mirror, head git.Hash, trusted *git.Keyring, found []Noted) error {
	pending := map[git.Hash][]*Noted{}
	for i := range found {
		found[i].Refused = "nobody vouches for it: the history of the notes goes back further than can be looked at"
		pending[found[i].Commit] = append(pending[found[i].Commit], &found[i])
	}
	at, err := commitOf(ctx, mirror, head)
	if err != nil {
		return err
	}
	for range mostCommits {
		before := &git.Commit{}
		if len(at.Parents) > 0 {
			before, err = commitOf(ctx, mirror, at.Parents[0])
			if errors.Is(err, git.ErrNoCommit) {
				return nil
			}
			if err != nil {
				return err
			}
		}
		changed, err := git.Diff(ctx, mirror.Repository(), before.Tree, at.Tree)
		if err != nil {
			return err
		}
		for _, c := range changed {
			commit, isNote := noteAt(c.Path)
			if !isNote || c.To.Hash.IsZero() {
				continue
			}
			if err := introduced(ctx, mirror, before, at, commit, trusted, pending); err != nil {
				return err
			}
		}
		if len(at.Parents) == 0 || len(pending) == 0 {
			return nil
		}
		at = before
	}
	return nil
}

// introduced settles the Verdicts on a commit that the notes hold at one commit of theirs, and did not before.
func introduced(ctx context.Context, mirror *git.Mirror, before, at *git.Commit, commit git.Hash, trusted *git.Keyring, pending map[git.Hash][]*Noted) error {
	if len(pending[commit]) == 0 {
		return nil
	}
	old, err := noteOf(ctx, mirror, before, commit)
	if err != nil {
		return err
	}
	known, _ := Parse(old)
	var left []*Noted
	for _, n := range pending[commit] {
		if slices.ContainsFunc(known, func(v Verdict) bool { return v.String() == n.String() }) {
			left = append(left, n)
			continue
		}
		n.Refused = ""
		if _, err := trusted.Verify(at); err != nil {
			n.Refused = "nobody vouches for it: the notes' " + err.Error()
		}
	}
	if pending[commit] = left; len(left) == 0 {
		delete(pending, commit)
	}
	return nil
}

// commitOf reads a commit of the notes, which may have to be fetched.
func commitOf(ctx context.Context, mirror *git.Mirror, h git.Hash) (*git.Commit, error) {
	if err := mirror.Fetch(ctx, h); err != nil {
		return nil, err
	}
	return mirror.Repository().Commit(ctx, h)
}

// noteOf is the note of a commit as a commit of the notes holds it; nil where there is none.
func noteOf(ctx context.Context, mirror *git.Mirror, notes *git.Commit, commit git.Hash) ([]byte, error) {
	if notes.Hash.IsZero() {
		return nil, nil
	}
	all, err := git.ReadNotes(ctx, mirror.Repository(), notes.Hash)
	if err != nil {
		return nil, err
	}
	note, err := all.Get(ctx, commit)
	if errors.Is(err, git.ErrNotFound) {
		return nil, nil
	}
	return note, err
}

// noteAt is the commit that a path among the notes is about.
func noteAt(path string) (git.Hash, bool) {
	commit, err := git.ParseHash(strings.ReplaceAll(path, "/", ""))
	return commit, err == nil
}
