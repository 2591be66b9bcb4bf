package history

import (
	"context"
	"fmt"
	"math"
	"time"
)

// OpenIncident records a new Incident. When it is there already nothing changes, and created is false.
func (s *Store) OpenIncident(ctx context.Context, i Incident) (created bool, err error) {
	err = s.write(ctx, turnOf(i.Key), "incident "+i.ID, func(tx *transaction) (err error) {
		created, err = insert(ctx, tx, `INSERT INTO incidents (id, environment, gate, state, opened, document) VALUES (?, ?, ?, ?, ?, ?)`,
			i.ID, i.Key.Environment, i.Key.Gate, i.State, i.Opened.UnixNano(), encode(i))
		return err
	})
	return created, err
}

// UpdateIncident records what became of an Incident. One that has ended never changes again.
func (s *Store) UpdateIncident(ctx context.Context, i Incident) error {
	return s.write(ctx, turnOf(i.Key), "incident "+i.ID, func(tx *transaction) error {
		known, err := document[Incident](ctx, tx, `SELECT document FROM incidents WHERE id = ?`, i.ID)
		switch {
		case err != nil:
			return err
		case known == nil:
			return fmt.Errorf("there is no such incident")
		case known.State != Ongoing && encode(known) != encode(i):
			return fmt.Errorf("it is %s already, and that is final", known.State)
		}
		_, err = tx.ExecContext(ctx, `UPDATE incidents SET state = ?, document = ? WHERE id = ?`, i.State, encode(i), i.ID)
		return err
	})
}

// SaveProposal records a Proposal, or what became of it. One that was merged or closed never goes back.
func (s *Store) SaveProposal(ctx context.Context, p Proposal) error {
	return s.write(ctx, turnOf(p.Key), "proposal "+p.ID, func(tx *transaction) error {
		known, err := document[Proposal](ctx, tx, `SELECT document FROM proposals WHERE id = ?`, p.ID)
		if err != nil {
			return err
		}
		if known != nil && (known.State == ProposalMerged || known.State == ProposalClosed) && known.State != p.State {
			return fmt.Errorf("it is %s already, and that is final", known.State)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO proposals (id, incident, repository, state, created, left_open, document) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET state = excluded.state, left_open = excluded.left_open, document = excluded.document`,
			p.ID, p.Incident, p.Repository, p.State, p.Created.UnixNano(), p.Left != "", encode(p))
		return err
	})
}

// ProposalsIn are all that were ever made in a repository, oldest first.
func (s *Store) ProposalsIn(ctx context.Context, repository string) ([]Proposal, error) {
	return documents[Proposal](ctx, s.reader, `SELECT document FROM proposals WHERE repository = ? ORDER BY seq`, repository)
}

// Decide records a decision. The same one again, with none other of its Gate in between, only counts, and repeated is true.
func (s *Store) Decide(ctx context.Context, d Decision) (repeated bool, err error) {
	err = s.write(ctx, turnOf(d.Key), "a decision", func(tx *transaction) error {
		result, err := tx.ExecContext(ctx, `UPDATE decisions SET times = times + 1
			WHERE seq = (SELECT max(seq) FROM decisions WHERE environment = ? AND gate = ?) AND action = ? AND reason = ?`,
			d.Key.Environment, d.Key.Gate, d.Action, d.Reason)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n > 0 {
			repeated = n > 0
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO decisions (environment, gate, action, reason, at, times) VALUES (?, ?, ?, ?, ?, 1)`,
			d.Key.Environment, d.Key.Gate, d.Action, d.Reason, d.At.UnixNano())
		return err
	})
	return repeated, err
}

// Filter chooses what a listing shows; zero fields choose everything.
type Filter struct {
	Environment string
	Gate        string
	Since       time.Time
	// Limit is how many of the newest are shown; 0 is all.
	Limit int
}

func (f Filter) where(timeColumn string) (string, []any) {
	since, limit := f.bounds()
	return ` WHERE (? = '' OR environment = ?) AND (? = '' OR gate = ?) AND ` + timeColumn + ` >= ? ORDER BY seq DESC LIMIT ?`,
		[]any{f.Environment, f.Environment, f.Gate, f.Gate, since, limit}
}

// bounds are since and limit as SQL takes them.
func (f Filter) bounds() (since int64, limit int) {
	if !f.Since.IsZero() {
		since = f.Since.UnixNano()
	}
	if limit = f.Limit; limit == 0 {
		limit = math.MaxInt32
	}
	return since, limit
}

// Verifications lists them, newest first.
func (s *Store) Verifications(ctx context.Context, f Filter) ([]Verification, error) {
	where, args := f.where("started")
	return documents[Verification](ctx, s.reader, `SELECT document FROM verifications`+where, args...)
}

// Verification is the one with the given ID, or nil.
func (s *Store) Verification(ctx context.Context, id string) (*Verification, error) {
	return document[Verification](ctx, s.reader, `SELECT document FROM verifications WHERE id = ?`, id)
}

// Incidents lists them, newest first.
func (s *Store) Incidents(ctx context.Context, f Filter) ([]Incident, error) {
	where, args := f.where("opened")
	return documents[Incident](ctx, s.reader, `SELECT document FROM incidents`+where, args...)
}

// ProposalsOf are those of an Incident, oldest first.
func (s *Store) ProposalsOf(ctx context.Context, incident string) ([]Proposal, error) {
	return documents[Proposal](ctx, s.reader, `SELECT document FROM proposals WHERE incident = ? ORDER BY seq`, incident)
}

// Decisions lists them, newest first.
func (s *Store) Decisions(ctx context.Context, f Filter) ([]Decision, error) {
	where, args := f.where("at")
	rows, err := s.reader.QueryContext(ctx, `SELECT environment, gate, action, reason, at, times FROM decisions`+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read decisions: %w", err)
	}
	defer rows.Close()
	var out []Decision
	for rows.Next() {
		var d Decision
		var at int64
		if err := rows.Scan(&d.Key.Environment, &d.Key.Gate, &d.Action, &d.Reason, &at, &d.Times); err != nil {
			return nil, fmt.Errorf("read decisions: %w", err)
		}
		d.At = time.Unix(0, at).UTC()
		out = append(out, d)
	}
	return out, rows.Err()
}
