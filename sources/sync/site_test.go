package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// configRepository is a real repository that the test commits to.
type configRepository struct {
	t   *testing.T
	dir string
}

func newConfigRepository(t *testing.T) *configRepository {
	r := &configRepository{t: t, dir: t.TempDir()}
	r.git("init", "--quiet", "--initial-branch=main")
	r.commit("kustomization.yaml", "resources: [shop.yaml]\n")
	return r
}

func (r *configRepository) git(args ...string) string {
	r.t.Helper()
	return gittest.Run(r.t, r.dir, args...)
}

func (r *configRepository) commit(file, content string) string {
	r.t.Helper()
	require.NoError(r.t, os.WriteFile(filepath.Join(r.dir, file), []byte(content), 0o600))
	r.git("add", file)
	r.git("commit", "--quiet", "--message", "Change "+file)
	return r.git("rev-parse", "HEAD")
}

func (r *configRepository) price(price int) string {
	return r.commit("shop.yaml", fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata: {price: %q}\n", fmt.Sprint(price)))
}

// world is one Site with what stands around it.
type world struct {
	config   *configRepository
	live     string // file that the probe reads
	deployed []string
	fail     error // of the deploy command
	clock    *clocktesting.FakeClock
	sites    *Sites
	followed *followed
}

func newWorld(t *testing.T, edit ...func(*tests.Site)) *world {
	w := &world{config: newConfigRepository(t), live: filepath.Join(t.TempDir(), "live"), clock: clocktesting.NewFakeClock(noon)}
	site := &tests.Site{Meta: tests.Meta{APIVersion: tests.APIVersion, Kind: tests.KindSite, Metadata: tests.ObjectMeta{Name: "shop"}}}
	site.Spec.Repository.URL, site.Spec.Path, site.Spec.Live.File = w.config.dir, ".", w.live
	for _, e := range edit {
		e(site)
	}
	site.Default()
	mirrors := git.NewMirrors(t.TempDir(), func(string) git.Auth { return git.Auth{} }, w.clock)
	w.sites = NewSites(mirrors, render.NewBuilder(nil), w.command, w.clock)
	w.sites.Follow([]*tests.Site{site}, nil)
	w.followed = w.sites.sites["shop"]
	return w
}

// command stands in for the Site's own: it deploys by writing down what is live.
func (w *world) command(_ context.Context, c Command) ([]byte, error) {
	if c.Args[0] == "which" {
		data, err := os.ReadFile(w.live)
		return data, err
	}
	w.deployed = append(w.deployed, c.Variables["ASSAY_REVISION"])
	if w.fail != nil {
		return nil, w.fail
	}
	return nil, os.WriteFile(w.live, []byte(c.Variables["ASSAY_REVISION"]), 0o600)
}

func (w *world) setLive(t *testing.T, answer string) {
	require.NoError(t, os.WriteFile(w.live, []byte(answer), 0o600))
}

// look takes one look and returns what people then see.
func (w *world) look(t *testing.T) State {
	w.clock.Step(time.Minute)
	w.followed.update(w.clock.Now(), w.sites.look(t.Context(), w.followed))
	states, err := w.sites.Targets(t.Context())
	require.NoError(t, err)
	require.Len(t, states, 1)
	return states[0]
}

func withDeploy(s *tests.Site) { s.Spec.Deploy = &tests.Deploy{Command: []string{"deploy"}} }

func TestASyncIsSeenWhenWhatIsLiveChanges(t *testing.T) {
	w := newWorld(t)
	one := w.config.price(1)
	state := w.look(t)
	require.Nil(t, state.Sync)
	require.Contains(t, state.Reason, "no such file")

	w.setLive(t, one)
	first := w.look(t)
	require.Empty(t, first.Reason)
	require.Equal(t, []Revision{{Repository: git.Normalize(w.config.dir), URL: w.config.dir, Branch: "main", Commit: one, Path: "."}}, first.Sync.Revisions)
	require.Equal(t, Applied, first.Sync.Outcome)
	require.NotEmpty(t, first.Sync.Digest)
	require.Zero(t, first.Sync.Since, "it was there before Assay looked")

	require.Same(t, first.Sync, w.look(t).Sync, "nothing changed")

	two := w.config.price(2)
	require.Same(t, first.Sync, w.look(t).Sync, "a commit that is not live is no sync")
	w.setLive(t, two[:10]+"\n")
	second := w.look(t)
	require.Equal(t, two, second.Sync.Revisions[0].Commit)
	require.NotEqual(t, first.Sync.Digest, second.Sync.Digest)
	require.Equal(t, w.clock.Now(), second.Sync.Since)

	three := w.config.commit("README", "nothing that is rendered")
	w.setLive(t, "main@sha1:"+three)
	third := w.look(t)
	require.Equal(t, second.Sync.Digest, third.Sync.Digest)
	require.Equal(t, three, third.Sync.Revisions[0].Commit)
	require.Equal(t, second.Sync.Since, third.Sync.Since, "what is rendered did not change")

	w.setLive(t, strings.Repeat("0", 40))
	lost := w.look(t)
	require.Equal(t, third.Sync, lost.Sync, "what was live is the best that is known")
	require.Contains(t, lost.Reason, "which revision is live is not known")
}

func TestASiteDeploysWhatChangesItsRendering(t *testing.T) {
	w := newWorld(t, withDeploy)
	one := w.config.price(1)
	require.Equal(t, one, w.look(t).Sync.Revisions[0].Commit)
	w.look(t)
	require.Equal(t, []string{one}, w.deployed, "once")

	same := w.config.commit("README", "nothing that is rendered")
	state := w.look(t)
	require.Equal(t, []string{one}, w.deployed)
	require.Equal(t, same, state.Sync.Revisions[0].Commit, "what is live renders the same as this commit")

	two := w.config.price(2)
	require.Equal(t, two, w.look(t).Sync.Revisions[0].Commit)
	require.Equal(t, []string{one, two}, w.deployed)

	again := newWorld(t, withDeploy)
	again.setLive(t, again.config.price(3))
	require.NotNil(t, again.look(t).Sync)
	require.Empty(t, again.deployed, "what is live already is not deployed again after a restart")
}

func TestAFailedDeploymentIsTriedAgain(t *testing.T) {
	w := newWorld(t, withDeploy)
	good := w.config.price(1)
	w.look(t)
	bad := w.config.price(2)
	w.fail = errors.New("exit code 7")
	first := w.look(t)
	began := w.clock.Now()
	again := w.look(t)
	require.Equal(t, first.Pending, again.Pending, "nothing new")
	require.Equal(t, bad, again.Pending.Revisions[0].Commit)
	require.Contains(t, again.Pending.Reason, "exit code 7")
	require.Equal(t, began, again.Pending.At, "since when it is on its way")
	require.Equal(t, Failed, again.Pending.Outcome)
	require.Equal(t, DeployFailed, again.Pending.Failure)
	require.Equal(t, []string{good, bad, bad}, w.deployed)

	w.fail = nil
	state := w.look(t)
	require.Nil(t, state.Pending)
	require.Equal(t, Applied, state.Sync.Outcome)
	require.Equal(t, bad, state.Sync.Revisions[0].Commit)
}

func TestACommitThatDoesNotBuildIsAFailedSync(t *testing.T) {
	w := newWorld(t, withDeploy)
	w.config.price(1)
	w.look(t)
	bad := w.config.commit("shop.yaml", "kind: [")
	state := w.look(t)
	require.Equal(t, Failed, state.Sync.Outcome)
	require.Equal(t, bad, state.Sync.Revisions[0].Commit)
	require.Contains(t, state.Sync.Reason, "it does not build")
	require.Equal(t, BuildFailed, state.Sync.Failure)
	require.Len(t, w.deployed, 1)
}

func TestWhatIsDeployedMustBecomeLive(t *testing.T) {
	w := newWorld(t, withDeploy)
	one := w.config.price(1)
	w.look(t)
	two := w.config.price(2)
	w.look(t)
	w.setLive(t, one)
	state := w.look(t)
	require.Equal(t, two, state.Pending.Revisions[0].Commit)
	require.Equal(t, w.clock.Now(), state.Pending.At)
	require.Contains(t, state.Pending.Reason, "deployed and not live: "+one[:8]+" is")
	require.Equal(t, NotHealthy, state.Pending.Failure)
	w.setLive(t, two)
	require.Nil(t, w.look(t).Pending)

	require.NoError(t, os.Remove(w.live))
	require.Equal(t, w.look(t).Pending.At, w.clock.Now(), "it was live until now")
}

func TestProbes(t *testing.T) {
	w := newWorld(t)
	commit := w.config.price(1)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			http.Error(rw, "no", http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(rw).Encode(map[string]any{"build": map[string]string{"revision": commit}})
	}))
	defer server.Close()
	for name, tt := range map[string]struct {
		probe tests.Probe
		live  string
		err   string
	}{
		"http":                    {probe: tests.Probe{HTTP: &tests.HTTPProbe{URL: server.URL, JSONPath: "{.build.revision}"}}},
		"http, nothing there":     {probe: tests.Probe{HTTP: &tests.HTTPProbe{URL: server.URL, JSONPath: "{.revision}"}}, err: "revision is not found"},
		"http, not as JSON":       {probe: tests.Probe{HTTP: &tests.HTTPProbe{URL: server.URL}}, err: "is no commit of"},
		"http, down":              {probe: tests.Probe{HTTP: &tests.HTTPProbe{URL: server.URL + "/down"}}, err: "502"},
		"file":                    {probe: tests.Probe{File: w.live}, live: commit},
		"file, Flux revision":     {probe: tests.Probe{File: w.live}, live: "refs/heads/main@sha1:" + commit},
		"file, branch":            {probe: tests.Probe{File: w.live}, live: "main"},
		"file, empty":             {probe: tests.Probe{File: w.live}, live: " \n", err: "answered nothing"},
		"file, a secret":          {probe: tests.Probe{File: w.live}, live: "root: pass word", err: "15 bytes that look like no revision"},
		"file, not a commit":      {probe: tests.Probe{File: w.live}, live: "v1.2.3", err: "is no commit of"},
		"command":                 {probe: tests.Probe{Command: []string{"which"}}, live: commit},
		"command, unknown commit": {probe: tests.Probe{Command: []string{"which"}}, live: strings.Repeat("1", 40), err: "the probe answered"},
	} {
		t.Run(name, func(t *testing.T) {
			w := *w
			w.setLive(t, tt.live)
			site := *w.followed.site
			site.Spec.Live = tt.probe
			site.Default()
			w.followed = &followed{site: &site}
			state := w.sites.look(t.Context(), w.followed)
			if tt.err != "" {
				require.Contains(t, state.Reason, tt.err)
				require.Nil(t, state.Sync)
				return
			}
			require.NotNil(t, state.Sync, state.Reason)
			require.Equal(t, commit, state.Sync.Revisions[0].Commit)
		})
	}
}

