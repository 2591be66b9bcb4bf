package git

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
)

// httpRemote speaks smart HTTP through go-git, which follows redirects for the
// first request only and drops credentials once one leaves the origin.
type httpRemote struct {
	endpoint transport.Endpoint
	client   transport.Transport
	auth     func(context.Context) (transport.AuthMethod, error)
}

func newHTTPRemote(l location, auth Auth, d *dialer) (remote, error) {
	via := http.ProxyFromEnvironment
	if d.proxy != nil {
		via = http.ProxyURL(d.proxy)
	}
	client := &http.Client{Transport: &smartOnly{&http.Transport{
		Proxy:               via,
		DialContext:         d.DialContext,
		TLSClientConfig:     d.tls,
		TLSHandshakeTimeout: dialTimeout,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 2,
		IdleConnTimeout:     d.idle,
	}}}
	r := &httpRemote{
		endpoint: transport.Endpoint{Protocol: l.scheme, Host: l.host, Path: l.path},
		client:   githttp.NewClient(client),
	}
	if strings.Contains(l.host, ":") {
		r.endpoint.Host = "[" + l.host + "]"
	}
	if l.port != "" {
		port, err := strconv.Atoi(l.port)
		if err != nil {
			return nil, fmt.Errorf("port %q of %s is no number", l.port, l)
		}
		r.endpoint.Port = port
	}
	r.auth = shown(auth)
	return r, nil
}

// shown returns what a server is shown in each exchange.
func shown(auth Auth) func(context.Context) (transport.AuthMethod, error) {
	if auth.Renew != nil {
		return func(ctx context.Context) (transport.AuthMethod, error) {
			now, err := auth.Renew(ctx)
			if err != nil {
				return nil, err
			}
			now.Renew = nil
			return shown(now)(ctx)
		}
	}
	if auth.Token != nil {
		return func(ctx context.Context) (transport.AuthMethod, error) {
			token, err := auth.Token(ctx)
			return &githttp.BasicAuth{Username: auth.Username, Password: token}, err
		}
	}
	var method transport.AuthMethod
	switch {
	case auth.BearerToken != "":
		method = &githttp.TokenAuth{Token: auth.BearerToken}
	case auth.Username != "" || auth.Password != "":
		method = &githttp.BasicAuth{Username: auth.Username, Password: auth.Password}
	}
	return func(context.Context) (transport.AuthMethod, error) { return method, nil }
}

// A session changes its endpoint when it is redirected: each gets its own.
func (r *httpRemote) fetching(ctx context.Context) (fetchSession, error) {
	auth, err := r.auth(ctx)
	if err != nil {
		return nil, err
	}
	endpoint := r.endpoint
	return r.client.NewUploadPackSession(&endpoint, auth)
}

func (r *httpRemote) pushing(ctx context.Context) (pushSession, error) {
	auth, err := r.auth(ctx)
	if err != nil {
		return nil, err
	}
	endpoint := r.endpoint
	return r.client.NewReceivePackSession(&endpoint, auth)
}

// smartOnly recognises servers that answer without speaking Git, and keeps lists
// of references short enough for memory, and what a failing server has to say
// short enough for an error message.
type smartOnly struct{ next http.RoundTripper }

// maxReason is how many bytes of an error page are quoted.
const maxReason = 300

func (t *smartOnly) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	kind := response.Header.Get("Content-Type")
	switch {
	case response.StatusCode >= http.StatusBadRequest:
		quoted := io.Reader(strings.NewReader(""))
		if strings.HasPrefix(kind, "text/plain") {
			quoted = io.LimitReader(response.Body, maxReason)
		}
		response.Body = readCloser{quoted, response.Body}
	case response.StatusCode == http.StatusOK && !strings.HasPrefix(kind, "application/x-git-"):
		response.Body.Close()
		return nil, fmt.Errorf("%w: it answered with %q; check the URL, or serve the repository with git http-backend, Gitea or the like", ErrDumbHTTP, kind)
	case strings.HasSuffix(kind, "-advertisement"):
		response.Body = readCloser{&listing{response.Body, maxListing}, response.Body}
	}
	return response, nil
}

type readCloser struct {
	io.Reader
	io.Closer
}
