package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	sdk "github.com/google/go-github/v74/github"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// Checks implements gitprovider.Provider: the statuses and check runs that the protection and the rules of the base branch ask
// for, and whatever else GitHub says that rules hold it back for, approvals included. Where the token may not read the rules,
// GitHub's own word has to do.
func (p *Provider) Checks(ctx context.Context, number int64, head git.Hash) (gitprovider.Checks, error) {
	pr, err := p.raw(ctx, number)
	if err != nil {
		return gitprovider.Checks{}, err
	}
	if at := pullRequest(pr).Head; at != head {
		return gitprovider.Checks{}, fmt.Errorf("read the checks of pull request %d of %s: %w from %s to %s", number, p, gitprovider.ErrHeadMoved, head, at)
	}
	checks, err := p.requiredChecks(ctx, pr.GetBase().GetRef(), head)
	if unreadable(err) {
		return ofMergeable(pr.GetMergeableState()), nil
	}
	if err != nil {
		return gitprovider.Checks{}, err
	}
	sum := gitprovider.Sum(checks)
	if missing := withheld[pr.GetMergeableState()]; missing != "" && sum.State == gitprovider.ChecksPassing {
		sum = gitprovider.Checks{State: gitprovider.ChecksPending, Reason: missing}
	}
	return sum, nil
}

// withheld are the words of GitHub for what rules hold back, though a token that may bypass them could merge it. See the field
// mergeStateStatus at https://docs.github.com/graphql/reference/enums.
var withheld = map[string]string{
	"blocked": "GitHub calls it blocked: an approval, or what else the rules of the branch ask for, is missing",
	"behind":  "GitHub calls it behind: the rules of the branch ask for one that is up to date with it",
}

// unreadable tells what this token may not see from what fails otherwise. GitHub says "not found" of some of what may not be seen, and a
// server that is older than rules says so of them.
func unreadable(err error) bool {
	return errors.Is(err, gitprovider.ErrNotFound) || answeredWith(err, http.StatusForbidden, "")
}

// ofMergeable is what GitHub's word on merging says of the checks.
func ofMergeable(state string) gitprovider.Checks {
	switch state {
	case "clean", "has_hooks", "unstable": // unstable: what is not required fails
		return gitprovider.Checks{State: gitprovider.ChecksPassing}
	case "blocked":
		return gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "GitHub does not let it be merged yet, by rules that the token may not read"}
	}
	return gitprovider.Checks{State: gitprovider.ChecksPending, Reason: fmt.Sprintf("GitHub calls it %q, and the token may not read the rules", state)}
}

// requiredCheck is one that a branch asks for.
type requiredCheck struct {
	name string
	app  int64 // the App that must say it; zero for any
}

func (p *Provider) requiredChecks(ctx context.Context, base string, head git.Hash) ([]gitprovider.Check, error) {
	required, err := p.required(ctx, base)
	if err != nil || len(required) == 0 {
		return nil, err
	}
	said, err := p.said(ctx, head)
	if err != nil {
		return nil, err
	}
	var checks []gitprovider.Check
	for _, r := range required {
		check := gitprovider.Check{Name: r.name, State: gitprovider.ChecksPending}
		var states []gitprovider.Check
		for _, s := range said {
			if s.Name == r.name && (r.app == 0 || s.app == 0 || s.app == r.app) {
				states = append(states, s.Check)
			}
		}
		if states != nil {
			check.State = gitprovider.Sum(states).State
		}
		checks = append(checks, check)
	}
	return checks, nil
}

// required are the checks that a branch asks for, by its protection and by rules.
func (p *Provider) required(ctx context.Context, base string) ([]requiredCheck, error) {
	branch, err := call(p, "read the branch "+base, func() (*sdk.Branch, *sdk.Response, error) {
		var branch sdk.Branch // as the client's own method hides what GitHub says of errors
		request, err := p.api.NewRequest("GET", fmt.Sprintf("repos/%s/%s/branches/%s", p.owner, p.name, url.PathEscape(base)), nil)
		if err != nil {
			return nil, nil, err
		}
		response, err := p.api.Do(ctx, request, &branch)
		return &branch, response, err
	})
	if err != nil {
		return nil, err
	}
	rules, err := pages(p, "read the rules of the branch "+base, func(page sdk.ListOptions) ([]*sdk.RequiredStatusChecksBranchRule, *sdk.Response, error) {
		rules, response, err := p.api.Repositories.GetRulesForBranch(ctx, p.owner, p.name, url.PathEscape(base), &page)
		if err != nil {
			return nil, response, err
		}
		return rules.RequiredStatusChecks, response, nil
	})
	if err != nil {
		return nil, err
	}
	asked := map[requiredCheck]bool{}
	var all []requiredCheck
	add := func(name string, app int64) {
		c := requiredCheck{name, max(0, app)} // -1 is any, too
		if !asked[c] {
			asked[c], all = true, append(all, c)
		}
	}
	protection := branch.GetProtection().GetRequiredStatusChecks()
	for _, c := range protection.GetChecks() {
		add(c.Context, c.GetAppID())
	}
	if len(protection.GetChecks()) == 0 { // servers before Apps were told
		for _, name := range protection.GetContexts() {
			add(name, 0)
		}
	}
	for _, rule := range rules {
		for _, c := range rule.Parameters.RequiredStatusChecks {
			add(c.Context, c.GetIntegrationID())
		}
	}
	return all, nil
}
