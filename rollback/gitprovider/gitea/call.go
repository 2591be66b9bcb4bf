package gitea

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

var (
	// errConflict: there is such a pull request already.
	errConflict = errors.New("conflict")
	// errUnsettled: worth asking again.
	errUnsettled = errors.New("the server is not ready")
)

// call asks the server, again where it fails in passing or with one of the given statuses.
func call[T any](ctx context.Context, p *Provider, what string, ask func(*sdk.Client) (T, *sdk.Response, error), again ...int) (T, error) {
	var answer T
	err := p.patiently(ctx, func() error {
		client, err := sdk.NewClient(p.server,
			sdk.SetToken(p.token), sdk.SetHTTPClient(p.http), sdk.SetContext(ctx),
			sdk.SetGiteaVersion("")) // do not ask for the version first
		if err != nil {
			return err
		}
		var response *sdk.Response
		answer, response, err = ask(client)
		if err = classified(response, err); err == nil {
			return nil
		}
		if response != nil && slices.Contains(again, response.StatusCode) {
			return fmt.Errorf("%w: %w", errUnsettled, err)
		}
		return err
	})
	if err != nil {
		return answer, fmt.Errorf("%s of %s: %w", what, p, err)
	}
	return answer, nil
}

// patiently repeats what fails with errUnsettled, with a pause in between that grows.
func (p *Provider) patiently(ctx context.Context, do func() error) error {
	for _, pause := range p.pauses {
		err := do()
		if !errors.Is(err, errUnsettled) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
	return do()
}

// classified is an answer in the words of gitprovider. See the API's own description, /swagger.v1.json on every server, for the statuses.
func classified(response *sdk.Response, err error) error {
	if response == nil || response.Response == nil {
		return err
	}
	message := fmt.Sprintf("%s: %v", response.Status, err)
	switch response.StatusCode {
	case http.StatusOK, http.StatusCreated, http.StatusNoContent:
		return err
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%w: the token is wrong or expired, or lacks the scopes write:repository and write:issue (%s)", gitprovider.ErrUnauthorized, message)
	case http.StatusInternalServerError: // what Gitea says of a comment on nothing
		if strings.Contains(message, "does not exist") {
			return fmt.Errorf("%w (%s)", gitprovider.ErrNotFound, message)
		}
	case http.StatusNotFound:
		return fmt.Errorf("%w: or the token may not see it (%s)", gitprovider.ErrNotFound, message)
	case http.StatusMethodNotAllowed:
		return fmt.Errorf("%w (%s)", gitprovider.ErrBlocked, message)
	case http.StatusConflict:
		if strings.Contains(message, "already exists") {
			return fmt.Errorf("%w (%s)", errConflict, message)
		}
		return fmt.Errorf("%w (%s)", gitprovider.ErrBlocked, message)
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return fmt.Errorf("%w: %s", errUnsettled, message)
	}
	return errors.New(message)
}
