package git_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

// How long a test waits for what must happen, and how often it looks.
const (
	waitFor = 30 * time.Second
	tick    = 5 * time.Millisecond
)

// cutAfter lets n bytes of the first answer with a pack pass, calls then, and
// drops the connection.
func cutAfter(n int, then func(context.Context)) func(http.Handler) http.Handler {
	var done atomic.Bool
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			if request.Method == http.MethodPost && !done.Swap(true) {
				w = &cutWriter{ResponseWriter: w, left: n, then: func() { then(request.Context()) }}
			}
			next.ServeHTTP(w, request)
		})
	}
}

type cutWriter struct {
	http.ResponseWriter
	left int
	then func()
}

func (c *cutWriter) Write(p []byte) (int, error) {
	if len(p) <= c.left {
		c.left -= len(p)
		return c.ResponseWriter.Write(p)
	}
	c.ResponseWriter.Write(p[:c.left])
	http.NewResponseController(c.ResponseWriter).Flush()
	c.then()
	panic(http.ErrAbortHandler)
}

func TestCutConnection(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 200)
	for _, n := range []int{0, 1, 10, 500, 4000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			flaky := r.serve(cutAfter(n, func(context.Context) {}))
			m := open(t, flaky, git.Auth{})
			_, moved, err := m.Refresh(t.Context(), "main")
			require.Error(t, err)
			require.False(t, moved)
			files, err := filepath.Glob(filepath.Join(m.Dir(), "objects/pack/*"))
			require.NoError(t, err)
			require.Empty(t, files, "nothing half-received is left")

			again, err := git.OpenMirror(m.Dir(), flaky, git.Auth{})
			require.NoError(t, err)
			require.Equal(t, r.at("main"), refreshed(t, again))
		})
	}
}

func TestStalledServer(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 200)
	silent := func(ctx context.Context) { <-ctx.Done() }

	t.Run("idle", func(t *testing.T) {
		m := open(t, r.serve(cutAfter(500, silent)), git.Auth{}, git.WithTimeouts(time.Minute, 100*time.Millisecond))
		_, _, err := m.Refresh(t.Context(), "main")
		require.ErrorIs(t, err, git.ErrStalled)
	})
	t.Run("operation", func(t *testing.T) {
		m := open(t, r.serve(cutAfter(500, silent)), git.Auth{}, git.WithTimeouts(500*time.Millisecond, time.Minute))
		_, _, err := m.Refresh(t.Context(), "main")
		require.ErrorIs(t, err, git.ErrStalled)
	})
	t.Run("context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		m := open(t, r.serve(cutAfter(500, func(ctx context.Context) { cancel(); <-ctx.Done() })), git.Auth{})
		_, _, err := m.Refresh(ctx, "main")
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("silent SSH server", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer listener.Close()
		_, auth := r.serveSSH()
		m := open(t, "ssh://git@"+listener.Addr().String()+"/x", auth, git.WithTimeouts(200*time.Millisecond, time.Minute))
		_, _, err = m.Refresh(t.Context(), "main")
		require.ErrorIs(t, err, git.ErrStalled)
	})
}

func TestDumbHTTP(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 2)
	r.git("update-server-info")
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(r.dir))))
	defer server.Close()
	m := open(t, server.URL+"/remote.git", git.Auth{})
	_, _, err := m.Refresh(t.Context(), "main")
	require.ErrorIs(t, err, git.ErrDumbHTTP)
}

// A list of references without an end does not fill the memory.
func TestEndlessReferences(t *testing.T) {
	t.Parallel()
	line := func(s string) string { return fmt.Sprintf("%04x%s", len(s)+4, s) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		head := strings.Repeat("1", 40)
		io.WriteString(w, line("# service=git-upload-pack\n")+"0000"+line(head+" HEAD\x00ofs-delta\n"))
		name := strings.Repeat("a", 60_000)
		for i := 0; ; i++ {
			if _, err := io.WriteString(w, line(fmt.Sprintf("%s refs/heads/%s%d\n", head, name, i))); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	_, err := open(t, server.URL+"/r", git.Auth{}).Refs(t.Context(), "")
	require.ErrorContains(t, err, "lists more than 67108864 bytes of references")
}

// A page for people, however long, does not become an error message.
func TestErrorPage(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound, http.StatusBadGateway} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(status)
			io.WriteString(w, strings.Repeat("<p>so sorry</p>", 10_000))
		}))
		m := open(t, server.URL+"/remote.git", git.Auth{})
		_, _, err := m.Refresh(t.Context(), "main")
		require.Error(t, err)
		require.NotContains(t, err.Error(), "sorry")
		server.Close()
	}
}

// Azure DevOps is spoken to in its own way, which other servers understand too.
func TestAzure(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 120)
	asked := make(chan string, 100)
	served, err := url.Parse(r.serve(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			body, err := io.ReadAll(request.Body)
			if err == nil && len(body) > 0 {
				asked <- string(body)
			}
			request.Body = io.NopCloser(strings.NewReader(string(body)))
			next.ServeHTTP(w, request)
		})
	}))
	require.NoError(t, err)
	m := open(t, "http://dev.azure.com/remote.git", git.Auth{Proxy: httpProxy(t, served.Port())}, git.WithDepth(10))
	head := refreshed(t, m)
	first := <-asked
	require.Contains(t, first, "multi_ack_detailed")
	require.NotContains(t, first, "thin-pack")
	r.fill("main", 120, 125)
	require.NoError(t, m.History(t.Context(), "main", r.at("main~60"), refreshed(t, m)))
	commits, err := git.FirstParents(t.Context(), m.Repository(), head, r.at("main"))
	require.NoError(t, err)
	require.Len(t, commits, 5)
}
