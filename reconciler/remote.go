package reconciler

import (
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// remote is what is needed to talk about a Proposal.
func (l *Loop) remote(p history.Proposal) (*git.Mirror, gitprovider.Provider, rollback.Proposed, error) {
	proposed, err := proposedOf(p)
	if err != nil {
		return nil, nil, proposed, err
	}
	repository, writable := l.environments[p.Key.Environment].Writable[p.Repository]
	if !writable {
		return nil, nil, proposed, &notWritable{p.Repository}
	}
	mirror, err := l.mirrors.Mirror(repository.URL)
	return mirror, repository.Provider, proposed, err
}

func proposedOf(p history.Proposal) (rollback.Proposed, error) {
	out := rollback.Proposed{Branch: p.Branch, Base: p.Base, Number: p.Number, PatchIDs: p.PatchIDs, Joined: p.Joined}
	var err error
	if out.Head, err = git.ParseHash(p.Head); err != nil {
		return out, err
	}
	for _, id := range p.Culprits {
		culprit, err := git.ParseHash(id)
		if err != nil {
			return out, err
		}
		out.Culprits = append(out.Culprits, culprit)
	}
	return out, nil
}

// claimOf is on whose behalf a Proposal is open, here.
func claimOf(p history.Proposal) rollback.Claim {
	return rollback.Claim{Environment: p.Key.Environment, Gate: p.Key.Gate, Incident: p.Incident}
}

// notWritable says that the operator does not let Assay write to a repository.
type notWritable struct{ repository string }

func (e *notWritable) Error() string {
	return "the operator does not let Assay write to " + e.repository
}
