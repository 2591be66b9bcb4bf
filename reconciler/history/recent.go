package history

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Recent are the Verifications of an Environment, and of one Gate where it is given, that were begun since a moment; newest first. It reads
// back from the newest, and costs what it returns however long the history is.
func (s *Store) Recent(ctx context.Context, environment, gate string, since time.Time) (recent []Verification, err error) {
	// The + has SQLite go back by seq, and not by an index and a sort.
	query, args := `SELECT started, document FROM verifications WHERE +environment = ? ORDER BY seq DESC`, []any{environment}
	if gate != "" {
		query, args = `SELECT started, document FROM verifications WHERE environment = ? AND gate = ? ORDER BY seq DESC`, []any{environment, gate}
	}
	rows, err := s.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read recent verifications: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var started int64
		var document []byte
		if err := rows.Scan(&started, &document); err != nil {
			return nil, fmt.Errorf("read recent verifications: %w", err)
		}
		if started < since.UnixNano() {
			return recent, nil
		}
		var v Verification
		if err := json.Unmarshal(document, &v); err != nil {
			return nil, fmt.Errorf("read recent verifications: %w", err)
		}
		recent = append(recent, v)
	}
	return recent, rows.Err()
}

// Open are the Verifications of an Environment that are not final, in the order in which they were begun.
func (s *Store) Open(ctx context.Context, environment string) ([]Verification, error) {
	return documents[Verification](ctx, s.reader, `SELECT document FROM verifications
		WHERE environment = ? AND phase IN ('Running', 'Blaming') ORDER BY gate, seq`, environment)
}
