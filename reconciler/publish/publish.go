// Package publish tells Verdicts where people look first: as statuses beside the verified commits, and as notes in the config repository.
//
// In go the Publications that history holds, put there together with what they tell of, so a crash loses none; out go statuses and notes.
// Each is told at least once, the newest last. It decides nothing and holds up no pass: telling has goroutines and a backoff of its own.
package publish

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// Options are what a Publisher is made of.
type Options struct {
	History *history.Store
	Mirrors *git.Mirrors
	Places  []Place
	// Author makes the commits that hold notes, each at its own time; Sign signs them, when given.
	Author git.Signature
	Sign   git.Signer
	// DigestKey names the key that digests are made with: see notes.Fingerprint.
	DigestKey string
	Clock     clock.Clock
	Log       *slog.Logger
}

// Place is a config repository in which the Verdicts of an Environment are told.
type Place struct {
	Environment string
	// Repository as history names it; URL as git.Mirrors takes it.
	Repository, URL string
	Provider        gitprovider.Provider
	// Statuses has verified commits get statuses, which link to StatusURL; {environment}, {gate} and {verification} in it are replaced.
	Statuses  bool
	StatusURL string
	// Notes has final Verdicts noted, as package notes writes them.
	Notes bool
}

// Publisher tells what history has to tell. Make one with New.
type Publisher struct{ outlets []*outlet }

// New makes a Publisher.
func New(o Options) *Publisher {
	p := &Publisher{}
	for _, place := range o.Places {
		if place.Statuses {
			p.outlets = append(p.outlets, newOutlet(o, place, history.StatusPublication, &statuses{place: place, clock: o.Clock, log: o.Log}))
		}
		if place.Notes {
			p.outlets = append(p.outlets, newOutlet(o, place, history.NotePublication, &ledger{options: o, place: place}))
		}
	}
	return p
}

// Run tells whatever comes to be due, until ctx ends.
func (p *Publisher) Run(ctx context.Context) {
	var wait sync.WaitGroup
	for _, o := range p.outlets {
		wait.Go(func() { o.run(ctx) })
	}
	wait.Wait()
}

// Wake has Run look whether there is something new to tell.
func (p *Publisher) Wake() {
	for _, o := range p.outlets {
		select {
		case o.wake <- struct{}{}:
		default:
		}
	}
}

// Publish tells once what is due, in place of Run, and returns when to try again; zero is when something more is recorded.
func (p *Publisher) Publish(ctx context.Context) (next time.Time, err error) {
	var errs []error
	for _, o := range p.outlets {
		at, err := o.publish(ctx)
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
		errs = append(errs, err)
	}
	return next, errors.Join(errs...)
}
