package gitea

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// Checks implements gitprovider.Provider: the statuses that the protection of the base branch asks for. Approvals, which it may ask for as
// well, are seen when it refuses to merge.
func (p *Provider) Checks(ctx context.Context, number int64, head git.Hash) (gitprovider.Checks, error) {
	pr, err := p.Get(ctx, number)
	if err != nil {
		return gitprovider.Checks{}, err
	}
	if pr.Head != head {
		return gitprovider.Checks{}, fmt.Errorf("read the checks of pull request %d of %s: %w from %s to %s", number, p, gitprovider.ErrHeadMoved, head, pr.Head)
	}
	base, err := call(ctx, p, "read the branch "+pr.Base, func(c *sdk.Client) (*sdk.Branch, *sdk.Response, error) {
		return c.GetRepoBranch(p.owner, p.name, pr.Base)
	})
	if err != nil || !base.EnableStatusCheck {
		return gitprovider.Checks{State: gitprovider.ChecksPassing}, err
	}
	statuses, err := pages(ctx, p, "list the statuses of commit "+head.String(), func(c *sdk.Client, page sdk.ListOptions) ([]*sdk.Status, *sdk.Response, error) {
		return c.ListStatuses(p.owner, p.name, head.String(), sdk.ListStatusesOption{ListOptions: page})
	})
	if err != nil {
		return gitprovider.Checks{}, err
	}
	return gitprovider.Sum(required(base.StatusCheckContexts, statuses)), nil
}

// required are the statuses that the patterns name, each as it was said last. A pattern without any waits for one; without patterns, at
// least one status is needed and all count.
func required(patterns []string, said []*sdk.Status) (checks []gitprovider.Check) {
	last := map[string]*sdk.Status{}
	for _, s := range said {
		if known := last[s.Context]; known == nil || known.ID < s.ID {
			last[s.Context] = s
		}
	}
	if len(patterns) == 0 {
		patterns = []string{"*"}
	}
	counted := map[string]bool{}
	for _, pattern := range patterns {
		found := false
		for _, name := range slices.Sorted(maps.Keys(last)) {
			if !gitprovider.Matches(pattern, name) {
				continue
			}
			found = true
			if !counted[name] {
				checks = append(checks, gitprovider.Check{Name: name, State: stateOf(last[name].State)})
			}
			counted[name] = true
		}
		if !found {
			checks = append(checks, gitprovider.Check{Name: pattern, State: gitprovider.ChecksPending})
		}
	}
	return checks
}

func stateOf(s sdk.StatusState) gitprovider.CheckState {
	switch s {
	case sdk.StatusSuccess, "skipped":
		return gitprovider.ChecksPassing
	case sdk.StatusPending:
		return gitprovider.ChecksPending
	}
	return gitprovider.ChecksFailing // failure, error, and warning, which does not let merge either
}

// SetStatus implements gitprovider.Provider.
func (p *Provider) SetStatus(ctx context.Context, commit git.Hash, s gitprovider.CommitStatus) error {
	_, err := call(ctx, p, "set the status "+s.Context+" of commit "+commit.String(), func(c *sdk.Client) (*sdk.Status, *sdk.Response, error) {
		return c.CreateStatus(p.owner, p.name, commit.String(), sdk.CreateStatusOption{
			State: sdk.StatusState(strings.ToLower(string(s.State))), TargetURL: s.URL, Description: s.Description, Context: s.Context,
		})
	})
	return err
}
