package gitlab_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitlab/gitlabtest"
	"github.com/assay-dev/assay/sources/git"
)

func TestChecks(t *testing.T) {
	pipeline := func(status string) func(*gitlabtest.Server) {
		return func(s *gitlabtest.Server) {
			s.Require("any")
			s.Pipeline = status
		}
	}
	passing := gitprovider.Checks{State: gitprovider.ChecksPassing}
	pending := gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: pipeline 99"}
	failing := gitprovider.Checks{State: gitprovider.ChecksFailing, Reason: "failed: pipeline 99"}
	for name, c := range map[string]struct {
		arrange func(*gitlabtest.Server)
		want    gitprovider.Checks
	}{
		"none is required":   {func(s *gitlabtest.Server) { s.Pipeline = "failed" }, passing},
		"no pipeline yet":    {pipeline(""), gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: a pipeline"}},
		"created":            {pipeline("created"), pending},
		"running":            {pipeline("running"), pending},
		"waits for a person": {pipeline("manual"), pending},
		"failed":             {pipeline("failed"), failing},
		"canceled":           {pipeline("canceled"), failing},
		"skipped":            {pipeline("skipped"), failing},
		"skipped passes": {func(s *gitlabtest.Server) {
			pipeline("skipped")(s)
			s.Skips = true
			s.Status = "mergeable"
		}, passing},
		"approval": {func(s *gitlabtest.Server) { s.Protect() }, gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: an approval"}},
		"both": {func(s *gitlabtest.Server) {
			pipeline("running")(s)
			s.Status = "status_checks_must_pass"
		}, gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: pipeline 99, external status checks"}},
		"of the commit before": {func(s *gitlabtest.Server) {
			pipeline("success")(s)
			s.Status = "ci_must_pass"
		}, gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: a pipeline"}},
		"still checking": {func(s *gitlabtest.Server) { s.Unchecked = 9 }, passing},
	} {
		t.Run(name, func(t *testing.T) {
			server := gitlabtest.New(t)
			pr := opened(t, server)
			c.arrange(server)
			got, err := connect(t, server).Checks(t.Context(), pr.Number, hash(t, pr.Head))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestChecksOfAnotherHead(t *testing.T) {
	server := gitlabtest.New(t)
	pr := opened(t, server)
	_, err := connect(t, server).Checks(t.Context(), pr.Number, git.Hash{1})
	require.ErrorIs(t, err, gitprovider.ErrHeadMoved)
}

// TestStatusThatIsThereAlready is one that GitLab refuses to say twice.
func TestStatusThatIsThereAlready(t *testing.T) {
	server := gitlabtest.New(t)
	commit := server.Head("main")
	p := connect(t, server)
	for range 2 {
		require.NoError(t, p.SetStatus(t.Context(), hash(t, commit), gitprovider.CommitStatus{Context: "assay/prod/shop", State: gitprovider.StatusPending}))
	}
	require.Equal(t, gitprovider.StatusPending, server.Statuses(commit)["assay/prod/shop"].State)
}
