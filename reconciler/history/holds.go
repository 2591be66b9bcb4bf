package history

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Scope is what a Hold is about; empty fields are everything.
type Scope struct {
	Environment string `json:"environment,omitempty"`
	Gate        string `json:"gate,omitempty"`
	// Repository is the URL of a config repository as git.Normalize spells it.
	Repository string `json:"repository,omitempty"`
}

// String says it for people.
func (s Scope) String() string {
	var parts []string
	for _, part := range []struct{ name, value string }{{"environment", s.Environment}, {"gate", s.Gate}, {"repository", s.Repository}} {
		if part.value != "" {
			parts = append(parts, part.name+" "+part.value)
		}
	}
	if len(parts) == 0 {
		return "everything"
	}
	return strings.Join(parts, ", ")
}

// Hold keeps Assay from proposing, updating and merging reverts until it is lifted or over. Tests go on.
type Hold struct {
	Scope
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	// Until is when it is over by itself; zero is when it is lifted.
	Until time.Time `json:"until,omitzero"`
	// LiftedBy and LiftedAt are empty while it is in force.
	LiftedBy string    `json:"liftedBy,omitempty"`
	LiftedAt time.Time `json:"liftedAt,omitzero"`
}

// InForce tells whether it holds at a moment.
func (h Hold) InForce(now time.Time) bool {
	return h.LiftedAt.IsZero() && (h.Until.IsZero() || now.Before(h.Until))
}

// Concerns tells whether it is about a Gate, in some repository or in all.
func (h Hold) Concerns(key Key) bool {
	return (h.Environment == "" || h.Environment == key.Environment) && (h.Gate == "" || h.Gate == key.Gate)
}

// Stops tells whether it is about what a Gate proposes to a repository.
func (h Hold) Stops(key Key, repository string) bool {
	return h.Concerns(key) && (h.Repository == "" || h.Repository == repository)
}

// String says for people who holds what, why and for how long.
func (h Hold) String() string {
	text := fmt.Sprintf("%s held %s at %s", h.By, h.Scope, h.At.UTC().Format(time.RFC3339))
	if !h.Until.IsZero() {
		text += ", until " + h.Until.UTC().Format(time.RFC3339)
	}
	return text + ": " + h.Reason
}

// toHold is the turn of those who hold and lift.
const toHold turn = "holds"

// Hold puts a Hold into force, beside those that there are.
func (s *Store) Hold(ctx context.Context, h Hold) error {
	return s.write(ctx, toHold, "a hold of "+h.Scope.String(), func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO holds (environment, gate, repository, lifted, document) VALUES (?, ?, ?, 0, ?)`,
			h.Environment, h.Gate, h.Repository, encode(h))
		return err
	})
}

// Resume lifts the Holds of exactly this Scope, and returns how many were in force. What a wider or a narrower one holds stays held.
func (s *Store) Resume(ctx context.Context, scope Scope, by string, at time.Time) (n int, err error) {
	err = s.write(ctx, toHold, "that "+scope.String()+" is held no more", func(tx *transaction) error {
		n = 0
		held, err := holds(ctx, tx)
		if err != nil {
			return err
		}
		for _, h := range held {
			if h.Scope != scope || !h.InForce(at) {
				continue
			}
			n++
			before := encode(h)
			h.LiftedBy, h.LiftedAt = by, at
			if _, err := tx.ExecContext(ctx, `UPDATE holds SET lifted = ?, document = ? WHERE lifted = 0 AND document = ?`, at.UnixNano(), encode(h), before); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// Holds are those in force at a moment, oldest first.
func (s *Store) Holds(ctx context.Context, now time.Time) ([]Hold, error) {
	all, err := holds(ctx, s.reader)
	return slices.DeleteFunc(all, func(h Hold) bool { return !h.InForce(now) }), err
}

// holds are those that were not lifted, oldest first.
func holds(ctx context.Context, q querier) ([]Hold, error) {
	return documents[Hold](ctx, q, `SELECT document FROM holds WHERE lifted = 0 ORDER BY seq`)
}
