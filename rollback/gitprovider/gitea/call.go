package gitea

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	sdk "code.gitea.io/sdk/gitea"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
)

// errConflict: there is such a pull request already.
var errConflict = errors.New("conflict")

// call asks the server, again while it answers with one of the given statuses.
func call[T any](ctx context.Context, p *Provider, what string, ask func(*sdk.Client) (T, *sdk.Response, error), again ...int) (T, error) {
	var answer T
	err := transport.Settle(ctx, func() error {
		client, err := sdk.NewClient(p.server,
			sdk.SetToken(p.token), sdk.SetHTTPClient(p.http), sdk.SetContext(ctx),
			sdk.SetGiteaVersion("")) // do not ask for the version first
		if err != nil {
			return err
		}
		var response *sdk.Response
		answer, response, err = ask(client)
		if err = classified(response, err); err != nil && response != nil && slices.Contains(again, response.StatusCode) {
			return transport.Unsettled(err)
		}
		return err
	})
	if err != nil {
		return answer, fmt.Errorf("%s of %s: %w", what, p, err)
	}
	return answer, nil
}

// classified is an answer in the words of gitprovider. See the API's own description, /swagger.v1.json on every server, for the statuses.
func classified(response *sdk.Response, err error) error {
	if response == nil || response.Response == nil {
		return err
	}
	message := response.Status
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
	}
	if unavailable := transport.Unavailable(response.Response); unavailable != nil {
		return fmt.Errorf("%w (%s)", unavailable, message)
	}
	return errors.New(message)
}
