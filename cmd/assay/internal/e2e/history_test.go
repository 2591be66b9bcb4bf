//go:build e2e

package e2e

import (
	sdk "code.gitea.io/sdk/gitea"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/cmd/assay/internal/settings"
	"github.com/assay-dev/assay/cmd/assay/internal/wire"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
)

// eventually waits for something, and says what was waited for in vain.
func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	require.Eventually(w.t, holds, patience, interval, what)
}

// past reads Assay's history, as `assay status` does beside a running Assay; false while there is none.
func (w *world) past(read func(*history.Store) (bool, error)) bool {
	database, err := settings.ReadDatabase(w.assay.settings["ASSAY_DATABASE"])
	require.NoError(w.t, err)
	store, err := history.OpenReadOnly(w.t.Context(), wire.HistoryPlace(w.assay.data(), database))
	if err != nil {
		return false
	}
	defer store.Close()
	holds, err := read(store)
	return err == nil && holds
}

// verifications of an Environment, newest first; none while there is no history.
func (w *world) verifications(env string) (all []history.Verification) {
	w.past(func(s *history.Store) (_ bool, err error) {
		all, err = s.Verifications(w.t.Context(), history.Filter{Environment: env})
		return true, err
	})
	return all
}

// verdict waits for the final Verification of the Gate shop at a commit that ends so.
func (w *world) verdict(env, commit string, outcome gate.Outcome) (found history.Verification) {
	w.t.Helper()
	w.eventually(env+": "+string(outcome)+" at "+commit, func() (there bool) {
		found, there = w.judged(env, commit, outcome)
		return there
	})
	return found
}

// judged is the final Verification at a commit that ended so; false while there is none.
func (w *world) judged(env, commit string, outcome gate.Outcome) (history.Verification, bool) {
	for _, v := range w.verifications(env) {
		if v.Phase == history.Done && v.Verdict.Outcome == outcome && v.Targets[0].Revisions[0].Commit == commit {
			return v, true
		}
	}
	return history.Verification{}, false
}

// lastPassed waits until a commit is known to be good, because it passed or because it renders what passed.
func (w *world) lastPassed(env, commit string) {
	w.t.Helper()
	w.eventually(env+": last passed is "+commit, func() bool {
		return w.past(func(s *history.Store) (bool, error) {
			state, err := s.Gate(w.t.Context(), history.Key{Environment: env, Gate: "shop"})
			return state.Passed != nil && state.Passed.Targets[0].Revisions[0].Commit == commit, err
		})
	})
}

// incidents of an Environment, newest first.
func (w *world) incidents(env string) (all []history.Incident) {
	w.past(func(s *history.Store) (_ bool, err error) {
		all, err = s.Incidents(w.t.Context(), history.Filter{Environment: env})
		return true, err
	})
	return all
}

// proposed waits for the pull request that reverts a commit, the only one that there is.
func (w *world) proposed() *sdk.PullRequest {
	w.t.Helper()
	w.eventually("a pull request", func() bool { return len(w.config.pulls()) > 0 })
	all := w.config.pulls()
	require.Len(w.t, all, 1, "one pull request, and no other")
	require.Equal(w.t, w.bot, all[0].Poster.UserName)
	return all[0]
}

// recovered waits for the end of the only Incident of an Environment.
func (w *world) recovered(env string) history.Incident {
	w.t.Helper()
	w.eventually(env+": recovery", func() bool { all := w.incidents(env); return len(all) > 0 && all[0].State == history.Recovered })
	all := w.incidents(env)
	require.Len(w.t, all, 1)
	return all[0]
}

// event waits for a Kubernetes Event on an Environment's Target.
func (w *world) event(env, reason string) string {
	w.t.Helper()
	var notes string
	w.eventually(env+": the Event "+reason, func() bool {
		notes = w.Kubectl(w.t, "get", "events.events.k8s.io", "--namespace="+w.namespace(env),
			"--field-selector=reason="+reason+",regarding.kind="+w.engine.kind+",regarding.name=shop", "--output=jsonpath={.items[*].note}")
		return notes != ""
	})
	return notes
}
