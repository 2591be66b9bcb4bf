package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// packs is the exchange between a mirror on disk and a server: what either side
// lacks is sent as a pack.
type packs struct {
	dir    string // of the mirror
	of     location
	remote remote
	repo   *Repository
}

// packTalk is a conversation about fetching, with a server that sends packs.
type packTalk struct {
	packs      *packs
	session    fetchSession
	advertised *packp.AdvRefs
}

// connect implements exchange.
func (p *packs) connect(ctx context.Context) (conversation, *packp.AdvRefs, error) {
	session, err := p.remote.fetching(ctx)
	if err != nil {
		return nil, nil, err
	}
	advertised, err := session.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		advertised, err = packp.NewAdvRefs(), nil
	}
	if err != nil {
		session.Close()
		return nil, nil, err
	}
	return &packTalk{p, session, advertised}, advertised, nil
}

// Close implements conversation.
func (t *packTalk) Close() error { return t.session.Close() }

// download fetches wants with depth generations of history (all for a server
// that cannot count them, or for a mirror that has all already) and stores them.
func (t *packTalk) download(ctx context.Context, depth int, wants ...Hash) error {
	p := t.packs
	request, err := p.request(ctx, t.advertised, depth, wants)
	if err != nil {
		return err
	}
	if len(request.Shallows) == 0 && len(p.repo.missing(wants)) == 0 {
		return nil // with all of their history
	}
	response, err := t.session.UploadPack(ctx, request)
	if err != nil {
		return refusal(err)
	}
	defer response.Close()
	pack := io.Reader(response)
	switch {
	case request.Capabilities.Supports(capability.Sideband64k):
		pack = sideband.NewDemuxer(sideband.Sideband64k, pack)
	case request.Capabilities.Supports(capability.Sideband):
		pack = sideband.NewDemuxer(sideband.Sideband, pack)
	}
	if _, err := receivePack(ctx, filepath.Join(p.dir, "objects"), pack); err != nil {
		return err
	}
	if err := p.updateShallow(ctx, response.ShallowUpdate); err != nil {
		return err
	}
	if absent := p.repo.missing(wants); len(absent) > 0 {
		return fmt.Errorf("the server answered without commit %s: %w", absent[0], ErrNoCommit)
	}
	return p.consolidate(ctx)
}

func (p *packs) request(ctx context.Context, advertised *packp.AdvRefs, depth int, wants []Hash) (*packp.UploadPackRequest, error) {
	server := advertised.Capabilities
	request := packp.NewUploadPackRequestFromCapabilities(server)
	request.Wants = wants
	var err error
	if request.Haves, err = p.haves(ctx); err != nil {
		return nil, err
	}
	if request.Shallows, err = p.repo.store.edge(); err != nil {
		return nil, err
	}
	ask := []capability.Capability{}
	complete := len(request.Shallows) == 0 && len(request.Haves) > 0
	if server.Supports(capability.Shallow) && !complete {
		request.Depth = packp.DepthCommits(depth)
		ask = append(ask, capability.Shallow)
	}
	if server.Supports(capability.NoProgress) {
		ask = append(ask, capability.NoProgress)
	}
	if p.of.isAzure() {
		// Azure DevOps answers nobody who does not ask for this; in a
		// conversation of one question it changes nothing that matters here.
		ask = append(ask, capability.MultiACKDetailed)
	}
	for _, c := range ask {
		if err := request.Capabilities.Set(c); err != nil {
			return nil, fmt.Errorf("asking for %s: %w", c, err)
		}
	}
	return request, nil
}

// haves names commits that are here, so that the server sends less: the newest
// ones of all references.
func (p *packs) haves(ctx context.Context) ([]Hash, error) {
	refs, err := p.repo.refs.all()
	if err != nil {
		return nil, err
	}
	heads := map[Hash]bool{}
	for _, h := range refs {
		heads[h] = true
	}
	return newest(ctx, p.repo, sortedHashes(heads), maxHaves)
}

// refusal recognises the answer to commits that a server does not give out. It
// is known by Git's wording only: go-git passes nothing else on.
func refusal(err error) error {
	if strings.Contains(err.Error(), "not our ref") {
		return fmt.Errorf("%w: %w", ErrNoCommit, err)
	}
	return err
}
