//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	stdsync "sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/sync"
)

// registry holds OCI artifacts, and lets them be pulled as the distribution specification says.
type registry struct {
	mu       stdsync.Mutex
	contents map[string][]byte // by digest
	tags     map[string]string // to the digest of a manifest
}

// descriptor refers to a content.
type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int    `json:"size"`
}

const manifestType = "application/vnd.oci.image.manifest.v1+json"

// ServeHTTP implements http.Handler: /v2/<name>/manifests/<tag or digest> and /v2/<name>/blobs/<digest>.
func (r *registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if request.URL.Path == "/v2/" {
		return
	}
	digest := path.Base(request.URL.Path)
	if tagged, found := r.tags[digest]; found {
		digest = tagged
	}
	content, found := r.contents[digest]
	if !found {
		http.NotFound(w, request)
		return
	}
	kind := "application/octet-stream"
	if strings.Contains(request.URL.Path, "/manifests/") {
		kind = manifestType
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Docker-Content-Digest", digest)
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	if request.Method == http.MethodGet {
		_, _ = w.Write(content)
	}
}

func (r *registry) keep(kind string, content []byte) descriptor {
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(content))
	r.contents[digest] = content
	return descriptor{kind, digest, len(content)}
}

// push tags an artifact of files as `flux push artifact` makes it: annotated with the source that it was made of, and its revision.
func (r *registry) push(t *testing.T, tag, source, revision string, files map[string]string) {
	t.Helper()
	var layer bytes.Buffer
	compressed := gzip.NewWriter(&layer)
	archive := tar.NewWriter(compressed)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		require.NoError(t, archive.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(files[name]))}))
		_, err := archive.Write([]byte(files[name]))
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	require.NoError(t, compressed.Close())
	r.mu.Lock()
	defer r.mu.Unlock()
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType,
		"config":      r.keep("application/vnd.cncf.flux.config.v1+json", []byte("{}")),
		"layers":      []descriptor{r.keep("application/vnd.cncf.flux.content.v1.tar+gzip", layer.Bytes())},
		"annotations": map[string]string{"org.opencontainers.image.source": source, "org.opencontainers.image.revision": revision},
	})
	require.NoError(t, err)
	r.tags[tag] = r.keep(manifestType, manifest).Digest
}

// fromOCI has somebody's pipeline push each commit as an artifact, which real Flux pulls: what is verified and blamed is the commit.
func fromOCI(a *app) {
	images := &registry{contents: map[string][]byte{}, tags: map[string]string{}}
	server := httptest.NewServer(images)
	a.t.Cleanup(server.Close)
	release := func(files map[string]string) (commit string) {
		a.t.Helper()
		commit = a.repo.push("Change", files)
		images.push(a.t, "stable", a.repo.url, "main@sha1:"+commit, files)
		return commit
	}
	again := func(files map[string]string) (commit string) {
		a.t.Helper()
		commit = release(files)
		a.annotate("ocirepository/config", "reconcile.fluxcd.io/requestedAt")
		return commit
	}
	first := release(selling("1"))
	a.apply(fluxSource, a.fluxSecrets(), strings.Replace(fluxApp, "GitRepository", "OCIRepository", 1), `
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: config, namespace: $NAME}
spec: {url: "`+strings.Replace(server.URL, "http://", "oci://", 1)+`/app", interval: 1h, insecure: true, ref: {tag: stable}}
`)
	a.ends(gate.Passed, first)
	passed := a.gate().Passed.Targets[0]
	require.NotEmpty(a.t, passed.Digest)
	require.Equal(a.t, []sync.Revision{{
		Repository: git.Normalize(a.repo.url), URL: a.repo.url, Branch: "main", Commit: first, Path: "app",
	}}, passed.Revisions)
	a.page.fails()
	second := again(selling("2"))
	a.blames(a.ends(gate.Failed, second), second)
}
