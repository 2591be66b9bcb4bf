package history

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/sources/sync"
)

// GateState is what history knows of one Gate, as of one moment.
type GateState struct {
	Latest *Verification // the newest, in any phase
	Final  *Verification // the newest that is Done
	Passed *LastPassed
	// Incident is the newest, whatever its state, and Proposals are its.
	Incident  *Incident
	Proposals []Proposal
	// Left are the Proposals of any Incident that ended with a page that is still to be closed.
	Left []Proposal
	// InconclusiveInARow counts the newest final Verdicts that were Inconclusive, up to ten.
	InconclusiveInARow int
	// Holds that concern the Gate and were not lifted, whatever repository they are about; some may be over.
	Holds []Hold
}

// Gate reads what is known of a Gate. What the slices and maps of its records hold is shared, and not to be changed.
func (s *Store) Gate(ctx context.Context, key Key) (state GateState, err error) {
	tx, err := s.reader.begin(ctx, s.dialect.snapshot())
	if err != nil {
		return state, fmt.Errorf("read history: %w", err)
	}
	defer tx.end()
	const newest = ` WHERE environment = ? AND gate = ? `
	if state.Latest, err = remembered[Verification](ctx, s, tx, `SELECT document FROM verifications`+newest+`ORDER BY seq DESC LIMIT 1`, key.Environment, key.Gate); err != nil {
		return state, err
	}
	if state.Final = state.Latest; state.Final != nil && state.Final.Phase != Done {
		state.Final, err = remembered[Verification](ctx, s, tx, `SELECT document FROM verifications`+newest+`AND phase = ? ORDER BY seq DESC LIMIT 1`,
			key.Environment, key.Gate, Done)
		if err != nil {
			return state, err
		}
	}
	if state.Final != nil && state.Final.Verdict.Outcome == gate.Inconclusive {
		outcomes, err := texts(ctx, tx, `SELECT outcome FROM verifications`+newest+`AND phase = ? ORDER BY seq DESC LIMIT 10`, key.Environment, key.Gate, Done)
		if err != nil {
			return state, err
		}
		for state.InconclusiveInARow < len(outcomes) && outcomes[state.InconclusiveInARow] == string(gate.Inconclusive) {
			state.InconclusiveInARow++
		}
	}
	if state.Passed, err = remembered[LastPassed](ctx, s, tx, `SELECT document FROM last_passed`+newest, key.Environment, key.Gate); err != nil {
		return state, err
	}
	if state.Holds, err = holds(ctx, tx); err != nil {
		return state, err
	}
	state.Holds = slices.DeleteFunc(state.Holds, func(h Hold) bool { return !h.Concerns(key) })
	if state.Incident, err = remembered[Incident](ctx, s, tx, `SELECT document FROM incidents`+newest+`ORDER BY seq DESC LIMIT 1`, key.Environment, key.Gate); err != nil {
		return state, err
	}
	if state.Incident == nil {
		return state, nil
	}
	if state.Proposals, err = documents[Proposal](ctx, tx, `SELECT document FROM proposals WHERE incident = ? ORDER BY seq`, state.Incident.ID); err != nil {
		return state, err
	}
	state.Left, err = documents[Proposal](ctx, tx, `SELECT p.document FROM proposals p JOIN incidents i ON i.id = p.incident
		WHERE p.left_open = 1 AND i.environment = ? AND i.gate = ? ORDER BY p.seq`, key.Environment, key.Gate)
	return state, err
}

// Keys are all Gates of which anything is known.
func (s *Store) Keys(ctx context.Context) ([]Key, error) {
	return s.keys(ctx, `SELECT DISTINCT environment, gate FROM verifications ORDER BY 1, 2`)
}

// Unfinished are the Gates that have something to be brought to an end: a Verification, an Incident, or a page that was left
// open.
func (s *Store) Unfinished(ctx context.Context) ([]Key, error) {
	return s.keys(ctx, `SELECT environment, gate FROM verifications WHERE phase IN ('Running', 'Blaming')
		UNION SELECT environment, gate FROM incidents WHERE state = 'Open'
		UNION SELECT i.environment, i.gate FROM proposals p JOIN incidents i ON i.id = p.incident WHERE p.left_open = 1 ORDER BY 1, 2`)
}

func (s *Store) keys(ctx context.Context, query string) (keys []Key, err error) {
	rows, err := s.reader.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var key Key
		if err := rows.Scan(&key.Environment, &key.Gate); err != nil {
			return nil, fmt.Errorf("read history: %w", err)
		}
		keys = append(keys, key)
	}
	return keys, rows.Err()
}

