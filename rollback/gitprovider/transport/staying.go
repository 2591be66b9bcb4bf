package transport

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
)

// Staying is a client that asks as the given one does, and stays at the host that it asks: a server that says that something is
// elsewhere is followed there with the same request, if that is at the same host, and refused if it is not, for a token may be in any
// header. What http.Client makes of a POST or PATCH that is answered with 301, a GET, would look like a success of what was never
// done. Nil stands for Client(nil).
func Staying(client *http.Client) *http.Client {
	stays := *cmp.Or(client, Client(nil))
	stays.Transport = &staying{cmp.Or(stays.Transport, http.DefaultTransport)}
	stays.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &stays
}

type staying struct{ next http.RoundTripper }

// mostRedirects that are followed for one request.
const mostRedirects = 5

// RoundTrip implements http.RoundTripper.
func (s *staying) RoundTrip(request *http.Request) (*http.Response, error) {
	for redirects := 0; ; redirects++ {
		response, err := s.next.RoundTrip(request)
		if err != nil || redirects == mostRedirects || !moved(response.StatusCode) {
			return response, err
		}
		to, err := request.URL.Parse(response.Header.Get("Location"))
		if err != nil {
			return response, nil
		}
		if to.Host != request.URL.Host || to.Scheme != request.URL.Scheme {
			response.Body.Close()
			return nil, fmt.Errorf("the server says that this is at %s://%s, where the token is not sent: give the repository's URL there", to.Scheme, to.Host)
		}
		if request, err = Again(request, response); err != nil {
			return nil, err
		}
		request.URL = to
	}
}

// moved tells the statuses that say that what was asked for is elsewhere.
func moved(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// Again is a request as it was before it was answered, body included; the answer is done with.
func Again(request *http.Request, answer *http.Response) (*http.Request, error) {
	io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16))
	answer.Body.Close()
	again := request.Clone(request.Context())
	if request.Body == nil {
		return again, nil
	}
	if request.GetBody == nil {
		return nil, fmt.Errorf("repeat %s %s: its body can be read only once", request.Method, request.URL.Path)
	}
	body, err := request.GetBody()
	if err != nil {
		return nil, fmt.Errorf("repeat %s %s: %w", request.Method, request.URL.Path, err)
	}
	again.Body = body
	return again, nil
}
