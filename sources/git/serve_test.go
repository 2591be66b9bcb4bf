package git_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/fluxcd/pkg/gittestserver"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/assay-dev/assay/sources/git"
)

const (
	user     = "reader"
	password = "p@ss/word"
)

// serveHTTPS offers the repository over HTTPS with a password and a certificate
// of its own authority.
func (r remoteRepo) serveHTTPS() (string, git.Auth) {
	r.t.Helper()
	server := gittestserver.NewGitServer(filepath.Dir(r.dir))
	server.Auth(user, password)
	cert, key := certificate(r.t)
	require.NoError(r.t, server.StartHTTPS(cert, key, cert, "localhost"))
	r.t.Cleanup(server.StopHTTP)
	return server.HTTPAddress() + "/" + filepath.Base(r.dir), git.Auth{Username: user, Password: password, CA: cert}
}

// serveSSH offers the repository over SSH to a key of its own.
func (r remoteRepo) serveSSH() (string, git.Auth) {
	r.t.Helper()
	server := gittestserver.NewGitServer(filepath.Dir(r.dir))
	server.KeyDir(r.t.TempDir()).Auth(user, password) // any key is let in
	require.NoError(r.t, server.ListenSSH())
	go server.StartSSH()
	r.t.Cleanup(func() { server.StopSSH() })
	address := server.SSHAddress()
	u, err := url.Parse(address)
	require.NoError(r.t, err)
	return address + "/" + filepath.Base(r.dir), git.Auth{SSHKey: sshKey(r.t), KnownHosts: hostKey(r.t, u.Host)}
}

// certificate makes a self-signed certificate for this host.
func certificate(t testing.TB) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "localhost"},
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// sshKey makes a private key in OpenSSH's format.
func sshKey(t testing.TB) []byte {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	block, err := ssh.MarshalPrivateKey(private, "")
	require.NoError(t, err)
	return pem.EncodeToMemory(block)
}

// hostKey asks an SSH server for its key, as ssh-keyscan does.
func hostKey(t testing.TB, address string) []byte {
	t.Helper()
	var line string
	_, err := ssh.Dial("tcp", address, &ssh.ClientConfig{
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			line = knownhosts.Line([]string{address}, key)
			return nil
		},
		Timeout: 10 * time.Second,
	})
	require.Error(t, err, "a server that lets everybody in")
	require.NotEmpty(t, line)
	return []byte(line + "\n")
}
