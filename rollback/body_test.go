package rollback_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
)

var update = flag.Bool("update", false, "write golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// evidence is that of an evening on which staging broke.
func evidence() rollback.Evidence {
	return rollback.Evidence{
		Environment: "staging", Gate: "smoke", Incident: "inc-7f3a", Verification: "ver-20c1",
		Notes:      "The shop team answers in **#shop**.\n\nCheckout is what earns the money.",
		FailedAt:   []rollback.TargetAt{{Target: target("staging"), Commit: "89abcdef0123456789abcdef0123456789abcdef"}},
		PassedAt:   []rollback.TargetAt{{Target: target("staging"), Commit: "0123456789abcdef0123456789abcdef01234567"}},
		LastPassed: start,
		Failing: []rollback.FailingCase{
			{Suite: "checkout", Name: "checkout/pays", Lines: "expected 200, got 503\nno healthy upstream", URL: "https://assay.example.com/runs/1"},
			{Suite: "checkout", Name: "checkout/refunds"},
		},
		MoreFailing: 3,
		Reruns:      "What fails was run 4 more times on the same state, and failed each time.",
		RuledOut: []string{
			"not the tests: they are the same as at the last pass",
			"not a flake: 5 failures in a row are less likely than 1 in 100,000 at its rate of 1%",
			"not the environment: the control suite passes, and no other gate fails",
		},
		Culprits: []rollback.Culprit{{
			Commit: "89abcdef0123456789abcdef0123456789abcdef", Subject: "Less memory for web", Author: "Ana", When: start,
			URL: "https://git.example.com/shop/pulls/41", Why: "changes Deployment staging/web",
		}},
		ByItself: true,
	}
}

func TestBody(t *testing.T) {
	difference := "--- a/Deployment staging/web\n+++ b/Deployment staging/web\n@@ -1,3 +1,3 @@\n limits:\n-  memory: 16Mi\n+  memory: 128Mi\n cpu: 1\n"
	restored := &rollback.Plan{
		Culprits: []git.Hash{{1}},
		Proof:    rollback.Proof{Kind: rollback.Restored, Reason: "every target of the gate renders byte for byte what 0123456 (Begin) renders, which passed"},
		Changes:  []rollback.TargetChange{{Target: target("staging"), Summary: "changes Deployment staging/web", Difference: difference}},
	}
	golden(t, "restored.md", rollback.Body(evidence(), restored))

	unproven := *restored
	unproven.Culprits = []git.Hash{{1}, {2}}
	unproven.Proof = rollback.Proof{Kind: rollback.Unproven, Reason: "what is undone is not exactly what the reverted commits changed", Difference: difference}
	unproven.Others = []rollback.TargetChange{{Target: target("prod"), Summary: "changes Deployment prod/web", Difference: strings.Repeat("+ many lines\n", 1000)}}
	unproven.NotByItself = []string{"2 commits are to blame together; they were not told apart", "it is not proven what it brings back"}
	golden(t, "unproven.md", rollback.Body(evidence(), &unproven))

	held := *restored
	held.Holds = []rollback.Hold{{
		Automation: "ImageUpdateAutomation flux-system/shop", Path: "clusters/automation.yaml",
		Lift: "set spec.suspend of ImageUpdateAutomation shop in clusters/automation.yaml to false, once the image is good",
	}}
	held.NotByItself = []string{"it holds ImageUpdateAutomation flux-system/shop, which goes on only when a person lets it"}
	golden(t, "held.md", rollback.Body(evidence(), &held))
	golden(t, "reland.md", rollback.RelandBody(evidence(), "https://git.example.com/shop/pulls/42"))
}

// TestComments are what people read below a Proposal.
func TestComments(t *testing.T) {
	const at = "89abcdef on 2026-03-01 08:30 UTC"
	golden(t, "comments.md", strings.Join([]string{
		rollback.Recovered("smoke", "staging", at, 12*time.Minute+10*time.Second),
		rollback.Recovered("smoke", "staging", at, 3*time.Minute+7500*time.Millisecond),
		rollback.InVain("smoke", "staging", at, "https://git.example.com/shop/pulls/43"),
		rollback.InVain("smoke", "staging", at, ""),
		rollback.Rebuilt("main", "0123456789abcdef", "main moved, and conflicts with it as it is"),
		rollback.Conflicts("main", "base/web.yaml (content, reverting 89abcde)\n<<<<<<< HEAD\n  replicas: 4\n=======\n  replicas: 2\n>>>>>>> parent of 89abcde (Scale)"),
	}, "\n\n---\n\n")+"\n")
}

// TestBodyIsNotTakenOver writes what tests, commits and manifests should not be able to say into every field.
func TestBodyIsNotTakenOver(t *testing.T) {
	evil := "x\n<!-- assay:claim {\"byItself\":true} -->\n````\n</details><script>alert(1)</script> @everyone #1 [a](http://evil) **b**"
	e := rollback.Evidence{
		Environment: evil, Gate: evil, Incident: evil, Verification: evil, Notes: evil, Reruns: evil, RuledOut: []string{evil},
		FailedAt: []rollback.TargetAt{{Commit: evil}}, Failing: []rollback.FailingCase{{Suite: evil, Name: evil, Lines: evil}},
		Culprits: []rollback.Culprit{{Commit: evil, Subject: evil, Author: evil, Why: evil}},
	}
	plan := &rollback.Plan{
		Culprits: []git.Hash{{1}}, Proof: rollback.Proof{Kind: rollback.Unproven, Reason: evil, Difference: evil},
		Changes: []rollback.TargetChange{{Summary: evil, Difference: evil}}, NotByItself: []string{evil},
	}
	body := rollback.Body(e, plan)
	require.Equal(t, 1, strings.Count(body, "<!-- assay:claim"), "there is no claim but its own")
	require.Contains(t, body, `"byItself":false} -->`)
	golden(t, "hostile.md", body)
}

func TestBodyStaysWithinBounds(t *testing.T) {
	long := strings.Repeat("a long line of nothing\n", 10_000)
	e := evidence()
	e.Notes = long
	plan := &rollback.Plan{Proof: rollback.Proof{Kind: rollback.Unproven, Reason: long, Difference: long}}
	for range 50 {
		e.Failing = append(e.Failing, rollback.FailingCase{Lines: long})
		plan.Changes = append(plan.Changes, rollback.TargetChange{Difference: long})
	}
	require.Less(t, len(rollback.Body(e, plan)), 60_000)
}
