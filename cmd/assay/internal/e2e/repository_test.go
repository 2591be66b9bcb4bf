//go:build e2e

package e2e

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/stretchr/testify/require"
)

// repository is one on Gitea, and a person's clone of it.
type repository struct {
	t         *testing.T
	hub       *sdk.Client
	user      string
	name, url string
	dir       string
}

// newRepository makes an empty one that Assay may write to.
func (p *place) newRepository(t *testing.T, name string) *repository {
	t.Helper()
	made, _, err := p.hub.Client().CreateRepo(sdk.CreateRepoOption{Name: name, Private: true, DefaultBranch: "main"})
	require.NoError(t, err)
	write := sdk.AccessModeWrite
	_, err = p.hub.Client().AddCollaborator(p.hub.User, name, p.bot, sdk.AddCollaboratorOption{Permission: &write})
	require.NoError(t, err)
	people, err := url.Parse(made.CloneURL)
	require.NoError(t, err)
	people.User = url.UserPassword(p.hub.User, p.hub.Password)
	r := &repository{t: t, hub: p.hub.Client(), user: p.hub.User, name: name, url: made.CloneURL, dir: t.TempDir()}
	r.git("init", "--quiet", "--initial-branch=main")
	r.git("remote", "add", "origin", people.String())
	return r
}

// git runs Git in the clone, as a person, and returns what it prints.
func (r *repository) git(args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "git", append([]string{"-C", r.dir, "-c", "user.name=Ana", "-c", "user.email=ana@example.com"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0")
	out, err := cmd.CombinedOutput()
	require.NoError(r.t, err, "git %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

// push commits files, of which an empty one is removed, to main, and returns the commit.
func (r *repository) push(message string, files map[string]string) string {
	r.t.Helper()
	for name, text := range files {
		file := filepath.Join(r.dir, name)
		if text == "" {
			require.NoError(r.t, os.Remove(file))
			continue
		}
		require.NoError(r.t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(r.t, os.WriteFile(file, []byte(text), 0o644))
	}
	r.git("add", "--all")
	r.git("commit", "--quiet", "--allow-empty", "--message", message)
	r.git("push", "--quiet", "origin", "HEAD:main")
	return r.git("rev-parse", "HEAD")
}

// pull brings the clone to what main is on Gitea, and returns that commit.
func (r *repository) pull() string {
	r.t.Helper()
	r.git("pull", "--quiet", "--ff-only", "origin", "main")
	return r.git("rev-parse", "HEAD")
}

// pulls are all pull requests, newest first. While Gitea has not seen a branch yet there are none.
func (r *repository) pulls() []*sdk.PullRequest {
	all, _, err := r.hub.ListRepoPullRequests(r.user, r.name, sdk.ListPullRequestsOptions{State: sdk.StateAll})
	if err != nil {
		return nil
	}
	return all
}

// merge merges a pull request as a person, and returns the commit of main that this comes to.
func (r *repository) merge(number int64) string {
	r.t.Helper()
	require.Eventually(r.t, func() bool { // Gitea takes a moment to find out that it can be merged
		done, _, err := r.hub.MergePullRequest(r.user, r.name, number, sdk.MergePullRequestOption{Style: sdk.MergeStyleMerge})
		return err == nil && done
	}, patience, interval, "merge of pull request %d", number)
	return r.pull()
}

// status is what Gitea shows beside a commit under this name; empty while there is none.
func (r *repository) status(commit, name string) sdk.StatusState {
	all, _, err := r.hub.GetCombinedStatus(r.user, r.name, commit)
	if err != nil {
		return ""
	}
	for _, s := range all.Statuses {
		if s.Context == name {
			return s.State
		}
	}
	return ""
}