// SawSync records a Sync, and tells whether it is another than the last one of its Target.
func (s *Store) SawSync(ctx context.Context, environment string, seen sync.Sync) (isNew bool, err error) {
	const last = `SELECT document FROM syncs WHERE environment = ? AND target = ? ORDER BY seq DESC LIMIT 1`
	same := func(q querier) (bool, error) {
		known, err := remembered[sync.Sync](ctx, s, q, last, environment, seen.Target.String())
		return known != nil && known.Outcome == seen.Outcome && known.Digest == seen.Digest && encode(known.Revisions) == encode(seen.Revisions), err
	}
	if known, err := same(s.reader); known || err != nil {
		return false, err
	}
	err = s.write(ctx, turn("target "+environment+"/"+seen.Target.String()), "a sync of "+seen.Target.String(), func(tx *transaction) error {
		known, err := same(tx)
		if isNew = !known && err == nil; !isNew {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO syncs (environment, target, at, document) VALUES (?, ?, ?, ?)`,
			environment, seen.Target.String(), seen.At.UnixNano(), encode(seen))
		return err
	})
	return isNew, err
}

// Begin records a new Verification with its first Runs. When it is there already nothing changes, and created is false.
func (s *Store) Begin(ctx context.Context, v Verification, runs []Run) (created bool, err error) {
	err = s.write(ctx, turnOf(v.Key), "verification "+v.ID, func(tx *transaction) (err error) {
		created, err = insert(ctx, tx, `INSERT INTO verifications (id, environment, gate, phase, outcome, started, document) VALUES (?, ?, ?, ?, '', ?, ?)`,
			v.ID, v.Key.Environment, v.Key.Gate, v.Phase, v.Started.UnixNano(), encode(v))
		if err != nil || !created {
			return err
		}
		if err := publish(ctx, tx, StatusPublication, v, v.Targets); err != nil {
			return err
		}
		return addRuns(ctx, tx, runs)
	})
	return created, err
}

// Advance records how far a Verification has got. One that is final never changes again. A Done and Passed one becomes the last
// passed state of its Gate, from each Done one flake rates are learnt, and what is to be published of it is due, in the same transaction.
func (s *Store) Advance(ctx context.Context, v Verification) error {
	return s.write(ctx, turnOf(v.Key), "verification "+v.ID, func(tx *transaction) error {
		known, err := document[Verification](ctx, tx, `SELECT document FROM verifications WHERE id = ?`, v.ID)
		switch {
		case err != nil:
			return err
		case known == nil:
			return fmt.Errorf("there is no such verification")
		case known.Phase == Done || known.Phase == Superseded:
			if encode(known) == encode(v) {
				return nil
			}
			return fmt.Errorf("it is %s already, and that is final", known.Phase)
		}
		outcome := ""
		if v.Verdict != nil {
			outcome = string(v.Verdict.Outcome)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE verifications SET phase = ?, outcome = ?, document = ? WHERE id = ?`, v.Phase, outcome, encode(v), v.ID); err != nil {
			return err
		}
		if err := publish(ctx, tx, StatusPublication, v, v.Targets); err != nil || v.Phase != Done {
			return err
		}
		if err := publish(ctx, tx, NotePublication, v, v.Targets); err != nil {
			return err
		}
		if err := learn(ctx, tx, v); err != nil {
			return err
		}
		if v.Verdict.Outcome != gate.Passed {
			return nil
		}
		passed := LastPassed{Verification: v.ID, Targets: v.Targets, Tests: v.Tests, Numbers: gate.NumbersOf(*v.Verdict), RanAt: v.Finished}
		if v.Cause != nil { // a flake: its numbers are those of what failed at first
			before, err := document[LastPassed](ctx, tx, `SELECT document FROM last_passed WHERE environment = ? AND gate = ?`,
				v.Key.Environment, v.Key.Gate)
			if err != nil {
				return err
			}
			passed.Numbers = gate.Baseline{}
			if before != nil {
				passed.Numbers = before.Numbers
			}
		}
		return savePassed(ctx, tx, v.Key, passed)
	})
}

func savePassed(ctx context.Context, tx *transaction, key Key, passed LastPassed) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO last_passed (environment, gate, document) VALUES (?, ?, ?)
		ON CONFLICT (environment, gate) DO UPDATE SET document = excluded.document`, key.Environment, key.Gate, encode(passed))
	return err
}

// Inherit moves the commits of a Gate's last final Verification, and with it of its last passed state when it is the same, to Targets that
// render the same. Digests that differ are refused; times do not move.
func (s *Store) Inherit(ctx context.Context, key Key, targets []TargetState, why string, at time.Time) error {
	return s.write(ctx, turnOf(key), "an inherited verdict of "+key.Gate, func(tx *transaction) error {
		final, err := document[Verification](ctx, tx, `SELECT document FROM verifications WHERE environment = ? AND gate = ? AND phase = ? ORDER BY seq DESC LIMIT 1`,
			key.Environment, key.Gate, Done)
		if err != nil {
			return err
		}
		if final == nil || !sameDigests(final.Targets, targets) {
			return fmt.Errorf("there is no verdict of the same digests to inherit")
		}
		if err := publishInherited(ctx, tx, *final, targets, at); err != nil {
			return err
		}
		final.Targets = targets
		if _, err := tx.ExecContext(ctx, `UPDATE verifications SET document = ? WHERE id = ?`, encode(final), final.ID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO inheritances (environment, gate, at, reason, document) VALUES (?, ?, ?, ?, ?)`,
			key.Environment, key.Gate, at.UnixNano(), why, encode(targets)); err != nil {
			return err
		}
		passed, err := document[LastPassed](ctx, tx, `SELECT document FROM last_passed WHERE environment = ? AND gate = ?`,
			key.Environment, key.Gate)
		if err != nil || passed == nil || passed.Verification != final.ID {
			return err
		}
		passed.Targets = targets
		return savePassed(ctx, tx, key, *passed)
	})
}

func sameDigests(a, b []TargetState) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Target != b[i].Target || a[i].Digest != b[i].Digest || a[i].Outcome != b[i].Outcome {
			return false
		}
	}
	return true
}
