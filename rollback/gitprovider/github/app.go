package github

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/golang-jwt/jwt/v5"
	sdk "github.com/google/go-github/v74/github"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

// How long credentials are good for. GitHub takes JWTs of ten minutes at most, counted on its own clock, and gives out tokens for an hour.
// See https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app.
const (
	jwtBefore, jwtAfter = time.Minute, 9 * time.Minute
	// renewBefore is how long before its end a token is replaced, so that it does not end in the middle of something.
	renewBefore = 5 * time.Minute
	// toleratedSkew between clocks is none that GitHub would refuse a JWT for.
	toleratedSkew = 30 * time.Second
)

// installation gets the tokens of an App, and keeps each for as long as it is good.
type installation struct {
	app         App
	key         *rsa.PrivateKey
	owner, name string
	api         *sdk.Client

	turn  chan struct{} // held by whoever looks at what follows
	token string
	ends  time.Time     // on this machine's clock
	skew  time.Duration // how far GitHub's clock is ahead of this machine's
}

func newInstallation(app App, owner, name string, api *url.URL, next http.RoundTripper) (*installation, error) {
	key, err := jwt.ParseRSAPrivateKeyFromPEM(app.PrivateKey)
	if err != nil {
		return nil, errors.New("the private key is no RSA key in PEM form: use the .pem file that GitHub offers when a key is made")
	}
	i := &installation{app: app, key: key, owner: owner, name: name, turn: make(chan struct{}, 1)}
	i.api = newClient(api, &authorized{next: next, api: api, token: i.claim})
	return i, nil
}

// claim is a JWT that says, signed, that this is the App.
func (i *installation) claim(context.Context) (string, error) {
	now := time.Now().Add(i.skew)
	return jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Issuer: i.app.ID, IssuedAt: jwt.NewNumericDate(now.Add(-jwtBefore)), ExpiresAt: jwt.NewNumericDate(now.Add(jwtAfter)),
	}).SignedString(i.key)
}

// current is a token that is good for a while.
func (i *installation) current(ctx context.Context) (string, error) {
	select {
	case i.turn <- struct{}{}:
		defer func() { <-i.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if i.token != "" && time.Now().Before(i.ends) {
		return i.token, nil
	}
	response, err := i.renew(ctx)
	if response != nil && response.StatusCode == http.StatusUnauthorized && i.clockIsOff(response.Response) {
		_, err = i.renew(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("get a token as GitHub App %s: %w", i.app.ID, err)
	}
	return i.token, nil
}

// forget drops a token that GitHub does not take any more.
func (i *installation) forget(token string) {
	i.turn <- struct{}{}
	defer func() { <-i.turn }()
	if i.token == token {
		i.token = ""
	}
}

// clockIsOff measures by an answer how far GitHub's clock is from this machine's, and says whether that is news.
func (i *installation) clockIsOff(answer *http.Response) bool {
	date, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return false
	}
	skew := time.Until(date)
	off := (skew - i.skew).Abs() > toleratedSkew
	i.skew = skew
	return off
}

// renew asks for a new token.
func (i *installation) renew(ctx context.Context) (*sdk.Response, error) {
	number := i.app.Installation
	if number == 0 {
		found, response, err := i.api.Apps.FindRepositoryInstallation(ctx, i.owner, i.name)
		if err != nil {
			return response, i.explained(err, "it is not installed for %s/%s, or there is no such repository: install it, or check the App's ID", i.owner, i.name)
		}
		number = found.GetID()
	}
	asked := time.Now()
	given, response, err := i.api.Apps.CreateInstallationToken(ctx, number, nil)
	if err != nil {
		return response, i.explained(err, "it has no installation %d", number)
	}
	lasts := time.Hour
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		lasts = given.GetExpiresAt().Sub(date) // both on GitHub's clock
	}
	i.token, i.ends = given.GetToken(), asked.Add(lasts-renewBefore)
	return response, nil
}

// explained is what GitHub answers to an App, with what "not found" and "not authorized" mean there.
func (i *installation) explained(err error, notFound string, args ...any) error {
	err = classified(err)
	switch {
	case errors.Is(err, gitprovider.ErrNotFound):
		return fmt.Errorf("%s: %w", fmt.Sprintf(notFound, args...), err)
	case errors.Is(err, gitprovider.ErrUnauthorized):
		return fmt.Errorf("the App's ID and private key do not belong together, or it is suspended: %w", err)
	}
	return err
}
