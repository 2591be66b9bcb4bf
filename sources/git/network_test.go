package git_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strconv"
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

// A page for people, however long, does not become an error message.
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

func TestCredentials(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 3)
	address, auth := r.serveHTTPS()
	withCredentials, err := url.Parse(address)
	require.NoError(t, err)
	withCredentials.User = url.UserPassword(user, password)
	wrong := auth
	wrong.Password = "guessed"

	m := open(t, withCredentials.String(), git.Auth{CA: auth.CA})
	refreshed(t, m)
	require.NotContains(t, m.String(), user)

	for name, denied := range map[string]git.Auth{"wrong": wrong, "none": {CA: auth.CA}} {
		_, _, err := open(t, address, denied).Refresh(t.Context(), "main")
		require.ErrorIs(t, err, git.ErrDenied, name)
		require.NotContains(t, err.Error(), "guessed")
	}
	_, _, err = open(t, withCredentials.String(), git.Auth{}).Refresh(t.Context(), "main")
	require.ErrorContains(t, err, "certificate")
	require.NotContains(t, err.Error(), user)
	require.NotContains(t, err.Error(), url.QueryEscape(password))
}

func TestBearerToken(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 3)
	address := r.serve(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			if request.Header.Get("Authorization") != "Bearer sesame" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, request)
		})
	})
	refreshed(t, open(t, address, git.Auth{BearerToken: "sesame"}))
	_, _, err := open(t, address, git.Auth{BearerToken: "barley"}).Refresh(t.Context(), "main")
	require.ErrorIs(t, err, git.ErrDenied)
}

// A token that ends is asked for anew before each exchange, to fetch and to push.
func TestTokenThatIsRenewed(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 3)
	var current atomic.Int64
	address := r.serve(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			name, token, _ := request.BasicAuth()
			if name != "x-access-token" || token != fmt.Sprintf("token-%d", current.Load()) {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, request)
		})
	})
	m := open(t, address, git.Auth{Username: "x-access-token", Token: func(context.Context) (string, error) {
		return fmt.Sprintf("token-%d", current.Load()), nil
	}})
	head := refreshed(t, m)
	current.Add(1)
	require.Equal(t, head, refreshed(t, m))
	require.NoError(t, m.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/more", New: head}))

	kept := git.Auth{Username: "x-access-token", Password: "token-0"}
	renewed := open(t, address, git.Auth{Renew: func(context.Context) (git.Auth, error) { return kept, nil }})
	_, _, err := renewed.Refresh(t.Context(), "main")
	require.Error(t, err)
	kept.Password = "token-1"
	refreshed(t, renewed)

	broken := open(t, address, git.Auth{Token: func(context.Context) (string, error) { return "", errors.New("the App is suspended") }})
	_, _, err = broken.Refresh(t.Context(), "main")
	require.ErrorContains(t, err, "the App is suspended")
}

// A server that redirects elsewhere gets no credentials sent there.
func TestRedirectKeepsCredentials(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 3)
	var seen []string
	elsewhere := r.serve(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			seen = append(seen, request.Header.Get("Authorization"))
			next.ServeHTTP(w, request)
		})
	})
	hostile := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		there := strings.Replace(elsewhere, "127.0.0.1", "localhost", 1) + strings.TrimPrefix(request.URL.Path, "/remote.git") + "?" + request.URL.RawQuery
		http.Redirect(w, request, there, http.StatusFound)
	}))
	defer hostile.Close()
	for _, auth := range []git.Auth{{Username: user, Password: password}, {BearerToken: "sesame"}} {
		_, _, err := open(t, hostile.URL+"/remote.git", auth).Refresh(t.Context(), "main")
		require.NoError(t, err)
	}
	require.NotEmpty(t, seen)
	for _, authorization := range seen {
		require.Empty(t, authorization)
	}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 3)
	plain := strings.Replace(r.serve(), "127.0.0.1", "git.invalid", 1)
	overTLS, tlsAuth := r.serveHTTPS()
	overSSH, sshAuth := r.serveSSH()
	target, err := url.Parse(plain)
	require.NoError(t, err)
	proxy := httpProxy(t, target.Port())
	socks := socksProxy(t, target.Port())
	for name, tc := range map[string]struct {
		url   string
		auth  git.Auth
		proxy string
	}{
		"HTTP through HTTP":   {plain, git.Auth{}, proxy},
		"HTTPS through HTTP":  {overTLS, tlsAuth, proxy},
		"SSH through HTTP":    {overSSH, sshAuth, proxy},
		"HTTP through SOCKS":  {plain, git.Auth{}, socks},
		"HTTPS through SOCKS": {overTLS, tlsAuth, socks},
		"SSH through SOCKS":   {overSSH, sshAuth, socks},
	} {
		t.Run(name, func(t *testing.T) {
			tc.auth.Proxy = tc.proxy
			require.Equal(t, r.at("main"), refreshed(t, open(t, tc.url, tc.auth)))
			tc.auth.Proxy = strings.Replace(tc.proxy, "secret", "wrong", 1)
			_, _, err := open(t, tc.url, tc.auth).Refresh(t.Context(), "main")
			require.Error(t, err)
			require.NotContains(t, err.Error(), "wrong")
		})
	}
}

// httpProxy is an HTTP proxy for user p with password secret. It finds the
// server that listens on port under any host name.
func httpProxy(t *testing.T, port string) string {
	t.Helper()
	forward := &httputil.ReverseProxy{Rewrite: func(request *httputil.ProxyRequest) {
		request.Out.URL.Host = "127.0.0.1:" + port
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		basic := http.Request{Header: http.Header{"Authorization": request.Header["Proxy-Authorization"]}}
		if name, secret, _ := basic.BasicAuth(); name != "p" || secret != "secret" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if request.Method != http.MethodConnect {
			forward.ServeHTTP(w, request)
			return
		}
		there, err := net.Dial("tcp", request.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		here, buffered, err := http.NewResponseController(w).Hijack()
		if err == nil {
			splice(here, buffered.Reader, there)
		}
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "http://", "http://p:secret@", 1)
}

// socksProxy is the same for SOCKS5.
func socksProxy(t *testing.T, port string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go socks(conn, port)
		}
	}()
	return "socks5://p:secret@" + listener.Addr().String()
}

// socks serves one SOCKS5 client, as RFC 1928 and 1929 lay down.
func socks(conn net.Conn, port string) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	take := func(n int) []byte {
		p := make([]byte, n)
		io.ReadFull(in, p)
		return p
	}
	take(int(take(2)[1])) // the methods that the client offers
	conn.Write([]byte{5, 2})
	name := take(int(take(2)[1]))
	secret := take(int(take(1)[0]))
	if string(name) != "p" || string(secret) != "secret" {
		conn.Write([]byte{1, 1})
		return
	}
	conn.Write([]byte{1, 0})
	host := "127.0.0.1"
	switch take(4)[3] {
	case 1:
		take(4)
	case 3:
		take(int(take(1)[0]))
	}
	at := take(2)
	there, err := net.Dial("tcp", net.JoinHostPort(host, strconv.Itoa(int(at[0])<<8|int(at[1]))))
	if err != nil {
		conn.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	splice(conn, in, there)
}

func splice(here net.Conn, buffered io.Reader, there net.Conn) {
	defer here.Close()
	defer there.Close()
	go func() {
		io.Copy(there, buffered)
		there.Close()
	}()
	io.Copy(here, there)
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
