package git_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/assay-dev/assay/sources/git"
)

// watched is a repository whose server counts questions, and holds them back as
// long as gate is locked.
type watched struct {
	remoteRepo
	url       string
	questions atomic.Int32
	gate      sync.RWMutex
	mirrors   *git.Mirrors
	clock     *clocktesting.FakeClock
}

func watch(t *testing.T, commits int) *watched {
	t.Helper()
	w := &watched{remoteRepo: newRemoteRepo(t, commits), clock: clocktesting.NewFakeClock(time.Unix(1700000000, 0))}
	w.url = w.serve(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, request *http.Request) {
			if strings.HasSuffix(request.URL.Path, "/info/refs") {
				w.questions.Add(1)
				w.gate.RLock()
				defer w.gate.RUnlock()
			}
			next.ServeHTTP(rw, request)
		})
	})
	w.mirrors = git.NewMirrors(t.TempDir(), anonymous, w.clock)
	return w
}

func anonymous(string) git.Auth { return git.Auth{} }

// asked counts the questions that a call costs.
func (w *watched) asked(call func()) int {
	before := w.questions.Load()
	call()
	return int(w.questions.Load() - before)
}

func TestManyAskersCostOneQuestion(t *testing.T) {
	t.Parallel()
	w := watch(t, 5)
	want, since := w.at("main"), w.clock.Now()
	require.Equal(t, 1, w.asked(func() {
		var askers sync.WaitGroup
		for range 20 {
			askers.Go(func() {
				head, err := w.mirrors.Head(t.Context(), w.url, "main", since)
				if err != nil || head != want {
					t.Errorf("got %s, %v", head, err)
				}
			})
		}
		askers.Wait()
	}))
}

func TestWhatWasSeenBeforeARepositoryMovedIsAskedForOnceMore(t *testing.T) {
	t.Parallel()
	w := watch(t, 5)
	since := w.clock.Now()
	head := func() {
		_, err := w.mirrors.Head(t.Context(), w.url, "main", since)
		require.NoError(t, err)
	}
	require.Equal(t, 1, w.asked(head))
	w.mirrors.Moved("https://git.example.com/another")
	require.Equal(t, 0, w.asked(head))
	w.mirrors.Moved(w.url + "/")
	w.clock.Step(time.Second)
	require.Equal(t, 1, w.asked(head))
	require.Equal(t, 0, w.asked(head))
}

func TestHeadIsGoodFromSinceOn(t *testing.T) {
	t.Parallel()
	w := watch(t, 5)
	seen := w.clock.Now()
	first, err := w.mirrors.Head(t.Context(), w.url, "main", seen)
	require.NoError(t, err)
	w.fill("main", 5, 6)
	w.clock.Step(time.Minute)

	for name, test := range map[string]struct {
		since time.Time
		costs int
	}{
		"before it was seen": {seen.Add(-time.Second), 0},
		"when it was seen":   {seen, 0},
	} {
		require.Equal(t, test.costs, w.asked(func() {
			head, err := w.mirrors.Head(t.Context(), w.url, "main", test.since)
			require.NoError(t, err, name)
			require.Equal(t, first, head, name)
		}), name)
	}
	require.Equal(t, 1, w.asked(func() {
		head, err := w.mirrors.Head(t.Context(), w.url, "main", seen.Add(time.Second))
		require.NoError(t, err)
		require.Equal(t, w.at("main"), head)
	}), "after it was seen")
	require.Equal(t, 1, w.asked(func() {
		_, err := w.mirrors.Head(t.Context(), w.url, "main", time.Time{})
		require.NoError(t, err)
	}), "the zero time always asks")
}

// The default branch takes one question more, and is remembered by itself.
func TestHeadOfTheDefaultBranch(t *testing.T) {
	t.Parallel()
	w := watch(t, 5)
	for _, costs := range []int{2, 0} {
		require.Equal(t, costs, w.asked(func() {
			head, err := w.mirrors.Head(t.Context(), w.url, "", w.clock.Now())
			require.NoError(t, err)
			require.Equal(t, w.at("main"), head)
		}))
	}
}

