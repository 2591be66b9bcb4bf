package github_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/github"
	"github.com/assay-dev/assay/rollback/gitprovider/github/githubtest"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
	"github.com/assay-dev/assay/sources/git"
)

func TestChecks(t *testing.T) {
	const ci = 15368 // GitHub Actions
	status := func(s *githubtest.Server, commit, context string, state gitprovider.StatusState) {
		require.NoError(t, s.SetStatus(commit, gitprovider.CommitStatus{Context: context, State: state}))
	}
	for name, c := range map[string]struct {
		arrange func(s *githubtest.Server, commit string)
		want    gitprovider.Checks
	}{
		"none is required": {func(s *githubtest.Server, commit string) { status(s, commit, "lint", gitprovider.StatusFailure) },
			gitprovider.Checks{State: gitprovider.ChecksPassing}},
		"protection and rules": {func(s *githubtest.Server, commit string) {
			s.Require("ci/build")
			s.Rules = []githubtest.Check{{Name: "policy"}, {Name: "ci/build"}}
		}, gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: ci/build, policy"}},
		"a failing status": {func(s *githubtest.Server, commit string) {
			s.Require("ci/build")
			s.Require("ci/other")
			status(s, commit, "ci/build", gitprovider.StatusError)
		}, gitprovider.Checks{State: gitprovider.ChecksFailing, Reason: "failed: ci/build"}},
		"check runs": {func(s *githubtest.Server, commit string) {
			s.Rules = []githubtest.Check{{Name: "build", App: ci}, {Name: "test", App: ci}, {Name: "docs"}}
			s.Runs = []githubtest.CheckRun{
				{Commit: commit, Name: "build", Status: "completed", Conclusion: "success", App: ci},
				{Commit: commit, Name: "test", Status: "completed", Conclusion: "neutral", App: ci},
				{Commit: commit, Name: "docs", Status: "completed", Conclusion: "skipped", App: ci},
			}
		}, gitprovider.Checks{State: gitprovider.ChecksPassing}},
		"a running check": {func(s *githubtest.Server, commit string) {
			s.Rules = []githubtest.Check{{Name: "build"}}
			s.Runs = []githubtest.CheckRun{{Commit: commit, Name: "build", Status: "in_progress", App: ci}}
		}, gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: build"}},
		"a failed check": {func(s *githubtest.Server, commit string) {
			s.Rules = []githubtest.Check{{Name: "build"}}
			s.Runs = []githubtest.CheckRun{{Commit: commit, Name: "build", Status: "completed", Conclusion: "timed_out", App: ci}}
		}, gitprovider.Checks{State: gitprovider.ChecksFailing, Reason: "failed: build"}},
		"another App's check": {func(s *githubtest.Server, commit string) {
			s.Rules = []githubtest.Check{{Name: "build", App: ci}}
			s.Runs = []githubtest.CheckRun{{Commit: commit, Name: "build", Status: "completed", Conclusion: "success", App: 99}}
		}, gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: build"}},
		"more rules than a page holds": {func(s *githubtest.Server, commit string) {
			for i := range 150 {
				s.Rules = append(s.Rules, githubtest.Check{Name: "build", App: ci + int64(i)})
			}
			s.Rules = append(s.Rules, githubtest.Check{Name: "last"})
			s.Runs = []githubtest.CheckRun{{Commit: commit, Name: "build", Status: "completed", Conclusion: "success"}}
		}, gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: last"}},
		"rules cannot be read, clean": {func(s *githubtest.Server, commit string) { s.HideRules = true }, gitprovider.Checks{State: gitprovider.ChecksPassing}},
		"rules cannot be read, blocked": {func(s *githubtest.Server, commit string) {
			s.HideRules = true
			s.Protect()
		}, gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "GitHub does not let it be merged yet, by rules that the token may not read"}},
		"rules cannot be read, not known": {func(s *githubtest.Server, commit string) { s.HideRules, s.Unchecked = true, 9 },
			gitprovider.Checks{State: gitprovider.ChecksPending, Reason: `GitHub calls it "unknown", and the token may not read the rules`}},
	} {
		t.Run(name, func(t *testing.T) {
			server := githubtest.New(t)
			pr := opened(t, server)
			c.arrange(server, pr.Head)
			got, err := withToken(t, server).Checks(t.Context(), pr.Number, hash(t, pr.Head))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestChecksOfManyStatuses(t *testing.T) {
	server := githubtest.New(t)
	pr := opened(t, server)
	server.Require("z-last")
	for i := range 250 {
		require.NoError(t, server.SetStatus(pr.Head, gitprovider.CommitStatus{Context: string(rune('一' + i)), State: gitprovider.StatusSuccess}))
	}
	require.NoError(t, server.SetStatus(pr.Head, gitprovider.CommitStatus{Context: "\U0001F600", State: gitprovider.StatusSuccess}))
	server.Require("\U0001F600") // on the third page
	require.NoError(t, server.SetStatus(pr.Head, gitprovider.CommitStatus{Context: "z-last", State: gitprovider.StatusSuccess}))
	got, err := withToken(t, server).Checks(t.Context(), pr.Number, hash(t, pr.Head))
	require.NoError(t, err)
	require.Equal(t, gitprovider.ChecksPassing, got.State, got.Reason)
}

func TestChecksOfAnotherHead(t *testing.T) {
	server := githubtest.New(t)
	pr := opened(t, server)
	_, err := withToken(t, server).Checks(t.Context(), pr.Number, git.Hash{1})
	require.ErrorIs(t, err, gitprovider.ErrHeadMoved)
}

func TestChecksOfATokenThatIsWrong(t *testing.T) {
	server := githubtest.New(t)
	server.HideRules = true
	_, err := connect(t, server, page, github.Credentials{Token: forge.Right + "x"}).Checks(t.Context(), 1, git.Hash{1})
	require.ErrorIs(t, err, gitprovider.ErrUnauthorized, "which is not taken for rules that cannot be read")
}

// TestCheckRunsThatMayNotBeRead is what a fine-grained token meets: GitHub offers it no permission for them.
func TestCheckRunsThatMayNotBeRead(t *testing.T) {
	server := githubtest.New(t)
	pr := opened(t, server)
	server.Require("ci/build")
	server.Instead = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/check-runs") {
			return false
		}
		w.Header().Set("X-Accepted-GitHub-Permissions", "checks=read")
		githubtest.Say(w, http.StatusForbidden, "Resource not accessible by personal access token")
		return true
	}
	p := withToken(t, server)
	got, err := p.Checks(t.Context(), pr.Number, hash(t, pr.Head))
	require.NoError(t, err)
	require.Equal(t, gitprovider.ChecksPending, got.State)
	require.NoError(t, server.SetStatus(pr.Head, gitprovider.CommitStatus{Context: "ci/build", State: gitprovider.StatusSuccess}))
	got, err = p.Checks(t.Context(), pr.Number, hash(t, pr.Head))
	require.NoError(t, err)
	require.Equal(t, gitprovider.ChecksPassing, got.State)
}
