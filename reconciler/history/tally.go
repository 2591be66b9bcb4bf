package history

import (
	"context"
	"fmt"
)

// Tally counts what is there now.
type Tally struct {
	// Open are the Incidents that have not ended, by Gate.
	Open map[Key]int
	// Proposals are all that were ever made, by Environment and state.
	Proposals map[ProposalsOf]int
}

// ProposalsOf are the Proposals of an Environment that are in one state.
type ProposalsOf struct {
	Environment string
	State       ProposalState
}

// Tally counts Incidents and Proposals. It fails where the history cannot be read, and so tells whether it can be.
func (s *Store) Tally(ctx context.Context) (Tally, error) {
	tally := Tally{Open: map[Key]int{}, Proposals: map[ProposalsOf]int{}}
	err := s.count(ctx, func(a, b string, n int) { tally.Open[Key{Environment: a, Gate: b}] = n },
		`SELECT environment, gate, count(*) FROM incidents WHERE state = ? GROUP BY environment, gate`, Ongoing)
	if err != nil {
		return Tally{}, err
	}
	err = s.count(ctx, func(a, b string, n int) { tally.Proposals[ProposalsOf{a, ProposalState(b)}] = n },
		`SELECT i.environment, p.state, count(*) FROM proposals p JOIN incidents i ON i.id = p.incident GROUP BY i.environment, p.state`)
	if err != nil {
		return Tally{}, err
	}
	return tally, nil
}

// count reads rows of two names and a number.
func (s *Store) count(ctx context.Context, each func(a, b string, n int), query string, args ...any) error {
	rows, err := s.reader.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("count in history: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var a, b string
		var n int
		if err := rows.Scan(&a, &b, &n); err != nil {
			return fmt.Errorf("count in history: %w", err)
		}
		each(a, b, n)
	}
	return rows.Err()
}
