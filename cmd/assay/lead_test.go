package main

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history/postgrestest"
)

// A second Assay on the same database, as when somebody starts one by mistake: it takes over what the first one
// knows, and the first one ends.
func TestWhoTakesTheLeadKnowsWhatTheOtherKnew(t *testing.T) {
	config, ids := repositoryOf(t, files{
		"app/kustomization.yaml": "resources: [secret.yaml]\n",
		"app/secret.yaml":        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: b}\n",
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
spec: {script: echo all is well}
---
apiVersion: assay.dev/v1alpha1
kind: Gate
metadata: {name: shop}
spec: {after: [{kind: Site, name: shop}], suites: [{name: smoke}]}
`})
	for name, value := range map[string]string{
		"ASSAY_ENVIRONMENTS": "dev", "ASSAY_DEV_TESTS_URL": tests, "ASSAY_DEV_TESTS_INTERVAL": "200ms", "ASSAY_DATABASE": postgrestest.StartFor(t).File(t),
	} {
		t.Setenv(name, value)
	}
	start := func() (stop context.CancelFunc, ended chan int, logged *log) {
		ctx, stop := context.WithCancel(t.Context())
		ended, logged = make(chan int, 1), &log{}
		data := filepath.Join(t.TempDir(), "data")
		go func() {
			ended <- execute(ctx, []string{"run", "--data-dir", data}, streams{strings.NewReader(""), &bytes.Buffer{}, logged})
		}()
		return stop, ended, logged
	}
	var status struct{ Items []gateStatus }
	passed := func() bool {
		got := assay(t, "status", "-o", "json")
		return got.code == exitYes && json.Unmarshal([]byte(got.out), &status) == nil && len(status.Items) == 1 && status.Items[0].Verdict == gate.Passed
	}
	_, ended, logged := start()
	require.Eventually(t, passed, time.Minute, 100*time.Millisecond, "%v", logged)
	verification := status.Items[0].Verification
	require.Contains(t, assay(t, "logs", verification).out, "all is well")

	stop, endedToo, loggedToo := start()
	require.Equal(t, exitNo, <-ended, "%v", logged)
	require.Contains(t, logged.String(), "another Assay leads now")
	require.Eventually(t, func() bool {
		return strings.Contains(assay(t, "history", "--decisions").out, "Wait")
	}, time.Minute, 100*time.Millisecond, "%v", loggedToo)
	stop()
	require.Equal(t, exitYes, <-endedToo, "%v", loggedToo)
	require.True(t, passed())
	require.Equal(t, verification, status.Items[0].Verification, "what was verified is not verified anew")
}
