package git

import (
	"context"
	"errors"
	"fmt"
)

// RefUpdate moves a reference of the remote.
type RefUpdate struct {
	Ref string // full name, as refs/heads/main
	Old Hash   // where it must be; zero: it must not exist
	New Hash   // where it goes; zero: it is deleted
}

// StaleError says that a reference was not where a push expected it. It matches
// ErrStale.
type StaleError struct {
	Ref              string
	Expected, Actual Hash // zero: does not exist
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("%v: %s was expected %s, but is %s", ErrStale, e.Ref, whereabouts(e.Expected), whereabouts(e.Actual))
}

func whereabouts(h Hash) string {
	if h == (Hash{}) {
		return "absent"
	}
	return "at " + h.String()
}

// Is makes a StaleError match ErrStale.
func (e *StaleError) Is(target error) bool { return target == ErrStale }

// Push moves references of the remote, and sends the commits that this takes. It
// compares and swaps: where one of them is not at Old, none is moved and the
// error is a *StaleError. Several move together on servers that can do that
// (atomic pushes), which all but a few can; a local repository moves them one
// after the other.
func (m *Mirror) Push(ctx context.Context, updates ...RefUpdate) (err error) {
	ctx, end := m.operation(ctx, &err, "pushing")
	defer end()
	if len(updates) == 0 {
		return nil
	}
	for _, u := range updates {
		if err := checkRefName(u.Ref); err != nil {
			return err
		}
	}
	return m.exchange.push(ctx, updates)
}

// checkStale compares where references are with where they must be.
func checkStale(refs map[string]Hash, updates []RefUpdate) error {
	for _, u := range updates {
		if at := refs[u.Ref]; at != u.Old {
			return &StaleError{Ref: u.Ref, Expected: u.Old, Actual: at}
		}
	}
	return nil
}

// lostRace looks whether a push that failed was overtaken by another, or went
// through and only the answer was lost.
func lostRace(ctx context.Context, x exchange, refused error, updates []RefUpdate) error {
	talk, advertised, err := x.connect(ctx)
	if err != nil {
		return refused
	}
	defer talk.Close()
	if arrived(advertised.References, updates) {
		return nil
	}
	if stale := checkStale(advertised.References, updates); stale != nil {
		return errors.Join(stale, refused)
	}
	return refused
}

func arrived(refs map[string]Hash, updates []RefUpdate) bool {
	for _, u := range updates {
		if refs[u.Ref] != u.New {
			return false
		}
	}
	return true
}
