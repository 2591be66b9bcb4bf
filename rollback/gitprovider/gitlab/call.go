package gitlab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	sdk "gitlab.com/gitlab-org/api/client-go"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
)

// call asks GitLab about the project, which is given by its ID, and says of an error what was asked.
func call[T any](ctx context.Context, p *Provider, what string, do func(id int64, with sdk.RequestOptionFunc) (T, *sdk.Response, error)) (answer T, err error) {
	id, err := p.id(ctx)
	if err != nil {
		return answer, err
	}
	return ask(ctx, p, what, func(with sdk.RequestOptionFunc) (T, *sdk.Response, error) { return do(id, with) })
}

// ask asks GitLab, and says of an error what was asked.
func ask[T any](ctx context.Context, p *Provider, what string, do func(with sdk.RequestOptionFunc) (T, *sdk.Response, error)) (T, error) {
	answer, _, err := do(sdk.WithContext(ctx))
	if err != nil {
		return answer, fmt.Errorf("%s of %s: %w", what, p, classified(err))
	}
	return answer, nil
}

// pages asks for all pages of a list.
func pages[T any](
	ctx context.Context, p *Provider, what string, do func(id int64, page sdk.ListOptions, with sdk.RequestOptionFunc) ([]T, *sdk.Response, error),
) (all []T, err error) {
	for page := int64(1); page > 0; {
		some, err := call(ctx, p, what, func(id int64, with sdk.RequestOptionFunc) ([]T, *sdk.Response, error) {
			some, response, err := do(id, sdk.ListOptions{Page: page, PerPage: 100}, with)
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

// failure is an error in the words of gitprovider, which keeps what GitLab answered.
type failure struct {
	error
	answer error
}

// Unwrap gives both.
func (f *failure) Unwrap() []error { return []error{f.error, f.answer} }

// classified is an error in the words of gitprovider. For the statuses see https://docs.gitlab.com/api/rest/troubleshooting/.
func classified(err error) error {
	var said *sdk.ErrorResponse
	switch {
	case errors.Is(err, sdk.ErrNotFound):
		return &failure{fmt.Errorf("%w: or the token may not see it, of which GitLab says the same (%w)", gitprovider.ErrNotFound, err), err}
	case !errors.As(err, &said):
		return err
	}
	if down := transport.Unavailable(said.Response); down != nil {
		return &failure{fmt.Errorf("%w (%s)", down, said.Message), err}
	}
	message := fmt.Sprintf("%s: %s", said.Response.Status, said.Message)
	switch said.Response.StatusCode {
	case http.StatusUnauthorized:
		return &failure{fmt.Errorf("%w: the token is wrong, revoked or expired (%s)", gitprovider.ErrUnauthorized, message), err}
	case http.StatusForbidden:
		return &failure{fmt.Errorf("%w: the token %s (%s)", gitprovider.ErrUnauthorized, lacks(said), message), err}
	}
	return &failure{errors.New(message), err}
}

// lacks names what a token would need, as far as GitLab tells.
func lacks(said *sdk.ErrorResponse) string {
	var body struct{ Error, Scope string }
	if json.Unmarshal(said.Body, &body) == nil && body.Error == "insufficient_scope" {
		return "lacks the scope api"
	}
	return "has too small a role in the project (Developer is needed), or the project is archived"
}

// answeredWith says whether an error is an answer of one of the statuses.
func answeredWith(err error, statuses ...int) bool {
	var said *sdk.ErrorResponse
	if !errors.As(err, &said) {
		return false
	}
	for _, s := range statuses {
		if said.Response.StatusCode == s {
			return true
		}
	}
	return false
}
