package stack

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// healthy asks a health endpoint, that of a server of this cluster or a plain one.
func (c *Cluster) healthy(url string) func(context.Context) error {
	trusted := x509.NewCertPool()
	trusted.AddCert(c.authority.certificate)
	return healthy(&http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trusted}}, url)
}

// healthy finds nothing wrong with a server that answers 200.
func healthy(transport http.RoundTripper, url string) func(context.Context) error {
	client := &http.Client{Timeout: 5 * time.Second, Transport: transport}
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
			return errors.Join(err, fmt.Errorf("%s: %s", url, response.Status))
		}
		return nil
	}
}
