package flux

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	sourcev1 "github.com/fluxcd/source-controller/api/v1"

	"github.com/assay-dev/assay/sources/git"
)

// ErrNoAuth says that no GitRepository gives credentials for a repository.
var ErrNoAuth = errors.New("no GitRepository that Assay sees has credentials for it")

// Auth is what Flux reads a repository with, named as git.Normalize spells it: the Secret of a GitRepository with its address, of several
// the first by namespace and name whose Secret can be read. Where nobody names one the error is ErrNoAuth.
func (s *Source) Auth(ctx context.Context, repository string) (git.Auth, error) {
	var candidates []*source
	for _, from := range s.sources[sourcev1.GitRepositoryKind].List() {
		if from.secret != "" && git.Normalize(from.url) == repository {
			candidates = append(candidates, from)
		}
	}
	slices.SortFunc(candidates, func(a, b *source) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	failure := ErrNoAuth
	for _, from := range candidates {
		auth, err := s.authOf(ctx, from)
		if err == nil {
			return auth, nil
		}
		failure = fmt.Errorf("read %s with the credentials of GitRepository %s/%s: %w", repository, from.Namespace, from.Name, err)
	}
	return git.Auth{}, failure
}

// authOf reads the Secrets that a GitRepository names, by the keys that Flux reads.
func (s *Source) authOf(ctx context.Context, from *source) (git.Auth, error) {
	secret, err := s.data(ctx, "Secret", from.Namespace, from.secret)
	if err != nil {
		return git.Auth{}, err
	}
	if secret["githubAppID"] != "" {
		return git.Auth{}, errors.New("it is a GitHub App, whose private key Assay does not take from Flux: give Assay credentials of its own")
	}
	auth := git.Auth{
		Username: secret["username"], Password: secret["password"], BearerToken: secret["bearerToken"], CA: []byte(secret["ca.crt"]),
	}
	if len(auth.CA) == 0 {
		auth.CA = []byte(secret["caFile"])
	}
	if identity := secret["identity"]; identity != "" { // over SSH the password is that of the key
		auth.SSHKey, auth.KnownHosts = []byte(identity), []byte(secret["known_hosts"])
		auth.SSHKeyPassphrase, auth.Password = auth.Password, ""
	}
	if auth.Password != "" { // it may be one that is renewed
		auth.Password, auth.Token = "", func(ctx context.Context) (string, error) {
			renewed, err := s.data(ctx, "Secret", from.Namespace, from.secret)
			return renewed["password"], err
		}
	}
	if from.proxy == "" {
		return auth, nil
	}
	proxy, err := s.data(ctx, "Secret", from.Namespace, from.proxy)
	if err != nil {
		return git.Auth{}, err
	}
	auth.Proxy, err = proxyURL(proxy)
	return auth, err
}

// proxyURL puts together what a Secret for a proxy says.
func proxyURL(secret map[string]string) (string, error) {
	u, err := url.Parse(secret["address"])
	if err != nil || u.Host == "" {
		return "", errors.New("the Secret for its proxy holds no address that is a URL")
	}
	if secret["username"] != "" {
		u.User = url.UserPassword(secret["username"], secret["password"])
	}
	return u.String(), nil
}
