package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRender(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir, _ := repositoryOf(t, files{
		"app/kustomization.yaml": "namePrefix: x-\nresources: [secret.yaml]\n",
		"app/secret.yaml":        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: hush}\n",
		"far/kustomization.yaml": "resources: [https://example.com/base]\n",
	}, files{"app/kustomization.yaml": "namePrefix: y-\nresources: [secret.yaml]\n"})
	const built = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x-s\nstringData:\n  token: hush\n"
	for _, repo := range []string{dir, "file://" + dir} {
		got := assay(t, "render", "--repo", repo, "--rev", "HEAD~1", "--path", "app")
		require.Equal(t, said{exitYes, built, ""}, got)
	}
	redacted := assay(t, "render", "--repo", dir, "--path", "app", "--redact")
	require.Equal(t, exitYes, redacted.code)
	require.Contains(t, redacted.out, "name: y-s")
	require.NotContains(t, redacted.out, "hush")

	for name, tc := range map[string]struct {
		args []string
		code int
		err  string
	}{
		"remote base":      {[]string{"--path", "far"}, exitNo, "far/kustomization.yaml"},
		"no folder":        {[]string{"--path", "nope"}, exitNo, "no such folder"},
		"out of the tree":  {[]string{"--path", "../.."}, exitNo, "leads out"},
		"no kustomization": {[]string{}, exitNo, "kustomization"},
		"no revision":      {[]string{"--rev", "v9"}, exitUsage, `"v9"`},
	} {
		t.Run(name, func(t *testing.T) {
			got := assay(t, append([]string{"render", "--repo", dir}, tc.args...)...)
			require.Equal(t, tc.code, got.code)
			require.Contains(t, got.err, tc.err)
			require.Empty(t, got.out)
		})
	}
}
