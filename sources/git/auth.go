package git

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"golang.org/x/crypto/ssh"
)

// Auth is what a remote is reached with. The zero value is anonymous, with the
// system's certificates and the proxy of the environment (HTTPS_PROXY and so on;
// SSH takes none from there). An Auth prints as its kind, never as its content.
type Auth struct {
	Username    string // HTTP user, or SSH user ("git" when empty)
	Password    string // HTTP password or access token
	BearerToken string // HTTP token, instead of Username and Password
	// Token is asked for the HTTP password before each exchange, instead of
	// Password: for tokens that end, such as those of a GitHub App. It is called from
	// several goroutines.
	Token func(ctx context.Context) (string, error)
	// Renew is asked for all of the above before each exchange over HTTP, instead of
	// them: for credentials that somebody else keeps and changes. It is called from
	// several goroutines, and what it returns renews nothing.
	Renew func(ctx context.Context) (Auth, error)

	SSHKey           []byte // private key, PEM or OpenSSH format
	SSHKeyPassphrase string // empty for a key that is not encrypted
	KnownHosts       []byte // known_hosts lines; SSH without them is refused

	CA    []byte // PEM certificates, trusted besides the system's
	Proxy string // http://, https:// or socks5:// URL, may hold user and password
}

// Anonymous tells whether there is nothing to show to a server.
func (a Auth) Anonymous() bool {
	return a.Username == "" && a.Password == "" && a.BearerToken == "" && a.Token == nil && a.Renew == nil && len(a.SSHKey) == 0
}

// String says of which kind the credentials are.
func (a Auth) String() string {
	switch {
	case a.BearerToken != "":
		return "bearer token"
	case a.Token != nil, a.Renew != nil:
		return "tokens that are renewed"
	case len(a.SSHKey) > 0:
		return "SSH key"
	case a.Password != "" || a.Username != "":
		return "username and password"
	}
	return "anonymous"
}

// GoString keeps %#v from printing the content.
func (a Auth) GoString() string { return "git.Auth{" + a.String() + "}" }

// LogValue keeps structured logs from holding the content.
func (a Auth) LogValue() slog.Value { return slog.StringValue(a.String()) }

// at returns the credentials for l: those that its URL holds, where a does not
// say otherwise.
func (a Auth) at(l location) Auth {
	if a.Username == "" && a.Password == "" && a.BearerToken == "" && a.Token == nil && a.Renew == nil {
		a.Username, a.Password = l.user, l.password
	}
	if l.scheme == "ssh" && l.user != "" {
		a.Username = l.user
	}
	return a
}

// signer returns the SSH key, decrypted.
func (a Auth) signer() (ssh.Signer, error) {
	if len(a.SSHKey) == 0 {
		return nil, errors.New("SSH needs a private key: set the identity of the credentials")
	}
	signer, err := ssh.ParsePrivateKey(a.SSHKey)
	if missing := (*ssh.PassphraseMissingError)(nil); errors.As(err, &missing) {
		if a.SSHKeyPassphrase == "" {
			return nil, errors.New("the SSH private key is encrypted: give its passphrase")
		}
		signer, err = ssh.ParsePrivateKeyWithPassphrase(a.SSHKey, []byte(a.SSHKeyPassphrase))
	}
	if err != nil {
		return nil, fmt.Errorf("reading the SSH private key: %w", err)
	}
	return signer, nil
}

// roots returns the certificates to trust, nil for the system's alone.
func (a Auth) roots() (*x509.CertPool, error) {
	if len(a.CA) == 0 {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(a.CA) {
		return nil, errors.New("the CA holds no PEM certificate")
	}
	return pool, nil
}

// proxy returns the proxy that a names, nil for none.
func (a Auth) proxy() (*url.URL, error) {
	if a.Proxy == "" {
		return nil, nil
	}
	u, err := url.Parse(a.Proxy)
	if err != nil || u.Host == "" {
		return nil, errors.New("the proxy is no URL: write http://host:port or socks5://host:port")
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return u, nil
	}
	return nil, fmt.Errorf("proxy scheme %q is not supported: use http, https or socks5", u.Scheme)
}
