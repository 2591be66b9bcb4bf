package stack_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/testdata/stack"
)

func TestImage(t *testing.T) {
	dir := t.TempDir()
	program, file := filepath.Join(dir, "program"), filepath.Join(dir, "image.tar")
	require.NoError(t, os.WriteFile(program, []byte("\x7fELF"), 0o755))
	image := stack.Image{Name: "registry.local/shop:1", Entrypoint: []string{"/opt/shop/run"}, User: "65532", Files: map[string]string{"/opt/shop/run": program, "/check": program}}
	require.NoError(t, image.Write(file))
	archive, err := os.ReadFile(file)
	require.NoError(t, err)
	_, parts := unpack(t, archive)

	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	require.NoError(t, json.Unmarshal(parts["manifest.json"], &manifest))
	require.Equal(t, []string{"registry.local/shop:1"}, manifest[0].RepoTags)
	var config struct {
		Config struct {
			Entrypoint []string
			User       string
		}
	}
	require.NoError(t, json.Unmarshal(parts[manifest[0].Config], &config))
	require.Equal(t, []string{"/opt/shop/run"}, config.Config.Entrypoint)
	require.Equal(t, "65532", config.Config.User)

	names, files := unpack(t, parts[manifest[0].Layers[0]])
	require.Equal(t, []string{"tmp/", "check", "opt/", "opt/shop/", "opt/shop/run"}, names, "a folder comes before what is in it")
	require.Equal(t, "\x7fELF", string(files["opt/shop/run"]))

	require.NoError(t, image.Write(file))
	again, err := os.ReadFile(file)
	require.NoError(t, err)
	require.True(t, bytes.Equal(archive, again), "the same files give the same bytes")
}

func TestImageOfAFileThatIsNotThere(t *testing.T) {
	image := stack.Image{Name: "registry.local/shop:1", Files: map[string]string{"/run": filepath.Join(t.TempDir(), "absent")}}
	err := image.Write(filepath.Join(t.TempDir(), "image.tar"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "registry.local/shop:1")
}

func unpack(t *testing.T, archive []byte) (names []string, files map[string][]byte) {
	files = map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := r.Next()
		if err == io.EOF {
			return names, files
		}
		require.NoError(t, err)
		names = append(names, header.Name)
		files[header.Name], err = io.ReadAll(r)
		require.NoError(t, err)
	}
}
