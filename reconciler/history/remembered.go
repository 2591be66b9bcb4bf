package history

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sync"
)

// memory keeps what was decoded last of each record that every pass over a Gate reads, since it rarely changed meanwhile and decoding takes
// longer than reading. It holds as many records as there are Gates, times three, and as Targets.
type memory struct {
	mu    sync.Mutex
	known map[row]decoded
}

// row is what is asked for: the newest of a Gate's records, or of a Target's.
type row struct{ query, environment, name string }

// decoded is a record with the hash of the text that it was decoded from: thousands of texts would take more memory than their records.
type decoded struct {
	hash   [sha256.Size]byte
	record any
}

// remembered is document for one row that is read again and again. The record is the caller's, but what its slices and maps hold is shared
// with all who read it, and is not to be changed.
func remembered[T any](ctx context.Context, s *Store, q querier, query, environment, name string, more ...any) (*T, error) {
	text, found, err := textOf(ctx, q, query, append([]any{environment, name}, more...)...)
	if err != nil || !found {
		return nil, err
	}
	key, hash := row{query, environment, name}, sha256.Sum256([]byte(text))
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	if known, there := s.memory.known[key]; there && known.hash == hash {
		record := known.record.(T)
		return &record, nil
	}
	var record T
	if err := json.Unmarshal([]byte(text), &record); err != nil {
		return nil, fmt.Errorf("read history: a %T: %w", record, err)
	}
	if s.memory.known == nil {
		s.memory.known = map[row]decoded{}
	}
	s.memory.known[key] = decoded{hash, record}
	return &record, nil
}

// textOf reads the first column of the first row.
func textOf(ctx context.Context, q querier, query string, args ...any) (text string, found bool, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return "", false, fmt.Errorf("read history: %w", err)
	}
	defer rows.Close()
	if rows.Next() {
		found = true
		if err := rows.Scan(&text); err != nil {
			return "", false, fmt.Errorf("read history: %w", err)
		}
	}
	return text, found, rows.Err()
}
