package github

import (
	"context"
	"net/http"
	"net/url"

	"github.com/assay-dev/assay/rollback/gitprovider/transport"
)

// authorized shows a token to the API, and to nobody else. Where the token can be had anew, one that GitHub does not
// take any more is replaced once.
type authorized struct {
	next   http.RoundTripper
	api    *url.URL
	token  func(context.Context) (string, error)
	forget func(token string) // nil where there is no other token to be had
}

// RoundTrip implements http.RoundTripper.
func (a *authorized) RoundTrip(request *http.Request) (*http.Response, error) {
	token, err := a.token(request.Context())
	if err != nil {
		return nil, err
	}
	response, err := a.show(request, token)
	if err != nil || response.StatusCode != http.StatusUnauthorized || a.forget == nil {
		return response, err
	}
	again, err := transport.Again(request, response)
	if err != nil {
		return nil, err
	}
	a.forget(token)
	if token, err = a.token(again.Context()); err != nil {
		return nil, err
	}
	return a.show(again, token)
}

func (a *authorized) show(request *http.Request, token string) (*http.Response, error) {
	if token != "" && request.URL.Scheme == a.api.Scheme && request.URL.Host == a.api.Host {
		request = request.Clone(request.Context())
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return a.next.RoundTrip(request)
}
