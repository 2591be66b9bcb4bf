package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
)

// log is written by the loop while the test reads it.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestRunVerifiesWhatIsLiveAndStops(t *testing.T) {
	config, ids := repositoryOf(t, files{
		"app/kustomization.yaml": "resources: [map.yaml]\n",
		"app/map.yaml":           "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {a: b}\n",
	})
	live := filepath.Join(t.TempDir(), "live")
	write(t, filepath.Dir(live), files{"live": ids[0] + "\n"})
	tests, _ := repositoryOf(t, files{
		"overlays/dev/kustomization.yaml": "resources: [all.yaml]\n",
		"overlays/dev/all.yaml": `apiVersion: assay.dev/v1alpha1
kind: Site
metadata: {name: shop}
spec:
  repository: {url: ` + config + `, branch: main}
  path: app
  live: {file: ` + live + `, interval: 100ms}
---
apiVersion: assay.dev/v1alpha1
kind: Suite
metadata: {name: smoke}
spec:
  env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: shop, key: token}}}]
  script: |
    echo "the token is $TOKEN"
    test "$ASSAY_ENVIRONMENT" = dev
---
apiVersion: assay.dev/v1alpha1
kind: Gate
metadata: {name: shop}
spec:
  after: [{kind: Site, name: shop}]
  suites: [{name: smoke}]
`})
	secrets := t.TempDir()
	write(t, secrets, files{"shop/token": "hush-hush"})
	chmodPrivate(t, secrets)
	data := filepath.Join(t.TempDir(), "data")
	for name, value := range map[string]string{
		"ASSAY_ENVIRONMENTS": "dev", "ASSAY_DEV_TESTS_URL": tests, "ASSAY_DEV_TESTS_INTERVAL": "200ms", "ASSAY_DATA_DIR": data,
		"ASSAY_DEV_CONFIG_REPOSITORIES": config, "ASSAY_DEV_SECRETS": secrets, "ASSAY_LOG_ENCODING": "json",
	} {
		t.Setenv(name, value)
	}
	ctx, stop := context.WithCancel(t.Context())
	var out bytes.Buffer
	var logged log
	ended := make(chan int, 1)
	go func() { ended <- execute(ctx, []string{"run"}, streams{strings.NewReader(""), &out, &logged}) }()

	var status struct{ Items []gateStatus }
	require.Eventually(t, func() bool {
		got := assay(t, "status", "-o", "json")
		return got.code == exitYes && json.Unmarshal([]byte(got.out), &status) == nil &&
			len(status.Items) == 1 && status.Items[0].Verdict == gate.Passed
	}, time.Minute, 100*time.Millisecond, "%v", &logged)
	require.Equal(t, "shop", status.Items[0].Gate)
	require.Contains(t, assay(t, "status").out, "Passed")
	require.Contains(t, assay(t, "history").out, status.Items[0].Verification)
	require.Contains(t, assay(t, "history", "--decisions").out, "Verify")
	require.Contains(t, assay(t, "logs", status.Items[0].Verification).out, "the token is ***")
	require.JSONEq(t, `{"items": []}`, assay(t, "incidents", "-o", "json").out)

	stop()
	require.Equal(t, exitYes, <-ended, &logged)
	for line := range strings.Lines(logged.String()) {
		require.True(t, json.Valid([]byte(line)), line)
	}
	require.Contains(t, logged.String(), "how runs are isolated")
	require.Contains(t, logged.String(), `"stopped"`)
	require.NotContains(t, logged.String(), "hush")
	require.Empty(t, out.String())
	require.Contains(t, assay(t, "status").out, "Passed", "history can be read when nobody writes")
}

// chmodPrivate takes a folder with secrets out of others' reach.
func chmodPrivate(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return os.Chmod(file, 0o600)
	}))
}
