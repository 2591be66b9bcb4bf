package reconciler_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/git/gittest"
	"github.com/assay-dev/assay/sources/tests"
)

// The commits of the konflux repository that are replayed. culprit changes one file of a base that staging and production share; of the
// others, some change what neither renders, and none changes both.
const (
	replayFrom    = "b3ea72aa5e990bb8635729990f0c90e2793319ff"
	replayCulprit = "263d30ed17296d9f9f9ddf2869dd9fb1230223b1"
	replayTo      = "f8c4b7ede"
	replayFile    = "components/monitoring/custom-kube-state-metrics/base/deployment.yaml"
)

// TestReplayOfRealCommits pushes successive commits of a real config repository to a smart server. A suite fails from one of them on; that
// one, and no other, must be proposed for revert, for both Sites that it changes.
func TestReplayOfRealCommits(t *testing.T) {
	source, bare := gittest.Clone(t, "konflux-config.bundle"), filepath.Join(t.TempDir(), "config.git")
	gitIn(t, source, "init", "--quiet", "--bare", "--initial-branch=main", bare)
	gitIn(t, bare, "config", "http.receivepack", "true")
	url := serve(t, bare)
	advance := func(commit string) { gitIn(t, source, "push", "--quiet", url, commit+":refs/heads/main") }
	advance(replayFrom)

	live := filepath.Join(t.TempDir(), "live")
	setLive := func(commit string) {
		require.NoError(t, os.WriteFile(live+".part", []byte(commit), 0o600))
		require.NoError(t, os.Rename(live+".part", live))
	}
	a := &assay{t: t, data: t.TempDir(), config: url, tests: newRepository(t), mode: tests.Propose}
	a.runner = &judgeRunner{judge: func(runner.Job) int {
		commit, err := os.ReadFile(live)
		if err != nil {
			return 2
		}
		deployment, err := gittest.Command(bare, "show", string(commit)+":"+replayFile).Output()
		if err != nil || strings.Contains(string(deployment), "cpu: 250m") {
			return 1
		}
		return 0
	}}
	a.tests.push("Follow both Sites", map[string]string{
		"staging/kustomization.yaml": "resources: [suite.yaml, gate.yaml, staging.yaml, production.yaml]\n",
		"staging/suite.yaml":         suiteDoc, "staging/gate.yaml": gateDoc,
		"staging/staging.yaml":    siteDoc("metrics-staging", url, "components/monitoring/custom-kube-state-metrics/staging", live),
		"staging/production.yaml": siteDoc("metrics-production", url, "components/monitoring/custom-kube-state-metrics/production", live),
	})
	setLive(replayFrom)
	a.start()
	t.Cleanup(func() { a.stop() })
	require.Equal(t, gate.Passed, a.verified("shop", replayFrom).Verdict.Outcome)

	path := strings.Fields(gitIn(t, source, "rev-list", "--first-parent", "--reverse", replayFrom+".."+replayTo))
	require.Contains(t, path, replayCulprit)
	broken := false
	for _, commit := range path {
		advance(commit)
		setLive(commit)
		v := a.verified("shop", commit)
		broken = broken || commit == replayCulprit
		require.Equal(t, broken, v.Verdict.Outcome == gate.Failed, "%s: %s", commit, v.Verdict.Reason)
	}

	a.eventually("a proposal", func() bool {
		all := a.incidents()
		if len(all) == 0 {
			return false
		}
		proposals, err := a.past.ProposalsOf(t.Context(), all[0].ID)
		require.NoError(t, err)
		return len(proposals) == 1 && proposals[0].State == history.ProposalOpen
	})
	require.Len(t, a.incidents(), 1)
	cause := a.incidents()[0].Cause
	require.Equal(t, blame.Config, cause.Kind, cause.Reason)
	require.Len(t, cause.Suspects, 1, cause.Reason)
	require.Equal(t, replayCulprit, cause.Suspects[0].Commit)
	require.Len(t, cause.Suspects[0].Targets, 2, "both Sites render the base")

	branches := gitIn(t, bare, "branch", "--list", "assay/*", "--format=%(refname:short)")
	require.Len(t, strings.Fields(branches), 1, "one proposal, and no other")
	message := gitIn(t, bare, "log", "-1", "--format=%B", branches)
	require.Contains(t, message, "This reverts commit "+replayCulprit+".")
	require.Equal(t, replayFile, gitIn(t, bare, "diff", "--name-only", "main..."+branches))
}
