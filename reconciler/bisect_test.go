package reconciler_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/runner"
	syncs "github.com/assay-dev/assay/sources/sync"
)

// bisected is a shop behind a real server, which Assay deploys and may bisect.
func bisected(t *testing.T) *shop {
	s := newShop(t)
	s.assay.config = serve(t, s.shopRepository())
	s.tests.push("Bisect", map[string]string{
		"staging/site.yaml": siteDoc("shop", s.assay.config, "shop", s.live) + "  deploy: {command: [deploy], bisect: true}\n",
	})
	s.command = func(_ context.Context, c syncs.Command) ([]byte, error) {
		part := s.live + ".part"
		return nil, errors.Join(os.WriteFile(part, []byte(c.Variables["ASSAY_REVISION"]), 0o600), os.Rename(part, s.live))
	}
	return s
}

func (s *shop) shopRepository() string {
	gitIn(s.t, s.config.bare, "config", "http.receivepack", "true")
	return s.config.bare
}

func (s *shop) isLive(commit string) func() bool {
	return func() bool {
		live, err := os.ReadFile(s.live)
		return err == nil && string(live) == commit
	}
}

// TestBisectingTellsSuspectsApart pushes several commits at once, of which one in the middle is bad, and stops Assay in the middle of a
// trial.
func TestBisectingTellsSuspectsApart(t *testing.T) {
	for name, interrupted := range map[string]bool{"in one go": false, "interrupted": true} {
		t.Run(name, func(t *testing.T) {
			s := bisected(t)
			var head atomic.Value
			head.Store("")
			trying := make(chan struct{}, 100)
			deploy := s.command
			s.command = func(ctx context.Context, c syncs.Command) ([]byte, error) {
				if h := head.Load().(string); h != "" && c.Variables["ASSAY_REVISION"] != h {
					trying <- struct{}{}
				}
				return deploy(ctx, c)
			}
			good := s.config.push("Sell at 7", price("7"))
			s.start()
			s.verified("shop", good)
			s.stop()
			var bad string
			for i, amount := range []string{"8", "9", "0", "0", "0", "0"} {
				files := price(amount)
				files["shop/kustomization.yaml"] = "resources: [shop.yaml, change.yaml]\n"
				if amount != "0" || bad != "" { // the bad one changes nothing else, so that its revert meets no conflict
					files["shop/change.yaml"] = fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: change}\ndata: {number: \"%d\"}\n", i)
				}
				commit := s.config.push(fmt.Sprint("Change ", i), files)
				if amount == "0" && bad == "" {
					bad = commit
				}
				if i == 5 {
					head.Store(commit)
				}
			}
			s.start()
			if interrupted {
				<-trying
				s.stop()
				s.start()
			}
			last := head.Load().(string)
			v := s.verified("shop", last)
			require.Equal(t, blame.Config, v.Cause.Kind, v.Cause.Reason)
			require.Len(t, v.Cause.Suspects, 1, v.Cause.Reason)
			require.Equal(t, bad, v.Cause.Suspects[0].Commit)
			require.Contains(t, v.Cause.Reason, "the first of 6 suspects")
			s.eventually("the site to be back", s.isLive(last))
			require.Equal(t, []string{bad}, s.proposed(history.ProposalOpen).Culprits)
		})
	}
}

func TestBisectingSeesDrift(t *testing.T) {
	s := bisected(t)
	var expired atomic.Bool
	s.runner.judge = func(runner.Job) int {
		if expired.Load() {
			return 1
		}
		return 0
	}
	good := s.config.push("Sell at 7", price("7"))
	s.start()
	s.verified("shop", good)
	expired.Store(true)
	harmless := s.config.push("Sell at 8", price("8"))
	v := s.verified("shop", harmless)
	require.Equal(t, blame.Environment, v.Cause.Kind, v.Cause.Reason)
	require.Contains(t, v.Cause.Reason, "fails now too")
	s.eventually("the site to be back", s.isLive(harmless))
}

// TestABisectedSiteIsUnreadyForOthers has a second Gate on the Site; none of its Runs may see a state that is only tried.
func TestABisectedSiteIsUnreadyForOthers(t *testing.T) {
	s := bisected(t)
	s.tests.push("Judge twice", map[string]string{
		"staging/kustomization.yaml": "resources: [suite.yaml, load.yaml, gate.yaml, other.yaml, site.yaml]\n",
		"staging/load.yaml":          loadDoc,
		"staging/other.yaml":         strings.NewReplacer("name: shop", "name: other", "name: smoke", "name: load").Replace(gateDoc),
	})
	var astray atomic.Bool
	s.runner.judge = func(job runner.Job) int {
		live, err := os.ReadFile(s.live)
		if err == nil && job.Env["ASSAY_GATE"] == "other" && !strings.Contains(job.Env["ASSAY_TARGETS"], string(live)) {
			astray.Store(true)
		}
		if job.Suite.Name() == "load" {
			return 0
		}
		return s.judge(job)
	}
	good := s.config.push("Sell at 7", price("7"))
	s.start()
	s.verified("shop", good)
	s.verified("other", good)
	bad := s.config.push("Sell for nothing", price("0"))
	require.Equal(t, blame.Config, s.verified("shop", bad).Cause.Kind)
	require.Equal(t, gate.Passed, s.verified("other", bad).Verdict.Outcome)
	require.False(t, astray.Load())
}
