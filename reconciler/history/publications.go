package history

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/assay-dev/assay/sources/sync"
)

// PublicationKind is one of the constants.
type PublicationKind string

// The kinds of Publications.
const (
	StatusPublication PublicationKind = "Status" // beside the commit, at the server of its repository; of every phase
	NotePublication   PublicationKind = "Note"   // in the repository itself; of final Verdicts
)

// Publication is what is to be told outside of one Gate on one commit. There is at most one of a kind: a newer Verification of the commit
// takes the place of the one before, told or not.
type Publication struct {
	Kind               PublicationKind
	Key                Key
	Repository, Commit string
	// Verification as it is now, and the Targets as it saw them when this came to be due.
	Verification Verification
	Targets      []TargetState
	// SameAs is the commit whose Verdict this one inherited, since it renders the same, and Inherited when; zero for one that was verified
	// itself.
	SameAs    string
	Inherited time.Time
	// Said is what was told last of the Gate on the commit; empty before the first time.
	Said string

	version int64
}

// Publications are those of a kind that are due in a repository of an Environment: those of the newest Verifications first, at most limit.
func (s *Store) Publications(ctx context.Context, kind PublicationKind, environment, repository string, limit int) (due []Publication, err error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT p.gate, p.commit_id, v.document, p.targets, p.same_as, p.inherited, p.said, p.version
		FROM publications p JOIN verifications v ON v.id = p.verification
		WHERE p.due = 1 AND p.kind = ? AND p.environment = ? AND p.repository = ? ORDER BY v.seq DESC, p.gate, p.commit_id LIMIT ?`,
		kind, environment, repository, limit)
	if err != nil {
		return nil, fmt.Errorf("read what is to be published: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		p := Publication{Kind: kind, Key: Key{Environment: environment}, Repository: repository}
		var verification, targets string
		var inherited int64
		if err := rows.Scan(&p.Key.Gate, &p.Commit, &verification, &targets, &p.SameAs, &inherited, &p.Said, &p.version); err != nil {
			return nil, fmt.Errorf("read what is to be published: %w", err)
		}
		if err := json.Unmarshal([]byte(verification), &p.Verification); err != nil {
			return nil, fmt.Errorf("read what is to be published: %w", err)
		}
		if err := json.Unmarshal([]byte(targets), &p.Targets); err != nil {
			return nil, fmt.Errorf("read what is to be published: %w", err)
		}
		if inherited != 0 {
			p.Inherited = time.Unix(0, inherited).UTC()
		}
		due = append(due, p)
	}
	return due, rows.Err()
}

// Published records what was told, so that it is due no more, unless there is something newer to tell by now.
func (s *Store) Published(ctx context.Context, told []Publication) error {
	return s.write(ctx, "publications", "what was published", func(tx *transaction) error {
		for _, p := range told {
			if _, err := tx.ExecContext(ctx, `UPDATE publications SET said = ?, due = CASE WHEN version = ? THEN 0 ELSE 1 END
				WHERE kind = ? AND environment = ? AND gate = ? AND repository = ? AND commit_id = ?`,
				p.Said, p.version, p.Kind, p.Key.Environment, p.Key.Gate, p.Repository, p.Commit); err != nil {
				return err
			}
		}
		return nil
	})
}

// publish has a Verification told of every commit that it is of.
func publish(ctx context.Context, tx *transaction, kind PublicationKind, v Verification, targets []TargetState) error {
	for r := range revisions(targets) {
		if err := due(ctx, tx, kind, v, r, targets, "", time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// publishInherited has a final Verification told of the commits that its Targets have moved to.
func publishInherited(ctx context.Context, tx *transaction, v Verification, targets []TargetState, at time.Time) error {
	for i, t := range targets {
		before := v.Targets[i].Revisions
		for j, r := range t.Revisions {
			var same sync.Revision
			if j < len(before) {
				same = before[j]
			}
			if same.Repository == r.Repository && same.Commit == r.Commit {
				continue
			}
			for _, kind := range []PublicationKind{StatusPublication, NotePublication} {
				if err := due(ctx, tx, kind, v, r, targets, same.Commit, at); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func due(ctx context.Context, tx *transaction, kind PublicationKind, v Verification, r sync.Revision, targets []TargetState, sameAs string, inherited time.Time) error {
	var at int64
	if !inherited.IsZero() {
		at = inherited.UnixNano()
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO publications
		(kind, environment, gate, repository, commit_id, verification, targets, same_as, inherited, due, version, said) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1, '')
		ON CONFLICT (kind, environment, gate, repository, commit_id) DO UPDATE SET verification = excluded.verification, targets = excluded.targets,
			same_as = excluded.same_as, inherited = excluded.inherited, due = 1, version = publications.version + 1`,
		kind, v.Key.Environment, v.Key.Gate, r.Repository, r.Commit, v.ID, encode(targets), sameAs, at)
	return err
}

// revisions are those of some Targets, each commit of a repository once.
func revisions(targets []TargetState) func(yield func(sync.Revision) bool) {
	return func(yield func(sync.Revision) bool) {
		type place struct{ repository, commit string }
		seen := map[place]bool{}
		for _, t := range targets {
			for _, r := range t.Revisions {
				at := place{r.Repository, r.Commit}
				if !seen[at] && !yield(r) {
					return
				}
				seen[at] = true
			}
		}
	}
}
