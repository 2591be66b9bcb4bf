//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/sync"
)

// app is what one case is about, and what people do to it and see of it.
type app struct {
	*scene
	t    *testing.T
	ctx  context.Context // lasts longer than the test: the last look is taken after a failure
	name string
	page *page
	repo *repository
}

func (s *scene) newApp(t *testing.T, name string) *app {
	t.Helper()
	a := &app{scene: s, t: t, ctx: context.WithoutCancel(t.Context()), name: name, page: s.pages.page(name), repo: s.newRepository(t, name)}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(a.describe())
		}
	})
	return a
}

// kubectl runs in the namespace of the case.
func (a *app) kubectl(args ...string) {
	a.t.Helper()
	a.Kubectl(a.t, append([]string{"--namespace=" + a.name}, args...)...)
}

// apply brings objects into the cluster, with the words of the case in place of $NAME, $URL, $USER and $PASSWORD.
func (a *app) apply(objects ...string) {
	a.t.Helper()
	words := strings.NewReplacer("$NAME", a.name, "$URL", a.repo.url, "$USER", a.hub.User, "$PASSWORD", a.hub.Password)
	a.Apply(a.t, words.Replace(strings.Join(objects, "\n---\n")))
}

// annotate puts an annotation with a value of its own on an object, and returns the value.
func (a *app) annotate(object, name string) (value string) {
	a.t.Helper()
	value = time.Now().Format(time.RFC3339Nano)
	a.kubectl("annotate", "--overwrite", object, name+"="+value)
	return value
}

// awaits waits until a field of an object has a value.
func (a *app) awaits(object, field, value string) {
	a.t.Helper()
	a.kubectl("wait", object, "--for=jsonpath={"+field+"}="+value, "--timeout="+patience.String())
}

func (a *app) eventually(what string, is func() bool) {
	a.t.Helper()
	require.Eventually(a.t, is, patience, interval, what)
}

func (a *app) gate() history.GateState {
	a.t.Helper()
	state, err := a.past.Gate(a.ctx, history.Key{Environment: a.name, Gate: "app"})
	require.NoError(a.t, err)
	return state
}

// ends waits until the Gate has a final Verdict of a commit, and nothing under way.
func (a *app) ends(outcome gate.Outcome, commit string) (v history.Verification) {
	a.t.Helper()
	a.eventually(fmt.Sprintf("%s at %.8s", outcome, commit), func() bool {
		state := a.gate()
		if state.Final == nil || state.Final.ID != state.Latest.ID {
			return false
		}
		v = *state.Final
		return v.Verdict.Outcome == outcome && slices.Contains(commitsOf(v.Targets[0].Revisions), commit)
	})
	return v
}

func commitsOf(revisions []sync.Revision) (all []string) {
	for _, r := range revisions {
		all = append(all, r.Commit)
	}
	return all
}

// blames checks that a Verification has found which commit is at fault.
func (a *app) blames(v history.Verification, commit string) {
	a.t.Helper()
	require.NotNil(a.t, v.Cause)
	require.Equal(a.t, blame.Config, v.Cause.Kind, v.Cause.Reason)
	require.Len(a.t, v.Cause.Suspects, 1)
	require.Equal(a.t, commit, v.Cause.Suspects[0].Commit)
}

// ran checks in which phases the Gate's Verifications are, oldest first, and how often the Suite came to the page.
func (a *app) ran(visits int, phases ...history.Phase) {
	a.t.Helper()
	var are []history.Phase
	for _, v := range slices.Backward(a.verifications()) {
		are = append(are, v.Phase)
	}
	require.Equal(a.t, phases, are)
	require.Equal(a.t, visits, a.page.visited())
}

// verifications of the Gate, newest first.
func (a *app) verifications() []history.Verification {
	a.t.Helper()
	all, err := a.past.Verifications(a.ctx, history.Filter{Environment: a.name})
	require.NoError(a.t, err)
	return all
}

// decided waits for a decision whose reason says this.
func (a *app) decided(words string) {
	a.t.Helper()
	a.eventually("a decision that says "+words, func() bool {
		all, err := a.past.Decisions(a.ctx, history.Filter{Environment: a.name})
		require.NoError(a.t, err)
		return slices.ContainsFunc(all, func(d history.Decision) bool { return strings.Contains(d.Reason, words) })
	})
}

// seen waits until Assay has seen a Sync of a commit.
func (a *app) seen(commit string) {
	a.t.Helper()
	a.eventually(fmt.Sprintf("the sync of %.8s", commit), func() bool {
		all, err := a.past.Syncs(a.ctx, history.Filter{Environment: a.name})
		require.NoError(a.t, err)
		return slices.ContainsFunc(all, func(s sync.Sync) bool { return slices.Contains(commitsOf(s.Revisions), commit) })
	})
}

// arrives waits for the Suite to come to the page.
func (a *app) arrives(arrived <-chan struct{}) {
	a.t.Helper()
	select {
	case <-arrived:
	case <-time.After(patience):
		require.FailNow(a.t, "nobody came")
	}
}

// describe tells people what there is to know of the Gate.
func (a *app) describe() string {
	var b strings.Builder
	for _, v := range a.verifications() {
		fmt.Fprintf(&b, "%s for %s, %+v: %s", v.Phase, v.Occasion.Kind, v.Targets, v.Reason)
		if v.Verdict != nil {
			fmt.Fprintf(&b, " %s: %s", v.Verdict.Outcome, v.Verdict.Reason)
		}
		if v.Cause != nil {
			fmt.Fprintf(&b, " %+v", *v.Cause)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
