package transport_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
)

// server is what a server does, attempt by attempt; the last one stays.
type server struct {
	attempts []attempt
	bodies   []string
	at       []time.Duration // since the first attempt
	start    time.Time
}

type attempt struct {
	status int
	header map[string]string
	err    error
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.start.IsZero() {
		s.start = time.Now()
	}
	does := s.attempts[min(len(s.at), len(s.attempts)-1)]
	s.at = append(s.at, time.Since(s.start))
	body := ""
	if r.Body != nil {
		read, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(read)
	}
	s.bodies = append(s.bodies, body)
	if does.err != nil {
		return nil, does.err
	}
	header := http.Header{}
	for name, value := range does.header {
		header.Set(name, value)
	}
	return answer(r, does.status, header), nil
}

func answer(r *http.Request, status int, header http.Header) *http.Response {
	return &http.Response{
		StatusCode: status, Status: strconv.Itoa(status) + " " + http.StatusText(status), Header: header, Body: io.NopCloser(strings.NewReader("answer")), Request: r,
	}
}

func ask(t *testing.T, client *http.Client, method string) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "https://git.example.com/api", strings.NewReader("question"))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer secret")
	response, err := client.Do(request)
	if err == nil {
		t.Cleanup(func() { response.Body.Close() })
	}
	return response, err
}

var (
	ok        = attempt{status: 200}
	reset     = attempt{err: errors.New("connection reset by peer")}
	untrusted = attempt{err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}
	refused   = attempt{err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}
)

func status(code int, header ...string) attempt {
	a := attempt{status: code, header: map[string]string{}}
	for i := 0; i < len(header); i += 2 {
		a.header[header[i]] = header[i+1]
	}
	return a
}

func TestWhatIsAskedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		first  attempt
		again  bool
	}{
		"read, gateway":         {"GET", status(502), true},
		"read, restarting":      {"GET", status(503), true},
		"read, network":         {"GET", reset, true},
		"read, broken":          {"GET", status(500), false},
		"read, not there":       {"GET", status(404), false},
		"read, may not":         {"GET", status(403), false},
		"put, gateway":          {"PUT", status(504), true},
		"delete, network":       {"DELETE", reset, true},
		"post, may have worked": {"POST", status(502), false},
		"post, network":         {"POST", reset, false},
		"post, never arrived":   {"POST", refused, true},
		"post, limit":           {"POST", status(429), true},
		"patch, limit":          {"PATCH", status(403, "Retry-After", "2"), true},
		"patch, used up":        {"PATCH", status(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "3"), true},
		"patch, limit not met":  {"PATCH", status(403, "X-RateLimit-Remaining", "12", "X-RateLimit-Reset", "3"), false},
		"redirect":              {"GET", status(304), false},
		"unknown authority":     {"GET", untrusted, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{attempts: []attempt{c.first, ok}}
				response, err := ask(t, transport.Client(s), c.method)
				if !c.again {
					require.Len(t, s.at, 1)
					require.True(t, err != nil || response.StatusCode == c.first.status)
					return
				}
				require.NoError(t, err)
				require.Equal(t, 200, response.StatusCode)
				require.Equal(t, []string{"question", "question"}, s.bodies, "each attempt is the whole request")
			})
		})
	}
}

func TestHowLongIsWaited(t *testing.T) {
	date := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		first attempt
		want  time.Duration
	}{
		"seconds":         {status(429, "Retry-After", "7"), 7 * time.Second},
		"a date":          {status(503, "Retry-After", date.Add(9*time.Second).Format(http.TimeFormat), "Date", date.Format(http.TimeFormat)), 9 * time.Second},
		"GitHub's reset":  {status(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", strconv.FormatInt(date.Unix()+11, 10), "Date", date.Format(http.TimeFormat)), 11 * time.Second},
		"GitLab's reset":  {status(429, "RateLimit-Reset", strconv.FormatInt(date.Unix()+13, 10), "Date", date.Format(http.TimeFormat)), 13 * time.Second},
		"seconds to it":   {status(429, "RateLimit-Reset", "5"), 5 * time.Second},
		"in the past":     {status(429, "Retry-After", date.Add(-time.Hour).Format(http.TimeFormat), "Date", date.Format(http.TimeFormat)), 0},
		"nonsense":        {status(429, "Retry-After", "soon"), 0},
		"limit not met":   {status(503, "RateLimit-Reset", "50"), 0},
		"nothing is said": {status(503), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{attempts: []attempt{c.first, ok}}
				_, err := ask(t, transport.Client(s), "GET")
				require.NoError(t, err)
				require.Len(t, s.at, 2)
				require.GreaterOrEqual(t, s.at[1], c.want)
				require.LessOrEqual(t, s.at[1], c.want+300*time.Millisecond)
			})
		})
	}
}

func TestPausesGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{attempts: []attempt{status(503)}}
		response, err := ask(t, transport.Client(s), "GET")
		require.NoError(t, err)
		require.Equal(t, 503, response.StatusCode, "the last answer is the answer")
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.Equal(t, "answer", string(body), "and can be read")
		require.Less(t, s.at[len(s.at)-1], time.Minute)
		require.Greater(t, s.at[len(s.at)-1], 50*time.Second)
		full := 250 * time.Millisecond
		for i := 1; i < len(s.at); i++ {
			pause := s.at[i] - s.at[i-1]
			require.GreaterOrEqual(t, pause, full/2)
			require.LessOrEqual(t, pause, full+time.Millisecond)
			full = min(2*full, 8*time.Second)
		}
	})
}

func TestALimitThatOutlastsTheMostTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{attempts: []attempt{status(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", strconv.FormatInt(time.Now().Add(40*time.Minute).Unix(), 10))}}
		start := time.Now()
		response, err := ask(t, &http.Client{Transport: &transport.Retry{Next: s, MostTime: 30 * time.Second}}, "GET")
		require.NoError(t, err)
		require.Len(t, s.at, 1)
		require.Equal(t, start, time.Now(), "it is not waited for in vain")
		err = transport.Unavailable(response)
		require.ErrorIs(t, err, gitprovider.ErrUnavailable)
		require.ErrorContains(t, err, "asked more often than it allows (403 Forbidden), and says to come back at 00:40:00 UTC on 1 January")
	})
}

func TestAServerThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{attempts: []attempt{refused}}
		_, err := ask(t, transport.Client(s), "POST")
		require.ErrorIs(t, err, gitprovider.ErrUnavailable)
		require.EqualError(t, err, `Post "https://git.example.com/api": the server is not available: dial: connection refused`)
		require.Greater(t, len(s.at), 5)
	})
	synctest.Test(t, func(t *testing.T) {
		s := &server{attempts: []attempt{untrusted}}
		_, err := ask(t, transport.Client(s), "GET")
		require.Error(t, err)
		require.NotErrorIs(t, err, gitprovider.ErrUnavailable, "waiting does not help")
	})
}

func TestTheContextEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, "GET", "https://git.example.com/api", nil)
		require.NoError(t, err)
		start := time.Now()
		_, err = transport.Client(&server{attempts: []attempt{status(429, "Retry-After", "20")}}).Do(request)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorIs(t, err, gitprovider.ErrUnavailable)
		require.Equal(t, 3*time.Second, time.Since(start))
	})
}

func TestAnAttemptThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		hangs := roundTrip(func(r *http.Request) (*http.Response, error) {
			asked++
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		_, err := ask(t, transport.Client(hangs), "GET")
		require.ErrorIs(t, err, gitprovider.ErrUnavailable)
		require.ErrorContains(t, err, "no answer within 30s")
		require.NotErrorIs(t, err, context.DeadlineExceeded, "which the caller's own deadline is")
		require.Equal(t, 2, asked)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRedirectsAreLeftToWhoAsked(t *testing.T) {
	var seen []string
	moves := roundTrip(func(r *http.Request) (*http.Response, error) {
		seen = append(seen, r.URL.Path)
		if r.URL.Path == "/new" {
			return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
		}
		return &http.Response{StatusCode: 307, Header: http.Header{"Location": {"/new"}}, Body: http.NoBody, Request: r}, nil
	})
	client := transport.Client(moves)
	response, err := ask(t, client, "POST")
	require.NoError(t, err)
	require.Equal(t, 200, response.StatusCode)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err = ask(t, client, "POST")
	require.NoError(t, err)
	require.Equal(t, 307, response.StatusCode)
	require.Equal(t, []string{"/api", "/new", "/api"}, seen)
}

func TestNothingIsLogged(t *testing.T) {
	var logged bytes.Buffer
	log.SetOutput(&logged)
	defer log.SetOutput(log.Default().Writer())
	synctest.Test(t, func(t *testing.T) {
		_, err := ask(t, transport.Client(&server{attempts: []attempt{reset}}), "GET")
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
	})
	require.Empty(t, logged.String())
}

func TestTheRequestIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := &closes{Reader: strings.NewReader("question")}
		request := &http.Request{Method: "PUT", URL: &url.URL{Scheme: "https", Host: "git.example.com"}, Header: http.Header{"A": {"b"}}, Body: body}
		request = request.WithContext(t.Context())
		before := *request
		response, err := (&transport.Retry{Next: &server{attempts: []attempt{status(502), ok}}}).RoundTrip(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, before, *request)
		require.True(t, body.closed)
	})
}

type closes struct {
	io.Reader
	closed bool
}

func (c *closes) Close() error {
	c.closed = true
	return nil
}

func TestUnavailable(t *testing.T) {
	for code, want := range map[int]bool{200: false, 403: false, 404: false, 409: false, 429: true, 500: true, 502: true, 503: true} {
		err := transport.Unavailable(&http.Response{StatusCode: code, Status: strconv.Itoa(code)})
		require.Equal(t, want, errors.Is(err, gitprovider.ErrUnavailable), code)
	}
}

func TestSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, asked := time.Now(), 0
		require.ErrorIs(t, transport.Settle(t.Context(), func() error { asked++; return transport.Unsettled(io.EOF) }), transport.ErrUnsettled)
		require.Equal(t, 7, asked)
		require.Equal(t, 6300*time.Millisecond, time.Since(start))

		wrong := errors.New("wrong")
		require.EqualError(t, transport.Settle(t.Context(), func() error { return transport.Unsettled(wrong) }), "wrong", "what the server said last")
		asked = 0
		require.Equal(t, wrong, transport.Settle(t.Context(), func() error { asked++; return wrong }))
		require.Equal(t, 1, asked)

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := transport.Settle(ctx, func() error { return transport.Unsettled(io.EOF) })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, transport.ErrUnsettled)
		require.ErrorIs(t, err, io.EOF)
	})
}
