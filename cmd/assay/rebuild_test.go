package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/cmd/assay/internal/wire"
	"github.com/assay-dev/assay/sources/git/gittest"
)

// TestRebuildReadsWhatRunNoted loses the history of an Assay, and gives its last passed state back.
func TestRebuildReadsWhatRunNoted(t *testing.T) {
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
spec: {script: "true"}
---
apiVersion: assay.dev/v1alpha1
kind: Gate
metadata: {name: shop}
spec: {after: [{kind: Site}], suites: [{name: smoke}]}
`})
	data := filepath.Join(t.TempDir(), "data")
	for name, value := range map[string]string{
		"ASSAY_ENVIRONMENTS": "dev", "ASSAY_DEV_TESTS_URL": tests, "ASSAY_DEV_TESTS_INTERVAL": "200ms", "ASSAY_DATA_DIR": data,
		"ASSAY_DEV_CONFIG_REPOSITORIES": config, "ASSAY_DEV_NOTES": "true",
	} {
		t.Setenv(name, value)
	}
	ctx, stop := context.WithCancel(t.Context())
	var logged log
	ended := make(chan int, 1)
	go func() {
		ended <- execute(ctx, []string{"run"}, streams{strings.NewReader(""), &bytes.Buffer{}, &logged})
	}()
	require.Eventually(t, func() bool {
		return strings.Contains(gittest.Run(t, config, "log", "--notes=assay", "--format=%N"), "Assay: dev/shop Passed")
	}, time.Minute, 100*time.Millisecond, "%v", &logged)
	stop()
	require.Equal(t, exitYes, <-ended, &logged)
	require.Contains(t, logged.String(), "commits get no statuses, since the server has none")
	require.NoError(t, os.RemoveAll(filepath.Join(data, wire.HistoryDir)))

	refused := assay(t, "history", "rebuild")
	require.Equal(t, exitYes, refused.code, refused.err)
	require.Regexp(t, `(?m)^dev +shop +`+ids[0][:8]+` +\S+ +no +nobody vouches for it: no keys are given`, refused.out)
	var got rebuilt
	require.NoError(t, json.Unmarshal([]byte(assay(t, "history", "rebuild", "--trust", "-o", "json").out), &got))
	require.Len(t, got.Items, 1)
	require.True(t, got.Items[0].Restored, got.Items[0].Reason)
	require.Contains(t, assay(t, "history", "rebuild", "--trust").out, "the history knows of a pass that is as new")
	require.Contains(t, assay(t, "history").out, "nothing was verified yet")

	unknown := assay(t, "history", "rebuild", "--environment", "prod")
	require.Equal(t, exitUsage, unknown.code)
	require.Contains(t, unknown.err, "no environment prod is known: there is dev")
	require.NoError(t, os.Remove(filepath.Join(data, "key")))
	require.Contains(t, assay(t, "history", "rebuild").err, "bring its file key back")
}
