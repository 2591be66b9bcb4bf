package stack

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
)

// Proxy stands between a client and a server, and spoils some of what they say to each other.
type Proxy struct {
	URL string

	down     atomic.Bool
	every    atomic.Int64 // one in so many requests fails; 0 is none
	requests atomic.Int64
}

// StartProxy forwards to the server at a URL for the time of a test.
func StartProxy(t testing.TB, to string) *Proxy {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{}
	server := httptest.NewServer(p.spoil(httputil.NewSingleHostReverseProxy(target)))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// Down has every request fail while it is true.
func (p *Proxy) Down(down bool) { p.down.Store(down) }

// FailOneIn has one in n requests fail: in turn before the server hears of it, and after the server has done it
// but before the client is told.
func (p *Proxy) FailOneIn(n int64) { p.every.Store(n) }

func (p *Proxy) spoil(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.down.Load() {
			http.Error(w, "the server is down for maintenance", http.StatusBadGateway)
			return
		}
		n, every := p.requests.Add(1), p.every.Load()
		switch {
		case every == 0 || n%every != 0:
			next.ServeHTTP(w, r)
		case n/every%2 == 0:
			http.Error(w, "the server is overloaded", http.StatusServiceUnavailable)
		default:
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler) // the connection ends without an answer
		}
	})
}
