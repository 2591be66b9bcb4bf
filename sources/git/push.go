package git

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
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
	session, err := m.remote.pushing(ctx)
	if err != nil {
		return err
	}
	defer session.Close()
	advertised, err := session.AdvertisedReferencesContext(ctx)
	if err != nil {
		return err
	}
	if err := checkStale(advertised.References, updates); err != nil {
		return err
	}
	request, err := m.updateRequest(ctx, advertised, updates)
	if err != nil {
		return err
	}
	if request.Packfile != nil {
		defer request.Packfile.Close() // ends its writer where the server read too little
	}
	report, err := session.ReceivePack(ctx, request)
	if err == nil && report != nil {
		err = report.Error()
	}
	if err != nil {
		return m.lostRace(ctx, err, updates)
	}
	return nil
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

// updateRequest is the question to the server, with the pack that goes with it.
func (m *Mirror) updateRequest(ctx context.Context, advertised *packp.AdvRefs, updates []RefUpdate) (*packp.ReferenceUpdateRequest, error) {
	request := packp.NewReferenceUpdateRequestFromCapabilities(advertised.Capabilities)
	for _, c := range []capability.Capability{capability.Sideband64k, capability.Atomic, capability.DeleteRefs} {
		if !advertised.Capabilities.Supports(c) {
			continue
		}
		if err := request.Capabilities.Set(c); err != nil {
			return nil, err
		}
	}
	var wants []Hash
	for _, u := range updates {
		request.Commands = append(request.Commands, &packp.Command{Name: plumbing.ReferenceName(u.Ref), Old: u.Old, New: u.New})
		if u.New != (Hash{}) {
			wants = append(wants, u.New)
		}
	}
	if len(wants) == 0 {
		return request, nil
	}
	hashes, err := m.unsent(ctx, advertised, wants)
	if err != nil {
		return nil, err
	}
	request.Packfile = packing(ctx, m.repo.store.get, hashes)
	return request, nil
}

// unsent lists the objects of wants that the remote lacks. It has what it
// advertises, and what the mirror once got from it.
func (m *Mirror) unsent(ctx context.Context, advertised *packp.AdvRefs, wants []Hash) ([]Hash, error) {
	if absent := m.missing(ctx, wants); len(absent) > 0 {
		return nil, fmt.Errorf("commit %s is not in the mirror: %w", absent[0], ErrNotFound)
	}
	had := map[Hash]bool{}
	for _, h := range advertised.References {
		had[h] = true
	}
	local, err := m.refs.all()
	if err != nil {
		return nil, err
	}
	for _, h := range local {
		had[h] = true
	}
	edge, err := readShallow(m.dir)
	if err != nil {
		return nil, err
	}
	span, err := between(ctx, m.repo, wants, slices.Concat(sortedHashes(had), edge))
	if err != nil {
		return nil, err
	}
	return gather(ctx, m.repo, span.commits)
}

// lostRace looks whether a push that failed was overtaken by another, or went
// through and only the answer was lost.
func (m *Mirror) lostRace(ctx context.Context, refused error, updates []RefUpdate) error {
	session, advertised, err := m.connect(ctx)
	if err != nil {
		return refused
	}
	defer session.Close()
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
