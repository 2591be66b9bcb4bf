package git

import (
	"context"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
)

// push implements exchange.
func (p *packs) push(ctx context.Context, updates []RefUpdate) error {
	session, err := p.remote.pushing(ctx)
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
	request, err := p.updateRequest(ctx, advertised, updates)
	if err != nil {
		return err
	}
	if request.Packfile != nil {
		defer request.Packfile.Close() // ends its writer where the server read too little
	}
	report, err := session.ReceivePack(ctx, request)
	if report != nil { // with an error of its own where the server said no to any of it
		if refused := report.Error(); refused != nil {
			err = fmt.Errorf("%w: %w", ErrRejected, refused)
		}
	}
	if err != nil {
		return lostRace(ctx, p, err, updates)
	}
	return nil
}

// updateRequest is the question to the server, with the pack that goes with it.
func (p *packs) updateRequest(ctx context.Context, advertised *packp.AdvRefs, updates []RefUpdate) (*packp.ReferenceUpdateRequest, error) {
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
	hashes, err := p.unsent(ctx, advertised, wants)
	if err != nil {
		return nil, err
	}
	request.Packfile = packing(ctx, p.repo.store.get, hashes)
	return request, nil
}

// unsent lists the objects of wants that the remote lacks. It has what it
// advertises, and what the mirror once got from it.
func (p *packs) unsent(ctx context.Context, advertised *packp.AdvRefs, wants []Hash) ([]Hash, error) {
	if absent := p.repo.missing(wants); len(absent) > 0 {
		return nil, fmt.Errorf("commit %s is not in the mirror: %w", absent[0], ErrNotFound)
	}
	had := map[Hash]bool{}
	for _, h := range advertised.References {
		had[h] = true
	}
	local, err := p.repo.refs.all()
	if err != nil {
		return nil, err
	}
	for _, h := range local {
		had[h] = true
	}
	edge, err := p.repo.store.edge()
	if err != nil {
		return nil, err
	}
	span, err := between(ctx, p.repo, wants, slices.Concat(sortedHashes(had), edge))
	if err != nil {
		return nil, err
	}
	return gather(ctx, p.repo, span.commits)
}
