package server_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/assay-dev/assay/reconciler/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// logged is a log that is written while it is read.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// free is an address that nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// run runs a server until the test stops it, or ends.
func run(t *testing.T, o server.Options) (stop func()) {
	t.Helper()
	s, err := server.New(o)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	t.Cleanup(stop)
	return stop
}

func get(t *testing.T, client *http.Client, url string) (status int, body string) {
	t.Helper()
	answer, err := client.Get(url)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text)
}

// client keeps no connection open once it was used.
func client(config *tls.Config) *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: config}}
}

func TestEachListenerServesItsOwn(t *testing.T) {
	var log logged
	text := func(s string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) })
	}
	o := server.Options{
		Addr: free(t), MetricsAddr: free(t), HealthAddr: free(t), Log: log.logger(),
		Metrics: text("metrics"), Routes: map[string]http.Handler{"/runs/": text("runs"), "/hooks/{endpoint}": text("hooks")},
	}
	stop := run(t, o)
	for url, want := range map[string]int{
		"http://" + o.MetricsAddr + "/metrics": http.StatusOK,
		"http://" + o.MetricsAddr + "/runs/1":  http.StatusNotFound,
		"http://" + o.Addr + "/runs/1/files":   http.StatusOK,
		"http://" + o.Addr + "/hooks/git":      http.StatusOK,
		"http://" + o.Addr + "/metrics":        http.StatusNotFound,
		"http://" + o.Addr + "/":               http.StatusNotFound,
		"http://" + o.HealthAddr + "/healthz":  http.StatusOK,
		"http://" + o.HealthAddr + "/readyz":   http.StatusOK,
	} {
		status, _ := get(t, client(nil), url)
		require.Equal(t, want, status, url)
	}
	stop()
	require.Contains(t, log.String(), o.HealthAddr)
	_, err := client(nil).Get("http://" + o.HealthAddr + "/healthz")
	require.Error(t, err, "nobody listens any more")
}

func TestNothingListensWhereItIsOff(t *testing.T) {
	var log logged
	stop := run(t, server.Options{Addr: server.Off, HealthAddr: "", MetricsAddr: free(t), Log: log.logger()})
	stop()
	require.NotContains(t, log.String(), "health")
	require.NotContains(t, log.String(), "webhooks")
}

func TestAnAddressThatIsTakenIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, err = server.New(server.Options{HealthAddr: free(t), MetricsAddr: taken.Addr().String(), Log: slog.New(slog.DiscardHandler)})
	require.ErrorContains(t, err, "listen for metrics: ")
	require.ErrorContains(t, err, taken.Addr().String())
}

func TestARequestUnderWayComesToItsEnd(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	o := server.Options{Addr: free(t), Log: slog.New(slog.DiscardHandler), Routes: map[string]http.Handler{
		"/runs/": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(begun)
			<-goOn
			_, _ = io.WriteString(w, "all of it")
		}),
	}}
	stop := run(t, o)
	got := make(chan string, 1)
	go func() {
		answer, err := client(nil).Get("http://" + o.Addr + "/runs/")
		if err != nil {
			got <- err.Error()
			return
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		got <- string(text)
	}()
	<-begun
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	require.Eventually(t, func() bool { // the server has begun to stop
		connection, err := net.Dial("tcp", o.Addr)
		if err == nil {
			connection.Close()
		}
		return err != nil
	}, time.Minute, time.Millisecond)
	close(goOn)
	require.Equal(t, "all of it", <-got)
	<-stopped
}

func TestHealthNamesWhatFails(t *testing.T) {
	var log logged
	var mu sync.Mutex
	var broken error
	o := server.Options{HealthAddr: free(t), Log: log.logger(),
		Alive: []server.Check{{Name: "loop", Holds: func(context.Context) error { return nil }}},
		Ready: []server.Check{
			{Name: "settings", Holds: func(context.Context) error { return nil }},
			{Name: "history", Holds: func(context.Context) error { mu.Lock(); defer mu.Unlock(); return broken }},
		},
	}
	run(t, o)
	status, body := get(t, client(nil), "http://"+o.HealthAddr+"/readyz")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "[+]settings ok\n[+]history ok\nreadyz check passed\n", body)

	mu.Lock()
	broken = errors.New("no route to db.internal")
	mu.Unlock()
	for range 3 {
		status, body = get(t, client(nil), "http://"+o.HealthAddr+"/readyz")
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Equal(t, "[+]settings ok\n[-]history failed: see the log\nreadyz check failed\n", body)
	}
	require.Equal(t, 1, bytes.Count([]byte(log.String()), []byte("db.internal")), "logged once, not at every probe")
	status, _ = get(t, client(nil), "http://"+o.HealthAddr+"/healthz")
	require.Equal(t, http.StatusOK, status, "who is not ready is alive")

	mu.Lock()
	broken = nil
	mu.Unlock()
	status, _ = get(t, client(nil), "http://"+o.HealthAddr+"/readyz")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, log.String(), "holds again")
}

// issue writes a new certificate for a name, and returns who trusts it.
func issue(t *testing.T, dir, name string, at time.Time) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(at.Unix()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: at.Add(time.Hour),
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for file, block := range map[string]*pem.Block{"tls.crt": {Type: "CERTIFICATE", Bytes: der}, "tls.key": {Type: "PRIVATE KEY", Bytes: private}} {
		path := filepath.Join(dir, file)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(block), 0o600))
		require.NoError(t, os.Chtimes(path, at, at))
	}
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	trusted := x509.NewCertPool()
	trusted.AddCert(parsed)
	return &tls.Config{RootCAs: trusted, ServerName: name}
}

func TestACertificateIsReadAnewWhenItsFilesChange(t *testing.T) {
	var log logged
	dir, now := t.TempDir(), time.Now()
	old := issue(t, dir, "old.example.com", now)
	o := server.Options{Addr: free(t), HealthAddr: free(t), CertFile: filepath.Join(dir, "tls.crt"), KeyFile: filepath.Join(dir, "tls.key"), Log: log.logger()}
	run(t, o)
	get(t, client(old), "https://"+o.Addr)
	get(t, client(nil), "http://"+o.HealthAddr+"/healthz")

	renewed := issue(t, dir, "new.example.com", now.Add(time.Minute))
	get(t, client(renewed), "https://"+o.Addr)
	_, err := client(old).Get("https://" + o.Addr)
	require.Error(t, err)

	require.NoError(t, os.WriteFile(o.CertFile, []byte("half a certi"), 0o600))
	get(t, client(renewed), "https://"+o.Addr)
	require.Contains(t, log.String(), "a new certificate is not used")
}

func TestACertificateThatCannotBeReadIsNamed(t *testing.T) {
	for want, o := range map[string]server.Options{
		"a certificate needs its key":   {Addr: free(t), CertFile: "tls.crt"},
		"a key its certificate":         {Addr: free(t), KeyFile: "tls.key"},
		"TLS certificate: stat tls.crt": {Addr: free(t), CertFile: "tls.crt", KeyFile: "tls.key"},
	} {
		o.Log = slog.New(slog.DiscardHandler)
		_, err := server.New(o)
		require.ErrorContains(t, err, want)
	}
}
