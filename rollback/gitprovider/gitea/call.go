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
	// errComputing: the server does not know yet whether the pull request can be merged.
	errComputing = fmt.Errorf("%w: not checked yet", gitprovider.ErrBlocked)
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
	}, func(err error) bool { return errors.Is(err, errUnsettled) })
	if err != nil {
		return answer, fmt.Errorf("%s of %s: %w", what, p, err)
	}
	return answer, nil
}

// patiently repeats what fails with an error that says so, with a pause in between that grows.
func (p *Provider) patiently(ctx context.Context, do func() error, again func(error) bool) error {
	for _, pause := range p.pauses {
		err := do()
		if err == nil || !again(err) {
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
	case http.StatusNotFound:
		return fmt.Errorf("%w: or the token may not see it (%s)", gitprovider.ErrNotFound, message)
	case http.StatusMethodNotAllowed:
		if strings.Contains(message, "try again") {
			return fmt.Errorf("%w (%s)", errComputing, message)
		}
		return fmt.Errorf("%w (%s)", gitprovider.ErrBlocked, message)
	case http.StatusConflict:
		switch {
		case strings.Contains(message, "head out of date"):
			return fmt.Errorf("%w (%s)", gitprovider.ErrHeadMoved, message)
		case strings.Contains(message, "already exists"):
			return fmt.Errorf("%w (%s)", errConflict, message)
		}
		return fmt.Errorf("%w (%s)", gitprovider.ErrBlocked, message)
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return fmt.Errorf("%w: %s", errUnsettled, message)
	}
	return errors.New(message)
}
