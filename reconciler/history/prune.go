package history

import (
	"context"
	"errors"
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
	most := keep.MaxVerifications
	if most == 0 {
		most = int(^uint(0) >> 1)
	}
	var runs []Run
	err = s.write(ctx, "what retention forgets", func(tx *transaction) error {
		gone = Pruned{}
		const old = `SELECT id FROM (
				SELECT seq, id, phase, started, row_number() OVER (PARTITION BY environment, gate ORDER BY seq DESC) AS place FROM verifications)
			WHERE phase IN ('Done', 'Superseded') AND place > 1 AND (started < ?1 OR place > ?2)
			AND seq NOT IN (SELECT max(seq) FROM verifications WHERE phase = 'Done' GROUP BY environment, gate)
			AND id NOT IN (SELECT json_extract(document, '$.verification') FROM last_passed)
			AND id NOT IN (SELECT json_extract(document, '$.verification') FROM incidents)
			AND id NOT IN (SELECT json_extract(document, '$.latest') FROM incidents)`
		var err error
		if runs, err = documents[Run](ctx, tx, `SELECT document FROM runs WHERE verification IN (`+old+`)`, oldest, most); err != nil {
			return err
		}
		gone.Runs = len(runs)
		return errors.Join(
			remove(ctx, tx, &gone.Verifications, `DELETE FROM verifications WHERE id IN (`+old+`)`, oldest, most),
			remove(ctx, tx, &gone.Syncs, `DELETE FROM syncs WHERE at < ? AND seq NOT IN (SELECT max(seq) FROM syncs GROUP BY environment, target)`,
				oldest),
			remove(ctx, tx, &gone.Inheritances, `DELETE FROM inheritances WHERE at < ?`, oldest),
			remove(ctx, tx, &gone.Decisions, `DELETE FROM decisions WHERE at < ? AND seq NOT IN (SELECT max(seq) FROM decisions GROUP BY environment, gate)`, oldest),
		)
	})
	if err != nil {
		return Pruned{}, err
	}
	var errs []error
	for _, run := range runs {
		errs = append(errs, s.forgetBlobs(run.ID))
	}
	return gone, errors.Join(errs...)
}

func remove(ctx context.Context, tx *transaction, count *int, query string, args ...any) error {
	result, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	*count = int(n)
	return err
}
