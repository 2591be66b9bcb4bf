//go:build e2e

package reconciler_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitea"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/testdata/stack"
)

// hub is one real server for all stories, and the user that Assay is there.
type hub struct {
	*stack.Gitea
	bot, token string
}

func newHub(t *testing.T) *hub {
	h := &hub{Gitea: stack.StartGitea(t), bot: "assay-bot"}
	h.token = h.CreateUser(t, h.bot)
	return h
}

// realShop is the shop with its configuration on a real server, which Assay reaches through a proxy.
type realShop struct {
	*shop
	hub   *hub
	proxy *stack.Proxy
	name  string
}

// newRealShop makes a repository that the bot may write to. What people do reaches the server directly.
func newRealShop(t *testing.T, h *hub) *realShop {
	name := strings.ToLower(strings.ReplaceAll(filepath.Base(t.Name()), "_", "-"))
	_, _, err := h.Client().CreateRepo(sdk.CreateRepoOption{Name: name, Private: true})
	require.NoError(t, err)
	write := sdk.AccessModeWrite
	_, err = h.Client().AddCollaborator(h.User, name, h.bot, sdk.AddCollaboratorOption{Permission: &write})
	require.NoError(t, err)

	r := &realShop{shop: newShop(t), hub: h, proxy: stack.StartProxy(t, h.URL), name: name}
	people, err := url.Parse(h.URL + "/" + h.User + "/" + name + ".git")
	require.NoError(t, err)
	people.User = url.UserPassword(h.User, h.Password)
	dir := t.TempDir()
	gitIn(t, dir, "init", "--quiet", "--initial-branch=main")
	gitIn(t, dir, "remote", "add", "origin", people.String())
	r.shop.config = &worktree{t: t, dir: dir}
	r.assay.config = r.proxy.URL + "/" + h.User + "/" + name + ".git"
	r.actAs(h.token)
	r.tests.push("Follow the real repository", map[string]string{"staging/site.yaml": siteDoc("shop", r.assay.config, "shop", r.live)})
	return r
}

// actAs has Assay use a token.
func (r *realShop) actAs(token string) {
	r.auth = git.Auth{Username: r.hub.bot, Password: token}
	r.provider = func(*git.Mirror) gitprovider.Provider {
		p, err := gitea.New(r.assay.config, token, nil)
		require.NoError(r.t, err)
		return p
	}
}

// broken is the shop after a bad commit, with Assay at work, and that commit.
func (r *realShop) broken() (bad string) {
	r.t.Helper()
	r.start()
	r.verified("shop", r.deploy("Sell at 7", price("7")))
	return r.deploy("Sell for nothing", price("0"))
}

// pulls are all pull requests, newest first.
func (r *realShop) pulls() []*sdk.PullRequest {
	r.t.Helper()
	var all []*sdk.PullRequest
	r.eventually("the list of pull requests", func() (there bool) { // one whose branch the server has not seen yet makes it fail
		var err error
		all, _, err = r.hub.Client().ListRepoPullRequests(r.hub.User, r.name, sdk.ListPullRequestsOptions{State: sdk.StateAll})
		return err == nil
	})
	return all
}

// page is the only pull request that there is.
func (r *realShop) page() *sdk.PullRequest {
	r.t.Helper()
	all := r.pulls()
	require.Len(r.t, all, 1, "one pull request, and no other")
	pull, _, err := r.hub.Client().GetPullRequest(r.hub.User, r.name, all[0].Index)
	require.NoError(r.t, err)
	return pull
}

// comments are what is written under a pull request, one after the other.
func (r *realShop) comments(number int64) string {
	r.t.Helper()
	all, _, err := r.hub.Client().ListIssueComments(r.hub.User, r.name, number, sdk.ListIssueCommentOptions{})
	require.NoError(r.t, err)
	var text []string
	for _, c := range all {
		text = append(text, c.Body)
	}
	return strings.Join(text, "\n")
}

// status is what the server shows of the Gate beside a commit.
func (r *realShop) status(commit string) sdk.StatusState {
	r.t.Helper()
	all, _, err := r.hub.Client().GetCombinedStatus(r.hub.User, r.name, commit)
	require.NoError(r.t, err)
	for _, s := range all.Statuses {
		if s.Context == "assay/staging/shop" {
			return s.State
		}
	}
	return ""
}

// accept merges a pull request as a person, and syncs what that comes to.
func (r *realShop) accept(number int64, style sdk.MergeStyle, title, message string) {
	r.t.Helper()
	r.eventually("the merge", func() bool { // the server takes a moment to find out that it can be merged
		done, _, err := r.hub.Client().MergePullRequest(r.hub.User, r.name, number, sdk.MergePullRequestOption{Style: style, Title: title, Message: message})
		return err == nil && done
	})
	r.syncMain()
}

// syncMain brings live what the server's main holds.
func (r *realShop) syncMain() {
	r.t.Helper()
	gitIn(r.t, r.shop.config.dir, "pull", "--quiet", "--ff-only", "origin", "main")
	r.setLive(gitIn(r.t, r.shop.config.dir, "rev-parse", "HEAD"))
}

// decided waits for a decision whose reason says all of these.
func (r *realShop) decided(words ...string) {
	r.t.Helper()
	r.eventually("a decision that says "+strings.Join(words, ", "), func() bool {
		all, err := r.past.Decisions(r.t.Context(), history.Filter{Limit: 5})
		require.NoError(r.t, err)
		for _, d := range all {
			said := true
			for _, word := range words {
				said = said && strings.Contains(d.Reason, word)
			}
			if said {
				return true
			}
		}
		return false
	})
}

func (r *realShop) recovered() history.Incident {
	r.t.Helper()
	r.eventually("recovery", func() bool { all := r.incidents(); return len(all) > 0 && all[0].State == history.Recovered })
	return r.incidents()[0]
}
