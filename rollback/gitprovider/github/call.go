package github

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	sdk "github.com/google/go-github/v74/github"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
)

// call asks GitHub, and says of an error what was asked.
func call[T any](p *Provider, what string, ask func() (T, *sdk.Response, error)) (T, error) {
	answer, _, err := ask()
	if err != nil {
		return answer, fmt.Errorf("%s of %s: %w", what, p, classified(err))
	}
	return answer, nil
}

// pages asks for all pages of a list.
func pages[T any](p *Provider, what string, ask func(sdk.ListOptions) ([]T, *sdk.Response, error)) (all []T, err error) {
	for page := 1; page > 0; {
		some, err := call(p, what, func() ([]T, *sdk.Response, error) {
			some, response, err := ask(sdk.ListOptions{Page: page, PerPage: 100})
			page = 0
			if response != nil {
				page = response.NextPage
			}
			return some, response, err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// classified is an error in the words of gitprovider.
func classified(err error) error {
	var (
		known *failure
		limit *sdk.RateLimitError
		abuse *sdk.AbuseRateLimitError
		said  *sdk.ErrorResponse
	)
	switch {
	case errors.As(err, &known): // on the way to a token
		return err
	case errors.As(err, &limit):
		return &failure{transport.Until("it was asked more often than it allows", limit.Rate.Reset.Time), err}
	case errors.As(err, &abuse):
		var until time.Time
		if abuse.RetryAfter != nil {
			until = time.Now().Add(*abuse.RetryAfter)
		}
		return &failure{transport.Until("it was asked more often than it likes ("+abuse.Message+")", until), err}
	case errors.As(err, &said):
		return &failure{answered(said), err}
	}
	return err
}

// failure is an error in the words of gitprovider, which keeps what GitHub answered.
type failure struct {
	error
	answer error
}

func (f *failure) Unwrap() []error { return []error{f.error, f.answer} }

// answered is an answer that is an error. For the statuses see
// https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api.
func answered(said *sdk.ErrorResponse) error {
	if err := transport.Unavailable(said.Response); err != nil {
		return fmt.Errorf("%w (%s)", err, words(said))
	}
	header := said.Response.Header
	switch status := said.Response.StatusCode; {
	case status == http.StatusUnauthorized:
		return fmt.Errorf("%w: the token is wrong, revoked or expired (%s)", gitprovider.ErrUnauthorized, words(said))
	case strings.HasPrefix(header.Get("X-GitHub-SSO"), "required"):
		_, page, _ := strings.Cut(header.Get("X-GitHub-SSO"), "url=")
		return fmt.Errorf("%w: the organization asks for single sign-on: authorize the token for it at %s (%s)", gitprovider.ErrUnauthorized, page, words(said))
	case status == http.StatusForbidden && strings.Contains(said.Message, "archived"):
		return fmt.Errorf("%w: it is archived, and can only be read (%s)", gitprovider.ErrBlocked, words(said))
	case status == http.StatusForbidden:
		return fmt.Errorf("%w: the token %s (%s)", gitprovider.ErrUnauthorized, lacks(header), words(said))
	case status == http.StatusNotFound:
		hint := "GitHub says the same of a private repository that the token may not see"
		if missing := missingScopes(header); missing != "" {
			hint += ", and the token lacks the scope " + missing
		}
		return fmt.Errorf("%w: or %s (%s)", gitprovider.ErrNotFound, hint, words(said))
	}
	return errors.New(words(said))
}

// lacks names what a token would need, as GitHub tells: in one header for fine-grained tokens and Apps, in another one for classic tokens.
func lacks(header http.Header) string {
	if permissions := header.Get("X-Accepted-GitHub-Permissions"); permissions != "" {
		return "lacks a permission: it needs " + strings.Join(strings.Split(permissions, "; "), " or ")
	}
	if missing := missingScopes(header); missing != "" {
		return "lacks the scope " + missing
	}
	return "may not do this"
}

// missingScopes are the scopes, one of which is needed, when the token is a classic one and has none of them.
func missingScopes(header http.Header) string {
	has, classic := header["X-Oauth-Scopes"]
	accepted := scopes(header.Get("X-Accepted-OAuth-Scopes"))
	if !classic || len(accepted) == 0 {
		return ""
	}
	for _, scope := range scopes(strings.Join(has, ",")) {
		if slices.Contains(accepted, scope) {
			return ""
		}
	}
	return strings.Join(accepted, " or ")
}

func scopes(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// words are what GitHub says, in one line.
func words(said *sdk.ErrorResponse) string {
	out := said.Response.Status
	if said.Message != "" {
		out += ": " + strings.Join(strings.Fields(said.Message), " ")
	}
	for _, e := range said.Errors {
		switch {
		case e.Message != "":
			out += ": " + e.Message
		case e.Field != "":
			out += fmt.Sprintf(": %s is %s", e.Field, e.Code)
		}
	}
	return out
}

// answeredWith says whether an error is an answer of that status that has the words.
func answeredWith(err error, status int, has string) bool {
	var said *sdk.ErrorResponse
	return errors.As(err, &said) && said.Response.StatusCode == status && strings.Contains(words(said), has)
}
