// Package transport is the way to every server's API. In go the requests of a provider; out come the server's answers, asked for again
// where a request failed in passing: the network, a gateway that is restarting, a limit on how often one may ask.
//
// It never sends anything twice that may have taken effect (unless the method says that twice is once), never waits longer than it was told
// to, and never logs: headers hold tokens. Time is that of package time, so that a test in a bubble of testing/synctest waits for nothing.
package transport

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

// Bounds on waiting, where nothing else is said.
const (
	// DefaultMostTime is how long a request may take with all that is asked again.
	DefaultMostTime = time.Minute
	// attemptTime is how long one attempt may take, its answer's body included.
	attemptTime = 30 * time.Second
	// The pauses grow from the first to the last, doubling.
	firstPause, lastPause = 250 * time.Millisecond, 8 * time.Second
)

// Retry is an http.RoundTripper that asks again: GET, HEAD, OPTIONS, PUT and DELETE after an error of the network or the statuses
// 502, 503 and 504; any method when the server was not reached at all, or says that it was asked too often (429, or 403 with the headers of
// a limit). It waits for as long as the server says, else with pauses that grow; where that would take too long, the last answer is the
// answer. An error of the network that stays is gitprovider.ErrUnavailable. It is safe for concurrent use.
type Retry struct {
	// Next does the asking; nil is http.DefaultTransport.
	Next http.RoundTripper
	// MostTime is how long a request may take in all; zero is DefaultMostTime. The request's context bounds it, too.
	MostTime time.Duration
}

// Client is a client that asks again through Retry, by the given transport; nil is http.DefaultTransport.
func Client(next http.RoundTripper) *http.Client { return &http.Client{Transport: &Retry{Next: next}} }

// RoundTrip implements http.RoundTripper.
func (r *Retry) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	if request.Body != nil {
		defer request.Body.Close()
	}
	replay, err := retryablehttp.FromRequest(request.Clone(ctx)) // a RoundTripper leaves the request alone
	if err != nil {
		return nil, fmt.Errorf("read the body of the request: %w", err)
	}
	attempts := &attempts{method: request.Method, deadline: time.Now().Add(cmp.Or(r.MostTime, DefaultMostTime))}
	client := &retryablehttp.Client{
		HTTPClient: &http.Client{
			Transport:     &timeout{cmp.Or(r.Next, http.DefaultTransport), attemptTime},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // whoever asked follows them
		},
		RetryMax:     math.MaxInt, // time is what bounds them
		CheckRetry:   attempts.again,
		Backoff:      attempts.pause,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	response, err := client.Do(replay)
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		err = failed.Err // whoever asked adds method and URL
	}
	switch {
	case err == nil:
		return response, nil
	case ctx.Err() != nil:
		return nil, err
	case attempts.passing:
		return nil, fmt.Errorf("%w: %w", gitprovider.ErrUnavailable, err)
	}
	return nil, err
}
