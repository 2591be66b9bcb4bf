package git_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

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
