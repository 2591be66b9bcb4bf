package bitbucket

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

type dcStatus struct {
	Key         string `json:"key"`
	Name        string `json:"name"`
	State       string `json:"state"`
	Description string `json:"description"`
	URL         string `json:"url"`
}

// statuses is the API of build statuses, which knows commits of no repository in particular.
func (d *dataCenter) statuses() *rest {
	r := d.rest
	r.base = d.server + "/rest/build-status/1.0/commits"
	return &r
}

// SetStatus implements gitprovider.Provider. A status needs a URL here: without one it is the commit's page.
func (d *dataCenter) SetStatus(ctx context.Context, commit git.Hash, s gitprovider.CommitStatus) error {
	if _, err := ask[struct{}](ctx, &d.rest, "read commit "+commit.String(), http.MethodGet, "/commits"+path(commit.String()), nil); err != nil {
		return err // a status of no commit would be taken
	}
	_, err := ask[struct{}](ctx, d.statuses(), "set the status "+s.Context+" of commit "+commit.String(), http.MethodPost, path(commit.String()), dcStatus{
		Key: gitprovider.Cut(s.Context, longestText), Name: gitprovider.Cut(s.Context, longestText), State: build[s.State], Description: gitprovider.Cut(s.Description, longestText),
		URL: cmp.Or(s.URL, d.name+"/commits/"+commit.String()),
	})
	return err
}

// Checks implements gitprovider.Provider: whatever the server would refuse a merge for, approvals and tasks included. It does not say what
// of that is final, so a build of others that failed, or a conflict, makes it failing, and all else is waited for.
func (d *dataCenter) Checks(ctx context.Context, number int64, head git.Hash) (gitprovider.Checks, error) {
	p, err := d.raw(ctx, number)
	if err != nil {
		return gitprovider.Checks{}, err
	}
	if hash(p.FromRef.LatestCommit) != head {
		return gitprovider.Checks{}, fmt.Errorf("read the checks of pull request %d of %s: %w from %s to %s", number, d.name, gitprovider.ErrHeadMoved, head, p.FromRef.LatestCommit)
	}
	if p.State != "OPEN" { // the question whether it can be merged is one of open pull requests
		return gitprovider.Checks{State: gitprovider.ChecksPassing}, nil
	}
	can, err := ask[struct {
		CanMerge, Conflicted bool
		Vetoes               []veto
	}](ctx, &d.rest, fmt.Sprintf("ask whether pull request %d can be merged", number), http.MethodGet, dcPath(number)+"/merge", nil)
	if err != nil || can.CanMerge {
		return gitprovider.Checks{State: gitprovider.ChecksPassing}, err
	}
	if can.Conflicted {
		return gitprovider.Checks{State: gitprovider.ChecksFailing, Reason: "it conflicts with " + strings.TrimPrefix(p.ToRef.ID, "refs/heads/")}, nil
	}
	said, err := dcPages[dcStatus](ctx, d.statuses(), "list the statuses of commit "+head.String(), path(head.String()), url.Values{})
	if err != nil {
		return gitprovider.Checks{}, err
	}
	var checks []gitprovider.Check
	for _, s := range said {
		if name := cmp.Or(s.Name, s.Key); !ours(name) {
			checks = append(checks, checkOf(name, s.State))
		}
	}
	for _, v := range can.Vetoes {
		checks = append(checks, gitprovider.Check{Name: v.String(), State: gitprovider.ChecksPending})
	}
	if len(can.Vetoes) == 0 {
		checks = append(checks, gitprovider.Check{Name: "the server, which does not say why", State: gitprovider.ChecksPending})
	}
	return gitprovider.Sum(checks), nil
}
