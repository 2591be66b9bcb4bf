package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/require"
)

// small is a static program, built for a platform: what is packed need not be Assay.
func small(t *testing.T, dir, goos, goarch string) string {
	t.Helper()
	path := filepath.Join(dir, goos+"-"+goarch)
	for name, text := range map[string]string{"go.mod": "module example.com/small\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() {}\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	build := exec.Command("go", "build", "-C", dir, "-trimpath", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}

// pack runs the command, and returns what it prints and the archive.
func pack(t *testing.T, args ...string) (printed string, archive []byte) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "image.tar")
	var stdout bytes.Buffer
	require.NoError(t, run(t.Context(), append([]string{"-out", out}, args...), &stdout))
	archive, err := os.ReadFile(out)
	require.NoError(t, err)
	return stdout.String(), archive
}

func TestTheSameBinariesMakeTheSameArchive(t *testing.T) {
	amd64, arm64 := small(t, t.TempDir(), "linux", "amd64"), small(t, t.TempDir(), "linux", "arm64")
	first, firstArchive := pack(t, amd64, arm64)
	// Elsewhere and later: neither the place nor the time of the files may count.
	again, againArchive := pack(t, small(t, t.TempDir(), "linux", "amd64"), small(t, t.TempDir(), "linux", "arm64"))
	require.Equal(t, first, again)
	require.True(t, bytes.Equal(firstArchive, againArchive))
	require.Regexp(t, `^registry\.example\.com/assay@sha256:[0-9a-f]{64}\n$`, first)
}

func TestArchiveIsAnImageLayout(t *testing.T) {
	printed, archive := pack(t, "-name", "registry.example.com/shop/assay:v1", small(t, t.TempDir(), "linux", "amd64"))
	files := map[string][]byte{}
	read := tar.NewReader(bytes.NewReader(archive))
	for {
		header, err := read.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		require.Zero(t, header.Uid)
		require.Zero(t, header.ModTime.Unix())
		files[header.Name], err = io.ReadAll(read)
		require.NoError(t, err)
	}
	require.JSONEq(t, `{"imageLayoutVersion": "1.0.0"}`, string(files["oci-layout"]))

	var index v1.IndexManifest
	require.NoError(t, json.Unmarshal(files["index.json"], &index))
	require.Len(t, index.Manifests, 1)
	require.Equal(t, "registry.example.com/shop/assay:v1", index.Manifests[0].Annotations["io.containerd.image.name"])
	require.Equal(t, "v1", index.Manifests[0].Annotations["org.opencontainers.image.ref.name"])
	require.Equal(t, "registry.example.com/shop/assay@"+index.Manifests[0].Digest.String()+"\n", printed)
	require.Contains(t, files, "blobs/sha256/"+index.Manifests[0].Digest.Hex)
}

func TestImageHoldsAssayAndNothingElse(t *testing.T) {
	path := small(t, t.TempDir(), "linux", "arm64")
	index, err := buildIndex([]string{path})
	require.NoError(t, err)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	require.Equal(t, "linux/arm64", manifest.Manifests[0].Platform.String())
	image, err := index.Image(manifest.Manifests[0].Digest)
	require.NoError(t, err)

	got := map[string]int64{}
	flat := mutate.Extract(image)
	defer flat.Close()
	read := tar.NewReader(flat)
	for {
		header, err := read.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		got[strings.TrimSuffix(header.Name, "/")] = header.Mode
		owner := 0
		if strings.TrimSuffix(header.Name, "/") == "data" {
			owner = user
		}
		require.Equal(t, owner, header.Uid, header.Name)
		require.Equal(t, owner, header.Gid, header.Name)
		require.Zero(t, header.ModTime.Unix(), header.Name)
		if header.Name == "assay" {
			content, err := io.ReadAll(read)
			require.NoError(t, err)
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.True(t, bytes.Equal(want, content))
		}
	}
	require.Equal(t, map[string]int64{
		"assay": 0o755, "data": 0o700, "tmp": 0o1777, "etc": 0o755, "etc/ssl": 0o755, "etc/ssl/certs": 0o755, "etc/ssl/certs/ca-certificates.crt": 0o644,
	}, got)

	config, err := image.ConfigFile()
	require.NoError(t, err)
	require.Equal(t, "65532:65532", config.Config.User)
	require.Equal(t, []string{"/assay"}, config.Config.Entrypoint)
	require.Equal(t, []string{"run"}, config.Config.Cmd)
	require.Equal(t, []string{"ASSAY_DATA_DIR=/data"}, config.Config.Env)
	require.True(t, config.Created.IsZero(), "no time of a build")
	require.Equal(t, "Apache-2.0", config.Config.Labels["org.opencontainers.image.licenses"])
	require.Equal(t, "(devel)", config.Config.Labels["org.opencontainers.image.version"])
}

func TestRootsOfTrustParse(t *testing.T) {
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(rootsOfTrust()))
	require.Greater(t, bytes.Count(rootsOfTrust(), []byte("BEGIN CERTIFICATE")), 100)
}

func TestWhatIsPushedHasThePrintedDigest(t *testing.T) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	repository := strings.TrimPrefix(server.URL, "http://") + "/shop/assay"
	printed, _ := pack(t, "-push", "-name", repository+":v1", small(t, t.TempDir(), "linux", "amd64"))

	pinned, err := name.NewDigest(strings.TrimSpace(printed))
	require.NoError(t, err)
	image, err := remote.Image(pinned, remote.WithPlatform(v1.Platform{OS: "linux", Architecture: "amd64"}))
	require.NoError(t, err)
	layers, err := image.Layers()
	require.NoError(t, err)
	require.Len(t, layers, 2)
}

func TestWhatCannotBePacked(t *testing.T) {
	dir := t.TempDir()
	amd64 := small(t, dir, "linux", "amd64")
	text := filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(text, []byte("#!/bin/sh\n"), 0o600))
	for why, tt := range map[string]struct {
		args []string
		want string
	}{
		"no binary":          {nil, "name a binary for each platform"},
		"no Go binary":       {[]string{text}, "binary " + text},
		"no file":            {[]string{filepath.Join(dir, "absent")}, "absent"},
		"not Linux":          {[]string{small(t, t.TempDir(), "darwin", "arm64")}, "is for darwin/arm64: build it with GOOS=linux"},
		"one platform twice": {[]string{amd64, small(t, t.TempDir(), "linux", "amd64")}, "are both for linux/amd64"},
		"no name":            {[]string{"-name", "UPPER CASE", amd64}, "UPPER CASE"},
	} {
		t.Run(why, func(t *testing.T) {
			out := filepath.Join(dir, "none.tar")
			err := run(t.Context(), append([]string{"-out", out}, tt.args...), io.Discard)
			require.ErrorContains(t, err, tt.want)
			require.NoFileExists(t, out)
		})
	}
}
