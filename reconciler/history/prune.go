package history

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"
)

// Retention says what is kept. What is open, the last passed state, every Incident with what it refers to, and every Proposal are kept for
// ever.
type Retention struct {
	// MaxAge of Verifications, Syncs, inheritances and decisions; 0 is no bound.
	MaxAge time.Duration
	// MaxVerifications of each Gate; 0 is no bound.
	MaxVerifications int
}

// Pruned counts what was forgotten.
type Pruned struct {
	Verifications, Runs, Syncs, Inheritances, Decisions int
}

// Prune forgets what Retention does not keep, as of now: the rows in one transaction, and then the logs and artifacts of their Runs.
func (s *Store) Prune(ctx context.Context, keep Retention, now time.Time) (gone Pruned, err error) {
	oldest := int64(0)
	if keep.MaxAge > 0 {
		oldest = now.Add(-keep.MaxAge).UnixNano()
	}
	var runs []string
	err = s.write(ctx, everyone, "what retention forgets", func(tx *transaction) error {
		gone, runs = Pruned{}, nil
		old, err := outdated(ctx, tx, keep, oldest)
		if err != nil {
			return err
		}
		for _, id := range old {
			of, err := texts(ctx, tx, `SELECT id FROM runs WHERE verification = ?`, id)
			if err != nil {
				return err
			}
			runs = append(runs, of...)
			if _, err := tx.ExecContext(ctx, `DELETE FROM verifications WHERE id = ?`, id); err != nil {
				return err
			}
		}
		gone.Verifications, gone.Runs = len(old), len(runs)
		for _, of := range []struct {
			count *int
			query string
		}{
			{&gone.Syncs, `DELETE FROM syncs WHERE at < ? AND seq NOT IN (SELECT max(seq) FROM syncs GROUP BY environment, target)`},
			{&gone.Inheritances, `DELETE FROM inheritances WHERE at < ?`},
			{&gone.Decisions, `DELETE FROM decisions WHERE at < ? AND seq NOT IN (SELECT max(seq) FROM decisions GROUP BY environment, gate)`},
		} {
			if *of.count, err = remove(ctx, tx, of.query, oldest); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Pruned{}, err
	}
	var errs []error
	for _, run := range runs {
		errs = append(errs, s.blobs.forget(ctx, run))
	}
	return gone, errors.Join(errs...)
}

// outdated are the Verifications that are not kept.
func outdated(ctx context.Context, tx *transaction, keep Retention, oldest int64) ([]string, error) {
	most := keep.MaxVerifications
	if most == 0 {
		most = math.MaxInt32
	}
	old, err := texts(ctx, tx, `SELECT id FROM (
			SELECT seq, id, phase, started, row_number() OVER (PARTITION BY environment, gate ORDER BY seq DESC) AS place FROM verifications) AS placed
		WHERE phase IN ('Done', 'Superseded') AND place > 1 AND (started < ? OR place > ?)
		AND seq NOT IN (SELECT max(seq) FROM verifications WHERE phase = 'Done' GROUP BY environment, gate)`, oldest, most)
	if err != nil || len(old) == 0 {
		return nil, err
	}
	passed, err := documents[LastPassed](ctx, tx, `SELECT document FROM last_passed`)
	if err != nil {
		return nil, err
	}
	incidents, err := documents[Incident](ctx, tx, `SELECT document FROM incidents`)
	if err != nil {
		return nil, err
	}
	needed := map[string]bool{}
	for _, p := range passed {
		needed[p.Verification] = true
	}
	for _, i := range incidents {
		needed[i.Verification], needed[i.Latest] = true, true
	}
	return slices.DeleteFunc(old, func(id string) bool { return needed[id] }), nil
}

func remove(ctx context.Context, tx *transaction, query string, args ...any) (int, error) {
	result, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}
