package gitprovidertest

import (
	"context"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// nowhere is a commit that is in no repository.
var nowhere = git.Hash{0xde, 0xad}

// faulty is a way to a server on which something happens to requests.
type faulty func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f faulty) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// once lets something happen to the first request with a method, and nothing to others.
func once(method string, happens faulty) http.RoundTripper {
	var turn sync.Mutex
	happened := false
	return faulty(func(r *http.Request) (*http.Response, error) {
		turn.Lock()
		first := !happened && r.Method == method
		happened = happened || first
		turn.Unlock()
		if first {
			return happens(r)
		}
		return http.DefaultTransport.RoundTrip(r)
	})
}

// answers says so instead of the server.
func answers(status int, header http.Header) faulty {
	return func(r *http.Request) (*http.Response, error) {
		if header == nil {
			header = http.Header{}
		}
		body := `{"message":"Something is the matter"}`
		return &http.Response{
			StatusCode: status, Status: strconv.Itoa(status) + " " + http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: header, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
		}, nil
	}
}

// loses has the server do what it is asked for, and loses the answer.
func loses(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return nil, discarded(response, io.ErrUnexpectedEOF)
}

// replaces has the server do what it is asked for, and a gateway answer something else.
func replaces(status int) faulty {
	return func(r *http.Request) (*http.Response, error) {
		response, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		discarded(response, nil)
		return answers(status, nil)(r)
	}
}

// discarded reads an answer to its end, so that the server is done with it.
func discarded(response *http.Response, err error) error {
	io.Copy(io.Discard, response.Body)
	response.Body.Close()
	return err
}

// through is a provider of the same repository that makes its requests in another way.
func (w *world) through(t *testing.T, way http.RoundTripper) gitprovider.Provider {
	t.Helper()
	return w.Connect(t, Access{Through: way})
}

// local says that there is no API, which must be declared.
func (w *world) local(t *testing.T) bool {
	t.Helper()
	if !w.has(API) {
		require.Nil(t, w.Connect)
		return true
	}
	return false
}

func credentials(t *testing.T, w *world) {
	if w.local(t) {
		return
	}
	pr, head := w.open(t)
	wrong := w.Connect(t, Access{Token: WrongToken})
	for what, err := range everything(t.Context(), wrong, pr.Number, head) {
		require.ErrorIs(t, err, gitprovider.ErrUnauthorized, what)
	}
	none := w.Connect(t, Access{Nowhere: true})
	for what, err := range everything(t.Context(), none, pr.Number, head) {
		require.ErrorIs(t, err, gitprovider.ErrNotFound, what)
	}
	if w.has(Scopes) {
		weak := w.Connect(t, Access{Token: WeakToken})
		err := weak.Comment(t.Context(), pr.Number, "Hello?")
		require.ErrorIs(t, err, gitprovider.ErrUnauthorized)
		require.ErrorContains(t, err, w.Scope)
	}
}

// everything asks for all that can be asked for.
func everything(ctx context.Context, p gitprovider.Provider, number int64, head git.Hash) map[string]error {
	errs := map[string]error{}
	_, errs["Find"] = p.Find(ctx, branch, "main")
	_, errs["Get"] = p.Get(ctx, number)
	_, errs["ListOpen"] = p.ListOpen(ctx, "main")
	_, errs["Checks"] = p.Checks(ctx, number, head)
	errs["UpdateBody"] = p.UpdateBody(ctx, number, "x")
	errs["Comment"] = p.Comment(ctx, number, "x")
	errs["Merge"] = p.Merge(ctx, number, head)
	errs["Close"] = p.Close(ctx, number)
	errs["SetStatus"] = p.SetStatus(ctx, head, gitprovider.CommitStatus{Context: "assay/x", State: gitprovider.StatusSuccess})
	return errs
}

// pages has the server give out lists in pieces of two.
func pages(t *testing.T, w *world) {
	if w.local(t) {
		return
	}
	numbers := w.several(t, 5)
	asked := 0
	small := w.through(t, faulty(func(r *http.Request) (*http.Response, error) {
		query := r.URL.Query()
		for _, size := range []string{"limit", "per_page", "pagelen", "$top"} {
			if query.Has(size) {
				asked++
				query.Set(size, "2")
			}
		}
		r = r.Clone(r.Context())
		r.URL.RawQuery = query.Encode()
		return http.DefaultTransport.RoundTrip(r)
	}))
	open, err := small.ListOpen(t.Context(), "main")
	require.NoError(t, err)
	require.GreaterOrEqual(t, asked, 3, "one for each page")
	var listed []int64
	for _, pr := range open {
		listed = append([]int64{pr.Number}, listed...)
	}
	require.Equal(t, numbers, listed, "the newest first")
}

// justPushed is a branch that the server's API does not know of yet when it is asked first.
func justPushed(t *testing.T, w *world) {
	if w.local(t) {
		return
	}
	late := w.through(t, once(http.MethodPost, func(r *http.Request) (*http.Response, error) {
		response, err := http.DefaultTransport.RoundTrip(r)
		w.push(t, branch, w.main, git.Hash{})
		return response, err
	}))
	pr, err := late.Open(t.Context(), request(branch))
	require.NoError(t, err)
	require.Equal(t, gitprovider.Open, pr.State)
}

func passingFaults(t *testing.T, w *world) {
	if w.local(t) {
		return
	}
	pr, _ := w.open(t)
	for what, fault := range map[string]faulty{
		"asked too often": answers(http.StatusTooManyRequests, http.Header{"Retry-After": {"0"}}),
		"bad gateway":     answers(http.StatusBadGateway, nil),
		"restarting":      answers(http.StatusServiceUnavailable, nil),
		"lost answer":     loses,
		"timeout":         func(*http.Request) (*http.Response, error) { return nil, os.ErrDeadlineExceeded },
	} {
		got, err := w.through(t, once(http.MethodGet, fault)).Get(t.Context(), pr.Number)
		require.NoError(t, err, what)
		require.Equal(t, pr.Number, got.Number, what)
	}
}

func lastingFaults(t *testing.T, w *world) {
	if w.local(t) {
		return
	}
	pr, _ := w.open(t)
	_, err := w.through(t, answers(http.StatusInternalServerError, nil)).Get(t.Context(), pr.Number)
	require.ErrorIs(t, err, gitprovider.ErrUnavailable)
	_, err = w.through(t, answers(http.StatusTooManyRequests, http.Header{"Retry-After": {"3600"}})).Get(t.Context(), pr.Number)
	require.ErrorIs(t, err, gitprovider.ErrUnavailable)
	require.ErrorContains(t, err, "UTC", "it says until when")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = w.Provider.Get(ended, pr.Number)
	require.ErrorIs(t, err, context.Canceled)
}

// lostAnswers are those to a request that opens: whether it took effect is found out by asking, not by sending it again.
func lostAnswers(t *testing.T, w *world) {
	if w.local(t) {
		return
	}
	for i, fault := range []faulty{loses, replaces(http.StatusBadGateway), replaces(http.StatusInternalServerError)} {
		branch := branches(3)[i]
		w.push(t, branch, w.main, git.Hash{})
		unsure := w.through(t, once(http.MethodPost, fault))
		if first, err := unsure.Open(t.Context(), request(branch)); err != nil {
			require.ErrorIs(t, err, gitprovider.ErrUnavailable)
		} else {
			require.Equal(t, gitprovider.Open, first.State)
		}
		_, err := w.Provider.Open(t.Context(), request(branch))
		require.NoError(t, err)
		open, err := w.Provider.ListOpen(t.Context(), "main")
		require.NoError(t, err)
		require.Len(t, open, i+1)
	}
}