func TestErrorsAreGoodAsLongAsHeads(t *testing.T) {
	t.Parallel()
	w := watch(t, 5)
	since := w.clock.Now()
	for _, costs := range []int{1, 0} {
		require.Equal(t, costs, w.asked(func() {
			_, err := w.mirrors.Head(t.Context(), w.url, "later", since)
			require.ErrorIs(t, err, git.ErrNoBranch)
		}))
	}
	w.git("branch", "later", "main")
	w.clock.Step(time.Second)
	head, err := w.mirrors.Head(t.Context(), w.url, "later", since.Add(time.Second))
	require.NoError(t, err)
	require.Equal(t, w.at("main"), head)
}

// Who gives up neither spoils the answer for the others nor waits for them.
func TestCancelledAsker(t *testing.T) {
	t.Parallel()
	w := watch(t, 5)
	want, since := w.at("main"), w.clock.Now()
	w.gate.Lock()
	impatient, cancel := context.WithCancelCause(t.Context())
	boring := errors.New("this takes too long")
	var askers sync.WaitGroup
	for range 2 { // one asks the server, one waits for the other
		askers.Go(func() {
			if _, err := w.mirrors.Head(impatient, w.url, "main", since); !errors.Is(err, boring) {
				t.Errorf("got %v", err)
			}
		})
	}
	require.Eventually(t, func() bool { return w.questions.Load() > 0 }, waitFor, tick)
	cancel(boring)
	askers.Wait()
	w.gate.Unlock()
	head, err := w.mirrors.Head(t.Context(), w.url, "main", since)
	require.NoError(t, err)
	require.Equal(t, want, head)
}

// However an address is spelled, there is one mirror of its repository, and its
// credentials are asked for once. Only another scheme is another way to it.
func TestSpellingsShareAMirror(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var asked []string
	auth := func(normalized string) git.Auth {
		asked = append(asked, normalized)
		return git.Auth{Username: "reader", Password: "secret"}
	}
	mirrors := git.NewMirrors(dir, auth, clocktesting.NewFakeClock(time.Unix(0, 0)))
	mirror, err := mirrors.Mirror("https://git.example.org/team/config")
	require.NoError(t, err)
	for _, spelling := range []string{
		"https://git.example.org/team/config.git", "https://GIT.example.org:443//team/config/", "https://someone@git.example.org/team/config",
	} {
		same, err := mirrors.Mirror(spelling)
		require.NoError(t, err)
		require.Same(t, mirror, same, spelling)
	}
	require.Equal(t, []string{"git.example.org/team/config"}, asked)

	plain, err := mirrors.Mirror("http://git.example.org/team/config")
	require.NoError(t, err)
	require.NotSame(t, mirror, plain)
	require.Equal(t, "http://git.example.org/team/config", plain.String())
	require.Equal(t, mirror.Dir(), plain.Dir())

	other, err := mirrors.Mirror("https://git.example.org/team/other")
	require.NoError(t, err)
	require.NotEqual(t, mirror.Dir(), other.Dir())
}

func TestMirrorsUseTheirCredentials(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 5)
	url, known := r.serveHTTPS()
	clock := clocktesting.NewFakeClock(time.Unix(1700000000, 0))
	mirrors := git.NewMirrors(t.TempDir(), func(normalized string) git.Auth {
		require.Equal(t, git.Normalize(url), normalized)
		return known
	}, clock)
	head, err := mirrors.Head(t.Context(), url, "main", time.Time{})
	require.NoError(t, err)
	require.Equal(t, r.at("main"), head)

	stranger := git.NewMirrors(t.TempDir(), func(string) git.Auth { return git.Auth{CA: known.CA} }, clock)
	_, err = stranger.Head(t.Context(), url, "main", time.Time{})
	require.ErrorIs(t, err, git.ErrDenied)
}

// A mirror that could not be opened is opened by the next call.
func TestMirrorIsOpenedAgainAfterAnError(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 5)
	dir := t.TempDir() + "/mirrors"
	require.NoError(t, os.WriteFile(dir, nil, 0o644))
	mirrors := git.NewMirrors(dir, anonymous, clocktesting.NewFakeClock(time.Unix(0, 0)))
	_, err := mirrors.Mirror(r.dir)
	require.ErrorContains(t, err, r.dir)
	_, err = mirrors.Head(t.Context(), r.dir, "main", time.Time{})
	require.Error(t, err)
	require.NoError(t, os.Remove(dir))
	head, err := mirrors.Head(t.Context(), r.dir, "main", time.Time{})
	require.NoError(t, err)
	require.Equal(t, r.at("main"), head)
	_, err = mirrors.Mirror("ftp://example.org/r")
	require.ErrorContains(t, err, "not supported")
}
