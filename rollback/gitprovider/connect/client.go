package connect

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"

	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// client reaches a server as Git does: through the same proxy, trusting the same authorities. It asks again as package transport does.
func client(auth git.Auth) (*http.Client, error) {
	direct := http.DefaultTransport.(*http.Transport).Clone()
	if auth.Proxy != "" {
		proxy, err := url.Parse(auth.Proxy)
		if err != nil {
			return nil, errors.New("the proxy is not a URL")
		}
		direct.Proxy = http.ProxyURL(proxy)
	}
	if len(auth.CA) > 0 {
		roots, err := x509.SystemCertPool()
		if err != nil {
			return nil, err
		}
		if !roots.AppendCertsFromPEM(auth.CA) {
			return nil, errors.New("the CA holds no certificate in PEM form")
		}
		direct.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	return transport.Client(direct), nil
}
