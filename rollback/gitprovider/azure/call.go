package azure

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
)

// errExists: there is an open pull request of these branches.
var errExists = errors.New("there is one already")

// call asks the server, and says of an error what was asked.
func call[T any](p *Provider, what string, ask func() (T, error)) (T, error) {
	said, err := ask()
	if err == nil {
		return said, nil
	}
	if a := (*answer)(nil); errors.As(err, &a) {
		err = a // without the method and the URL, which say less than what was asked
	}
	return said, fmt.Errorf("%s of %s: %w", what, p, err)
}

// answer is one that is an error.
type answer struct {
	status int
	err    error // in the words of gitprovider
}

func (a *answer) Error() string { return a.err.Error() }
func (a *answer) Unwrap() error { return a.err }

// statusOf is the status that an error tells of; zero where there is none.
func statusOf(err error) int {
	if a := (*answer)(nil); errors.As(err, &a) {
		return a.status
	}
	return 0
}

// legible turns answers that are errors into errors of Go. The generated client reads only those that are JSON of one form, takes the page
// to sign in at for an answer, and drops statuses and headers.
type legible struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (l legible) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.next.RoundTrip(r)
	if err != nil || response.StatusCode < 300 && response.StatusCode != http.StatusNonAuthoritativeInfo {
		return response, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if unavailable := transport.Unavailable(response); unavailable != nil {
		return nil, &answer{response.StatusCode, fmt.Errorf("%w (%s)", unavailable, message(body))}
	}
	return nil, &answer{response.StatusCode, explain(response.StatusCode, body)}
}

// meanings are what the server calls errors, where the status does not say it.
var meanings = map[string]error{
	"GitPullRequestExistsException":                 errExists,
	"GitPullRequestStaleException":                  gitprovider.ErrHeadMoved,
	"GitPullRequestUpdateRejectedByPolicyException": gitprovider.ErrBlocked,
}

func explain(status int, body []byte) error {
	var said struct{ TypeKey string }
	if json.Unmarshal(body, &said) != nil {
		said.TypeKey = "" // a page
	}
	text := fmt.Sprintf("%d: %s", status, message(body))
	switch {
	case meanings[said.TypeKey] != nil:
		return fmt.Errorf("%w (%s)", meanings[said.TypeKey], text)
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status < 400: // less than 400 leads to where people sign in
		return fmt.Errorf("%w: the token is wrong or expired, or lacks the scopes vso.code_write and vso.code_status (%s)", gitprovider.ErrUnauthorized, text)
	case status == http.StatusNotFound:
		return fmt.Errorf("%w: or the token may not see it (%s)", gitprovider.ErrNotFound, text)
	}
	return errors.New(text)
}

// message is what an answer says to people.
func message(body []byte) string {
	var said struct{ Message string }
	if json.Unmarshal(body, &said) != nil {
		said.Message = ""
	}
	return gitprovider.Cut(cmp.Or(said.Message, strings.Join(strings.Fields(string(body)), " ")), 300)
}
