package transport

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// passing are the statuses of a server that is there, but not able to answer right now.
var passing = []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}

// repeatable are the methods where asking twice is as good as once. Names are those of RFC 9110, section 9.2.2.
var repeatable = []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete}

// unreached tells that no byte of a request left: the connection could not be made.
func unreached(err error) bool {
	var failed *net.OpError
	return errors.As(err, &failed) && failed.Op == "dial"
}

// attempts are those of one request.
type attempts struct {
	method   string
	deadline time.Time
	made     int
	next     time.Duration // until the next one
	passing  bool          // the last one failed in a way that may pass
}

// again implements retryablehttp.CheckRetry: it settles whether there is another attempt, and after which pause.
func (a *attempts) again(ctx context.Context, response *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, nil // the error of the attempt says it
	}
	a.made++
	a.next = backoff(a.made)
	var worthwhile bool
	if err != nil {
		a.passing, _ = retryablehttp.DefaultRetryPolicy(ctx, nil, err) // not where it is the certificate or the URL that is wrong
		worthwhile = a.passing && (slices.Contains(repeatable, a.method) || unreached(err))
	} else {
		worthwhile = Limited(response) || slices.Contains(repeatable, a.method) && slices.Contains(passing, response.StatusCode)
		if told, ok := wait(response, time.Now()); ok {
			a.next = told + jitter(firstPause)
		}
	}
	return worthwhile && time.Now().Add(a.next).Before(a.deadline), nil
}

// pause implements retryablehttp.Backoff.
func (a *attempts) pause(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return a.next }

// backoff is the pause after so many attempts: it doubles, and half of it is left to chance, so that many who failed
// together do not come back together.
func backoff(made int) time.Duration {
	full := min(firstPause<<min(made-1, 16), lastPause)
	return full/2 + jitter(full/2)
}

func jitter(most time.Duration) time.Duration { return rand.N(most) + 1 }
