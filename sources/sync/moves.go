package sync

import (
	"maps"
	"slices"
	"sync"
)

// Selective is a Source of thousands of Targets, few of which change at a time: it tells which, and of some of them alone.
type Selective interface {
	Source
	// Missing says why Targets may be missing, or be otherwise by now; it is the error of Targets. Where there is nothing to say, Moved has
	// told of every Target that there is, or tells of it when it is asked next.
	Missing() error
	// Moved are the Targets of which there may be something new since this was asked last, those that came or went among them, in no order.
	// All says that it may be any of them. It is for one who asks: what is told here is not told again.
	Moved() (targets []Target, all bool)
	// These tells the States of some Targets, in their order, and nothing of those that there are not.
	These(targets []Target) []State
}

// Moves gathers what moved until it is asked for. It is safe for concurrent use.
type Moves struct {
	changed chan struct{}

	mu      sync.Mutex
	targets map[Target]bool
	all     bool
}

// NewMoves makes one in which nothing moved yet.
func NewMoves() *Moves { return &Moves{changed: make(chan struct{}, 1), targets: map[Target]bool{}} }

// Note says that Targets moved.
func (m *Moves) Note(targets ...Target) { m.note(targets, false) }

// NoteAll says that any Target may have moved.
func (m *Moves) NoteAll() { m.note(nil, true) }

func (m *Moves) note(targets []Target, all bool) {
	m.mu.Lock()
	for _, t := range targets {
		m.targets[t] = true
	}
	m.all = m.all || all
	m.mu.Unlock()
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// Changed receives a value, without blocking who notes, when something was noted.
func (m *Moves) Changed() <-chan struct{} { return m.changed }

// Moved is what was noted since it was asked last.
func (m *Moves) Moved() (targets []Target, all bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	targets, all = slices.Collect(maps.Keys(m.targets)), m.all
	m.targets, m.all = map[Target]bool{}, false // a map that is cleared stays as large as in a burst
	return targets, all
}
