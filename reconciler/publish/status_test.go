package publish

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback/gitprovider"
)

func TestWhatAStatusSays(t *testing.T) {
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	judged := func(o gate.Outcome, reason string, cause *blame.Cause) history.Publication {
		return history.Publication{Verification: history.Verification{
			Phase: history.Done, Verdict: &gate.Verdict{Outcome: o, Reason: reason}, Cause: cause, Started: at, Finished: at.Add(time.Minute),
		}}
	}
	running := func(kind history.OccasionKind, said string) history.Publication {
		return history.Publication{Said: said, Verification: history.Verification{Phase: history.Running, Occasion: history.Occasion{Kind: kind}, Reason: "Site/shop synced 3f9c2a11"}}
	}
	blaming := judged(gate.Failed, "smoke failed", nil)
	blaming.Verification.Phase = history.Blaming
	superseded := func(said string) history.Publication {
		return history.Publication{Said: said, Verification: history.Verification{Phase: history.Superseded, Reason: "the tests changed"}}
	}
	inherited := judged(gate.Passed, "3 cases passed", nil)
	inherited.SameAs, inherited.Inherited = "3f9c2a11d0b4", at.Add(time.Hour)
	told := judged(gate.Passed, "3 cases passed", nil)
	told.Said = "Success: 3 cases passed"

	for name, tt := range map[string]struct {
		publication history.Publication
		says        string // empty is no news
	}{
		"a start":                               {running(history.OnSync, ""), "Pending: verifying: Site/shop synced 3f9c2a11"},
		"another start":                         {running(history.OnTests, "Success: 3 cases passed"), "Pending: verifying: Site/shop synced 3f9c2a11"},
		"a start that was due":                  {running(history.OnDue, "Success: 3 cases passed"), ""},
		"a start that was due after no verdict": {running(history.OnDue, "Pending: verifying"), "Pending: verifying: Site/shop synced 3f9c2a11"},
		"a failure that is looked into":         {blaming, "Pending: failed, and the cause is looked for: smoke failed"},
		"a pass":                                {judged(gate.Passed, "3 cases passed", nil), "Success: 3 cases passed"},
		"the same pass again":                   {told, ""},
		"a flake":                               {judged(gate.Passed, "it passes now and then", &blame.Cause{Kind: blame.Flake}), "Success: Flake: it passes now and then"},
		"a failure":                             {judged(gate.Failed, "smoke failed", &blame.Cause{Kind: blame.Config}), "Failure: Config: smoke failed"},
		"no evidence":                           {judged(gate.Inconclusive, "no report", nil), "Error: no report"},
		"several lines":                         {judged(gate.Inconclusive, "no\n\n  report\n", nil), "Error: no report"},
		"a long text":                           {judged(gate.Passed, strings.Repeat("é", 141), nil), "Success: " + strings.Repeat("é", 139) + "…"},
		"what renders the same":                 {inherited, "Success: renders the same as 3f9c2a11: 3 cases passed"},
		"superseded":                            {superseded("Pending: verifying"), "Error: not judged: the tests changed"},
		"superseded after a verdict":            {superseded("Success: 3 cases passed"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			tt.publication.Key = history.Key{Environment: "staging", Gate: "shop"}
			got, news := statusOf(tt.publication)
			require.Equal(t, tt.says != "", news)
			if news {
				require.Equal(t, tt.says, said(got))
			}
			require.Equal(t, "assay/staging/shop", got.Context)
		})
	}
	require.Equal(t, at.Add(time.Hour), newsOf(inherited))
	require.NotEqual(t, gitprovider.StatusSuccess, stateOfOutcome("Unheard"), "what is not known to have passed did not")
}
