//go:build e2e

package e2e

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
)

// TestRealFailures takes away what all stories need, and so has a place of its own, where one failure comes after the other.
func TestRealFailures(t *testing.T) {
	t.Parallel()
	p := own(t)
	t.Run("of Assay", func(t *testing.T) { failover(t, newWorld(t, p, flux)) })
	t.Run("of what it lives on", func(t *testing.T) { outages(t, newWorld(t, p, flux)) })
}

// failover kills the leader in each phase of a recovery: before the Verification, while a Job runs, between the Verdict and the Proposal,
// while the pull request is open, and after it was merged. It ends as if nobody had been killed.
func failover(t *testing.T, w *world) {
	door := newDoor(w)
	w.tests.push("Come through a door", map[string]string{"overlays/staging/suite.yaml": w.suite("smoke", door.command(w))})
	r := newReplicas(w)
	r.start()
	w.verdict("staging", w.opened, gate.Passed)

	door.close()
	bad := w.config.push("Break it", badValue)
	r.failOver(w.look) // nobody leads when it is synced
	door.reached()
	r.failOver()

	w.hub.Stop() // it is judged, and nothing can be proposed
	door.open()
	w.verdict("staging", bad, gate.Failed)
	r.failOver()
	w.hub.Start(t)

	page := w.proposed()
	r.failOver()

	merged := w.config.merge(page.Index)
	r.failOver(w.look)
	w.verdict("staging", merged, gate.Passed)
	w.recovered("staging")
	require.Equal(t, []string{w.opened, bad, merged}, w.verified("staging"))
	require.Len(t, w.config.pulls(), 1)
	r.jobs.once(t)
}

// outages take away, one after the other, what Assay lives on, each in the middle of something: the API server, etcd's speed, Gitea.
func outages(t *testing.T, w *world) {
	door := newDoor(w)
	w.tests.push("Come through a door", map[string]string{"overlays/staging/suite.yaml": w.suite("smoke", door.command(w))})
	r := newReplicas(w)
	r.start()
	w.verdict("staging", w.opened, gate.Passed)

	door.close()
	dearer := w.deploy("Raise the price", map[string]string{"base/settings.env": "PRICE=8\n"})
	door.reached()
	w.RestartAPIServer(t, 5*time.Second)
	door.open()
	r.verdict("staging", dearer, gate.Passed)

	w.SlowEtcd(500 * time.Millisecond)
	bad := w.deploy("Break it", badValue)
	r.verdict("staging", bad, gate.Failed)
	w.SlowEtcd(0)

	page := w.proposed()
	w.hub.Stop()
	r.eventually("Assay to notice", func() bool { return r.say("dial tcp " + strings.TrimPrefix(w.hub.URL, "http://")) })
	w.hub.Start(t)
	merged := w.config.merge(page.Index)
	w.look()
	w.verdict("staging", merged, gate.Passed)
	w.recovered("staging")
	require.Equal(t, []string{w.opened, dearer, bad, merged}, w.verified("staging"), "no Sync is left out, and none is verified twice")
	require.Len(t, w.config.pulls(), 1)
	r.jobs.once(t)
}

// verified are the commits with a final Verification, oldest first.
func (w *world) verified(env string) (commits []string) {
	for _, v := range w.verifications(env) {
		if v.Phase == history.Done {
			commits = append([]string{v.Targets[0].Revisions[0].Commit}, commits...)
		}
	}
	return commits
}

// door is a page that keeps whoever visits it waiting while it is closed.
type door struct {
	*page
	t       *testing.T
	url     string
	arrived chan struct{}
	release func()
}

// A client waits a few seconds for one answer, so that whoever is kept has to knock again; knocks bounds how often.
const (
	kept   = 3 * time.Second
	knocks = 12
)

func newDoor(w *world) *door {
	all := newPages(w.t, w.BridgeAddress())
	return &door{page: all.page("door"), t: w.t, url: all.URL + "/door"}
}

// command visits the shop once the door lets it.
func (d *door) command(w *world) string {
	return "command: [/visit, " + strings.Repeat(d.url+", ", knocks) + w.shop("staging", "price") + "]"
}

// close keeps who comes from now on, until the door opens.
func (d *door) close() {
	arrived, opened := make(chan struct{}, 100), make(chan struct{})
	d.arrived, d.release = arrived, func() { close(opened) }
	d.answers(func(ctx context.Context) int {
		arrived <- struct{}{}
		select {
		case <-opened:
		case <-time.After(kept):
		case <-ctx.Done():
		}
		return http.StatusOK
	})
}

// open lets in who waits, and who comes.
func (d *door) open() {
	d.answers(always(http.StatusOK))
	d.release()
}

// reached waits until somebody waits.
func (d *door) reached() {
	d.t.Helper()
	select {
	case <-d.arrived:
	case <-time.After(patience):
		require.FailNow(d.t, "nobody came to the door")
	}
}
