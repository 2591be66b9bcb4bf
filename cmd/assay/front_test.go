package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// freeAddress is one that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// read is what an address answers; empty while nobody does.
func read(url string) (text string, status int) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(url)
	if err != nil {
		return "", 0
	}
	defer answer.Body.Close()
	all, _ := io.ReadAll(answer.Body)
	return string(all), answer.StatusCode
}

// gateCalled is an overlay with one Gate, which never has anything to do.
func gateCalled(name string) files {
	return files{"overlays/dev/kustomization.yaml": "resources: [all.yaml]\n", "overlays/dev/all.yaml": `apiVersion: assay.dev/v1alpha1
kind: Suite
metadata: {name: smoke}
spec: {script: "true"}
---
apiVersion: assay.dev/v1alpha1
kind: Gate
metadata: {name: ` + name + `}
spec:
  after: [{kind: Kustomization, namespace: apps, name: shop}]
  suites: [{name: smoke}]
`}
}

func TestRunIsSeenAndToldToLook(t *testing.T) {
	dir := t.TempDir()
	tests, _ := repositoryOf(t, gateCalled("shop"))
	secrets := t.TempDir()
	write(t, secrets, files{"generic": "hush-hush\n"})
	addr, metricsAddr, healthAddr := freeAddress(t), freeAddress(t), freeAddress(t)
	for name, value := range map[string]string{
		"ASSAY_ENVIRONMENTS": "dev", "ASSAY_DEV_TESTS_URL": tests, "ASSAY_DEV_TESTS_INTERVAL": "24h", "ASSAY_DATA_DIR": filepath.Join(dir, "data"),
		"ASSAY_WEBHOOK_SECRETS": secrets,
	} {
		t.Setenv(name, value)
	}
	ctx, stop := context.WithCancel(t.Context())
	var logged log
	ended := make(chan int, 1)
	go func() {
		ended <- execute(ctx, []string{"run", "--addr", addr, "--metrics-addr", metricsAddr, "--health-addr", healthAddr, "--concurrent", "2"},
			streams{strings.NewReader(""), io.Discard, &logged})
	}()
	require.Eventually(t, func() bool {
		_, status := read("http://" + healthAddr + "/readyz")
		return status == http.StatusOK
	}, time.Minute, 20*time.Millisecond, "%v", &logged)
	text, _ := read("http://" + healthAddr + "/readyz")
	require.Equal(t, "[+]history ok\n[+]cluster ok\nreadyz check passed\n", text, "without a cluster there is nothing to list")
	text, _ = read("http://" + healthAddr + "/healthz")
	require.Equal(t, "[+]passes ok\nhealthz check passed\n", text)
	text, _ = read("http://" + metricsAddr + "/metrics")
	require.Contains(t, text, "\nassay_history_reachable 1\n")
	require.Contains(t, text, `workqueue_depth{name="gates"}`)

	passed := func(gate string) func() bool {
		return func() bool {
			text, _ := read("http://" + metricsAddr + "/metrics")
			return strings.Contains(text, `gotk_reconcile_duration_seconds_count{kind="Gate",name="`+gate+`",namespace="dev"}`)
		}
	}
	require.Eventually(t, passed("shop"), time.Minute, 20*time.Millisecond, "%v", &logged)
	write(t, tests, gateCalled("bank"))
	commitAll(t, tests)
	body, err := json.Marshal(map[string]string{"repository": tests})
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+"/hooks/generic", bytes.NewReader(body))
	require.NoError(t, err)
	mac := hmac.New(sha256.New, []byte("hush-hush"))
	mac.Write(body)
	request.Header.Set("X-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusAccepted, answer.StatusCode)
	require.Eventually(t, passed("bank"), time.Minute, 20*time.Millisecond, "it is there a day before the interval is over: %v", &logged)

	stop()
	require.Equal(t, exitYes, <-ended, &logged)
	_, status := read("http://" + healthAddr + "/healthz")
	require.Zero(t, status, "nobody listens any more")
	require.NotContains(t, logged.String(), "hush")
}

func TestRunThatCannotListenEnds(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	tests, _ := repositoryOf(t, files{"overlays/dev/kustomization.yaml": "resources: []\n"})
	for name, value := range map[string]string{
		"ASSAY_ENVIRONMENTS": "dev", "ASSAY_DEV_TESTS_URL": tests, "ASSAY_DATA_DIR": filepath.Join(t.TempDir(), "data"),
		"ASSAY_HEALTH_ADDR": taken.Addr().String(),
	} {
		t.Setenv(name, value)
	}
	got := assay(t, "run")
	require.NotEqual(t, exitYes, got.code)
	require.Contains(t, got.err, "listen for health")
}

func TestInItsPodAssayListensWhereFluxDoes(t *testing.T) {
	t.Setenv(podName, "")
	require.Empty(t, address("", ":9440"))
	require.Equal(t, ":1", address(":1", ":9440"))
	t.Setenv(podName, "assay-0")
	require.Equal(t, ":9440", address("", ":9440"))
	require.Equal(t, "0", address("0", ":9440"))
}
