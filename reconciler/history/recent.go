package history

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
)

// recentAtOnce is how many Verifications are read back at a time.
const recentAtOnce = 64

// Recent are the Verifications of an Environment, and of one Gate where it is given, that were begun since a moment; newest first. It reads
// back from the newest, and costs what it returns however long the history is.
func (s *Store) Recent(ctx context.Context, environment, gate string, since time.Time) (recent []Verification, err error) {
	// What is put to the name of the Environment has the database go back by seq, and not by an index and a sort.
	query, args := `SELECT seq, started, document FROM verifications WHERE seq < ? AND environment || '' = ? ORDER BY seq DESC LIMIT ?`, []any{environment}
	if gate != "" {
		query, args = `SELECT seq, started, document FROM verifications WHERE seq < ? AND environment = ? AND gate = ? ORDER BY seq DESC LIMIT ?`, []any{environment, gate}
	}
	for before, more := int64(math.MaxInt64), true; more && err == nil; {
		recent, before, more, err = s.readBack(ctx, recent, since, query, slices.Concat([]any{before}, args, []any{recentAtOnce})...)
	}
	return recent, err
}

// readBack reads the next older ones, and tells before which seq there may be more.
func (s *Store) readBack(ctx context.Context, recent []Verification, since time.Time, query string, args ...any) (_ []Verification, before int64, more bool, err error) {
	rows, err := s.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, 0, false, fmt.Errorf("read recent verifications: %w", err)
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var started int64
		var document []byte
		if err := rows.Scan(&before, &started, &document); err != nil {
			return nil, 0, false, fmt.Errorf("read recent verifications: %w", err)
		}
		if started < since.UnixNano() {
			return recent, 0, false, nil
		}
		var v Verification
		if err := json.Unmarshal(document, &v); err != nil {
			return nil, 0, false, fmt.Errorf("read recent verifications: %w", err)
		}
		recent = append(recent, v)
	}
	return recent, before, n == recentAtOnce, rows.Err()
}

// Blaming are the Verifications of an Environment that failed and are being looked into, in the order of their Gates. Those that still run,
// of which there may be hundreds, are not read.
func (s *Store) Blaming(ctx context.Context, environment string) ([]Verification, error) {
	return documents[Verification](ctx, s.reader, `SELECT document FROM verifications
		WHERE environment = ? AND phase IN ('Running', 'Blaming') AND phase = 'Blaming' ORDER BY gate, seq`, environment) // the first names the index
}
