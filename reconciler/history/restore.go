package history

import (
	"context"
	"fmt"
	"time"
)

// Restore gives a Gate the last passed state back that another history held. It never takes the place of one that is as new; why says so.
func (s *Store) Restore(ctx context.Context, key Key, passed LastPassed) (why string, err error) {
	err = s.write(ctx, turnOf(key), "what last passed of "+key.Gate, func(tx *transaction) error {
		why = ""
		known, err := document[LastPassed](ctx, tx, `SELECT document FROM last_passed WHERE environment = ? AND gate = ?`,
			key.Environment, key.Gate)
		if err != nil {
			return err
		}
		if known != nil && !known.RanAt.Before(passed.RanAt) {
			why = fmt.Sprintf("the history knows of a pass that is as new, at %s", known.RanAt.UTC().Format(time.RFC3339))
			return nil
		}
		return savePassed(ctx, tx, key, passed)
	})
	return why, err
}