func TestAPinnedSiteFollowsNoBranch(t *testing.T) {
	w := newWorld(t, withDeploy, func(s *tests.Site) { s.Spec.Repository.Revision = "v1" })
	require.Contains(t, w.look(t).Reason, `revision "v1" is neither a tag`)
	tagged := w.config.price(1)
	w.config.git("tag", "--annotate", "--message", "One", "v1")
	w.config.price(2)
	state := w.look(t)
	require.NotNil(t, state.Sync, state.Reason)
	require.Equal(t, tagged, state.Sync.Revisions[0].Commit)
	require.Empty(t, state.Sync.Revisions[0].Branch)
}

func TestRunWatchesTheSitesThatThereAre(t *testing.T) {
	w := newWorld(t)
	w.setLive(t, w.config.price(1))
	w.sites.clock = clock.RealClock{}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { defer close(stopped); w.sites.Run(ctx) }()

	states := func() []State {
		all, err := w.sites.Targets(ctx)
		require.NoError(t, err)
		return all
	}
	require.Eventually(t, func() bool { return states()[0].Sync != nil }, 10*time.Second, time.Millisecond)
	select {
	case <-w.sites.Changed():
	default:
		t.Fatal("nobody was told")
	}
	other := *w.followed.site
	other.Metadata.Name = "other"
	w.sites.Follow([]*tests.Site{&other}, nil)
	require.Eventually(t, func() bool {
		all := states()
		return len(all) == 1 && all[0].Target.Name == "other" && all[0].Sync != nil
	}, 10*time.Second, time.Millisecond)
	cancel()
	<-stopped
}
