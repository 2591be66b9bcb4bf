package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is read from two files, and anew when either changes: whoever renews it, such as cert-manager, restarts nobody.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu     sync.Mutex
	loaded *tls.Certificate
	at     [2]time.Time // when the files were written that were read last
}

// serveTLS serves with a certificate that can be read now.
func serveTLS(certFile, keyFile string, log *slog.Logger) (*tls.Config, error) {
	if certFile == "" || keyFile == "" {
		return nil, errors.New("a certificate needs its key, and a key its certificate: give both files, or neither")
	}
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	if err := c.load(); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}, nil
}

// get is the certificate as it is now. One that cannot be read, perhaps since just one file was written yet, leaves the one before in use.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, err := c.written(); err != nil || at != c.at {
		if err := c.load(); err != nil {
			c.log.Error("a new certificate is not used; the one before is", "error", err)
		}
	}
	return c.loaded, nil
}

func (c *certificate) load() error {
	at, err := c.written()
	if err != nil {
		return fmt.Errorf("TLS certificate: %w", err)
	}
	c.at = at
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("TLS certificate %s with key %s: %w", c.certFile, c.keyFile, err)
	}
	c.loaded = &pair
	return nil
}

// written is when the two files were.
func (c *certificate) written() (at [2]time.Time, err error) {
	for i, file := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(file)
		if err != nil {
			return at, err
		}
		at[i] = info.ModTime()
	}
	return at, nil
}
