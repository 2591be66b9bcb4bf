package git_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

func TestCredentials(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 3)
	address, auth := r.serveHTTPS()
	withCredentials, err := url.Parse(address)
	require.NoError(t, err)
	withCredentials.User = url.UserPassword(user, password)
	wrong := auth
	wrong.Password = "guessed"

	m := open(t, withCredentials.String(), git.Auth{CA: auth.CA})
	refreshed(t, m)
	require.NotContains(t, m.String(), user)

	for name, denied := range map[string]git.Auth{"wrong": wrong, "none": {CA: auth.CA}} {
		_, _, err := open(t, address, denied).Refresh(t.Context(), "main")
		require.ErrorIs(t, err, git.ErrDenied, name)
		require.NotContains(t, err.Error(), "guessed")
	}
	_, _, err = open(t, withCredentials.String(), git.Auth{}).Refresh(t.Context(), "main")
	require.ErrorContains(t, err, "certificate")
	require.NotContains(t, err.Error(), user)
	require.NotContains(t, err.Error(), url.QueryEscape(password))
}

func TestBearerToken(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 3)
	address := r.serve(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			if request.Header.Get("Authorization") != "Bearer sesame" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, request)
		})
	})
	refreshed(t, open(t, address, git.Auth{BearerToken: "sesame"}))
	_, _, err := open(t, address, git.Auth{BearerToken: "barley"}).Refresh(t.Context(), "main")
	require.ErrorIs(t, err, git.ErrDenied)
}

// A token that ends is asked for anew before each exchange, to fetch and to push.
func TestTokenThatIsRenewed(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 3)
	var current atomic.Int64
	address := r.serve(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			name, token, _ := request.BasicAuth()
			if name != "x-access-token" || token != fmt.Sprintf("token-%d", current.Load()) {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, request)
		})
	})
	m := open(t, address, git.Auth{Username: "x-access-token", Token: func(context.Context) (string, error) {
		return fmt.Sprintf("token-%d", current.Load()), nil
	}})
	head := refreshed(t, m)
	current.Add(1)
	require.Equal(t, head, refreshed(t, m))
	require.NoError(t, m.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/more", New: head}))

	kept := git.Auth{Username: "x-access-token", Password: "token-0"}
	renewed := open(t, address, git.Auth{Renew: func(context.Context) (git.Auth, error) { return kept, nil }})
	_, _, err := renewed.Refresh(t.Context(), "main")
	require.Error(t, err)
	kept.Password = "token-1"
	refreshed(t, renewed)

	broken := open(t, address, git.Auth{Token: func(context.Context) (string, error) { return "", errors.New("the App is suspended") }})
	_, _, err = broken.Refresh(t.Context(), "main")
	require.ErrorContains(t, err, "the App is suspended")
}

// A server that redirects elsewhere gets no credentials sent there.
func TestRedirectKeepsCredentials(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 3)
	var seen []string
	elsewhere := r.serve(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			seen = append(seen, request.Header.Get("Authorization"))
			next.ServeHTTP(w, request)
		})
	})
	hostile := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		there := strings.Replace(elsewhere, "127.0.0.1", "localhost", 1) + strings.TrimPrefix(request.URL.Path, "/remote.git") + "?" + request.URL.RawQuery
		http.Redirect(w, request, there, http.StatusFound)
	}))
	defer hostile.Close()
	for _, auth := range []git.Auth{{Username: user, Password: password}, {BearerToken: "sesame"}} {
		_, _, err := open(t, hostile.URL+"/remote.git", auth).Refresh(t.Context(), "main")
		require.NoError(t, err)
	}
	require.NotEmpty(t, seen)
	for _, authorization := range seen {
		require.Empty(t, authorization)
	}
}
