//go:build e2e

package e2e

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// pages are what Suites visit, one of each case by its name.
type pages struct {
	*httptest.Server

	mu  sync.Mutex
	all map[string]*page
}

// page counts who comes. Its case may see them come, keep them waiting, and have them find what it likes.
type page struct {
	mu     sync.Mutex
	visits int
	answer func(ctx context.Context) (status int)
}

// newPages serves them at an address of this machine until the test ends.
func newPages(t *testing.T, host string) *pages {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	require.NoError(t, err)
	p := &pages{all: map[string]*page{}}
	p.Server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(p.serve)}}
	p.Start()
	t.Cleanup(p.Close)
	return p
}

func (p *pages) serve(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(p.page(path.Base(r.URL.Path)).visit(r.Context()))
}

func (p *pages) page(name string) *page {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all[name] == nil {
		p.all[name] = &page{answer: always(http.StatusOK)}
	}
	return p.all[name]
}

func (p *page) visit(ctx context.Context) (status int) {
	p.mu.Lock()
	p.visits++
	answer := p.answer
	p.mu.Unlock()
	return answer(ctx)
}

func (p *page) visited() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.visits
}

// answers has those who come from now on find this.
func (p *page) answers(answer func(ctx context.Context) (status int)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

// fails has them find that it does not work.
func (p *page) fails() { p.answers(always(http.StatusInternalServerError)) }

func always(status int) func(context.Context) int {
	return func(context.Context) int { return status }
}

// holds keeps those who come from now on until they are released, or leave. Each is told of.
func (p *page) holds() (arrived <-chan struct{}, release func()) {
	arrivals, released := make(chan struct{}, 100), make(chan struct{})
	p.answers(func(ctx context.Context) int {
		arrivals <- struct{}{}
		select {
		case <-released:
			return http.StatusOK
		case <-ctx.Done():
			return http.StatusServiceUnavailable
		}
	})
	return arrivals, func() { close(released) }
}
