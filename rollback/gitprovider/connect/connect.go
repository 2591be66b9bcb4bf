// Package connect is the table of providers. In goes the URL of a config repository, with what the operator says about its server; out comes
// the Provider for it, without contacting anything. A new provider is a package of its own and a line here.
package connect

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitea"
	"github.com/assay-dev/assay/rollback/gitprovider/plain"
	"github.com/assay-dev/assay/sources/git"
)

// The kinds of providers that an operator may name.
const (
	Auto  = "auto" // told by the URL
	Plain = "plain"
	Gitea = "gitea"
)

// Kinds lists what New takes.
func Kinds() []string { return []string{Auto, Plain, Gitea} }

// New makes the Provider for a repository. Its credentials are those of the mirror, given as auth: the password or bearer token that Git pushes
// with is the token of the API, too.
func New(kind, repository string, auth git.Auth, mirror *git.Mirror) (gitprovider.Provider, error) {
	if kind == Auto || kind == "" {
		var err error
		if kind, err = guess(repository); err != nil {
			return nil, err
		}
	}
	switch kind {
	case Plain:
		return plain.New(mirror), nil
	case Gitea:
		client, err := client(auth)
		if err != nil {
			return nil, fmt.Errorf("provider of %s: %w", git.Redact(repository), err)
		}
		token := auth.BearerToken
		if token == "" {
			token = auth.Password
		}
		return gitea.New(repository, token, client)
	}
	return nil, fmt.Errorf("provider %q of %s is not known: it is one of %s", kind, git.Redact(repository), strings.Join(Kinds(), ", "))
}

// guess tells the kind by the URL, where that leaves no doubt.
func guess(repository string) (string, error) {
	host, _, _ := strings.Cut(git.Normalize(repository), "/")
	if strings.HasPrefix(repository, "/") || strings.HasPrefix(repository, "file:") {
		return Plain, nil
	}
	if host == "codeberg.org" || slices.ContainsFunc(strings.Split(host, "."), func(label string) bool { return label == "gitea" || label == "forgejo" }) {
		return Gitea, nil
	}
	return "", fmt.Errorf("the URL %s does not tell what serves it: name the provider, one of %s", git.Redact(repository), strings.Join(Kinds()[1:], ", "))
}

// client reaches a server as Git does: through the same proxy, trusting the same authorities.
func client(auth git.Auth) (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if auth.Proxy != "" {
		proxy, err := url.Parse(auth.Proxy)
		if err != nil {
			return nil, errors.New("the proxy is not a URL")
		}
		transport.Proxy = http.ProxyURL(proxy)
	}
	if len(auth.CA) > 0 {
		roots, err := x509.SystemCertPool()
		if err != nil {
			return nil, err
		}
		if !roots.AppendCertsFromPEM(auth.CA) {
			return nil, errors.New("the CA holds no certificate in PEM form")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	return &http.Client{Transport: transport}, nil
}
