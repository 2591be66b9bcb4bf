package bitbucket

import (
	"cmp"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// What a status may hold: the key that tells it from others, and the text.
const (
	longestKey  = 40
	longestText = 255
)

type cloudStatus struct {
	Key         string `json:"key"`
	Name        string `json:"name"`
	State       string `json:"state"`
	Description string `json:"description"`
	URL         string `json:"url"`
}

// SetStatus implements gitprovider.Provider. A status needs a URL here: without one it is the commit's page.
func (c *cloud) SetStatus(ctx context.Context, commit git.Hash, s gitprovider.CommitStatus) error {
	_, err := ask[struct{}](ctx, &c.rest, "set the status "+s.Context+" of commit "+commit.String(), http.MethodPost,
		"/commit"+path(commit.String())+"/statuses/build", cloudStatus{
			Key: keyOf(s.Context), Name: gitprovider.Cut(s.Context, longestText), State: build[s.State], Description: gitprovider.Cut(s.Description, longestText),
			URL: cmp.Or(s.URL, c.name+"/commits/"+commit.String()),
		})
	return err
}

// keyOf is the key of a status: its context, or a digest where that is too long.
func keyOf(context string) string {
	if len(context) <= longestKey {
		return context
	}
	sum := sha1.Sum([]byte(context))
	return hex.EncodeToString(sum[:])
}

// Checks implements gitprovider.Provider. Bitbucket Cloud requires a number of builds and names none, so every build of others counts. A
// token without the scope repository:admin cannot read the rule: then every build that is there must pass. Approvals and other rules are
// seen when they refuse to merge, which they do on a paid plan only; on others they are advice.
func (c *cloud) Checks(ctx context.Context, number int64, head git.Hash) (gitprovider.Checks, error) {
	pr, err := c.Get(ctx, number)
	if err != nil {
		return gitprovider.Checks{}, err
	}
	if pr.Head != head {
		return gitprovider.Checks{}, fmt.Errorf("read the checks of pull request %d of %s: %w from %s to %s", number, c.name, gitprovider.ErrHeadMoved, head, pr.Head)
	}
	least, err := c.requiredBuilds(ctx, pr.Base)
	known := !errors.Is(err, gitprovider.ErrUnauthorized)
	if known && (err != nil || least == 0) {
		return gitprovider.Checks{State: gitprovider.ChecksPassing}, err
	}
	said, err := pages[cloudStatus](ctx, &c.rest, "list the statuses of commit "+head.String(), "/commit"+path(head.String())+"/statuses?pagelen=100")
	if err != nil {
		return gitprovider.Checks{}, err
	}
	var checks []gitprovider.Check
	for _, s := range said {
		if name := cmp.Or(s.Name, s.Key); !ours(name) {
			checks = append(checks, checkOf(name, s.State))
		}
	}
	if missing := least - len(checks); missing > 0 {
		checks = append(checks, gitprovider.Check{Name: fmt.Sprintf("%d more of %d builds", missing, least), State: gitprovider.ChecksPending})
	}
	return gitprovider.Sum(checks), nil
}

// requiredBuilds is how many builds must have passed for a merge into a branch.
func (c *cloud) requiredBuilds(ctx context.Context, base string) (least int, err error) {
	rules, err := pages[struct {
		Kind      string
		MatchKind string `json:"branch_match_kind"`
		Pattern   string
		Value     *int
	}](ctx, &c.rest, "read the branch restrictions", "/branch-restrictions?kind=require_passing_builds_to_merge&pagelen=100")
	for _, rule := range rules {
		if rule.Kind != "require_passing_builds_to_merge" || rule.Value == nil {
			continue
		}
		if rule.MatchKind == "branching_model" || gitprovider.Matches(rule.Pattern, base) { // which branches the model means is not asked: it may be this one
			least = max(least, *rule.Value)
		}
	}
	return least, err
}
