package publish

import (
	"context"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/notes"
	"github.com/assay-dev/assay/sources/git"
)

// noteLimit is how long a note with all that is in it may come to be, in bytes: people read it in a log.
const noteLimit = 32 << 10

// ledger tells final Verdicts as notes in the config repository, all that are due in one push.
type ledger struct {
	options Options
	place   Place
}

func (l *ledger) tell(ctx context.Context, due []history.Publication) (told []history.Publication, err error) {
	mirror, err := l.options.Mirrors.Mirror(l.place.URL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	there, err := mirror.Notes(ctx, notes.Ref)
	if err != nil {
		return nil, err
	}
	all, err := there.All(ctx)
	if err != nil {
		return nil, err
	}
	added := map[git.Hash][]byte{}
	for _, p := range due {
		commit, err := git.ParseHash(p.Commit)
		if err != nil {
			return nil, err
		}
		note := notes.Merge(added[commit], []byte(l.verdict(p).String()))
		var before []byte
		if blob, noted := all[commit]; noted {
			if before, err = mirror.Repository().Blob(ctx, blob); err != nil {
				return nil, err
			}
		}
		if len(notes.Merge(before, note)) > noteLimit {
			l.options.Log.Warn("a verdict is not noted, since the commit's note would be too long",
				"commit", p.Commit, "environment", p.Key.Environment, "gate", p.Key.Gate)
			continue
		}
		added[commit] = note
	}
	author := l.options.Author
	author.When = l.options.Clock.Now()
	if err := mirror.AddNotes(ctx, notes.Ref, added, notes.Merge, author, l.options.Sign); err != nil {
		return nil, err
	}
	return due, nil
}

// verdict is what a Publication says.
func (l *ledger) verdict(p history.Publication) notes.Verdict {
	v := p.Verification
	out := notes.Verdict{
		Key: p.Key, Outcome: v.Verdict.Outcome, Reason: v.Verdict.Reason, At: v.Finished, Verification: v.ID,
		Targets: p.Targets, Tests: v.Tests, SameAs: p.SameAs, Inherited: p.Inherited, DigestKey: l.options.DigestKey,
	}
	if v.Cause != nil {
		out.Cause = string(v.Cause.Kind) + ": " + v.Cause.Reason
	}
	return out
}
