package stack

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCertificates(t *testing.T) {
	a, err := newAuthority()
	require.NoError(t, err)
	issued, err := a.issue(pkix.Name{CommonName: "system:node:node", Organization: []string{"system:nodes"}}, "10.201.0.2", "node")
	require.NoError(t, err)
	both, err := tls.X509KeyPair(issued.certificate, issued.key)
	require.NoError(t, err, "the key belongs to the certificate")
	trusted := x509.NewCertPool()
	require.True(t, trusted.AppendCertsFromPEM(a.pem))
	for _, host := range []string{"10.201.0.2", "node"} {
		_, err = both.Leaf.Verify(x509.VerifyOptions{Roots: trusted, DNSName: host})
		require.NoError(t, err)
	}
	_, err = both.Leaf.Verify(x509.VerifyOptions{Roots: trusted, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	require.NoError(t, err)
	require.Equal(t, []string{"system:nodes"}, both.Leaf.Subject.Organization)
	_, err = both.Leaf.Verify(x509.VerifyOptions{Roots: trusted, DNSName: "elsewhere"})
	require.Error(t, err)
}
