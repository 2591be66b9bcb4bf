package github

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// authorized shows a token to the API, and to nobody else. Where the token can be had anew, one that GitHub does not take any more is replaced once.
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
	again, err := repeated(request, response)
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

// verbatim follows GitHub to where a renamed or moved repository is now, with the same request: the method and body that http.Client would
// drop after a 301 are part of what is asked. It stays at the host that the token is for. See "Follow redirects" at
// https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api.
type verbatim struct{ next http.RoundTripper }

// mostRedirects that are followed for one request.
const mostRedirects = 5

// RoundTrip implements http.RoundTripper.
func (v *verbatim) RoundTrip(request *http.Request) (*http.Response, error) {
	for redirects := 0; ; redirects++ {
		response, err := v.next.RoundTrip(request)
		if err != nil || redirects == mostRedirects {
			return response, err
		}
		switch response.StatusCode {
		case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		default:
			return response, nil
		}
		to, err := response.Location()
		if err != nil || to.Host != request.URL.Host || to.Scheme != request.URL.Scheme {
			return response, nil
		}
		if request, err = repeated(request, response); err != nil {
			return nil, err
		}
		request.URL = to
	}
}

// repeated is a request as it was before it was answered, body included; the answer is done with.
func repeated(request *http.Request, answer *http.Response) (*http.Request, error) {
	io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16))
	answer.Body.Close()
	again := request.Clone(request.Context())
	if request.GetBody != nil {
		body, err := request.GetBody()
		if err != nil {
			return nil, fmt.Errorf("repeat %s %s: %w", request.Method, request.URL.Path, err)
		}
		again.Body = body
	}
	return again, nil
}
