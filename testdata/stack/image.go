package stack

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
)

// Image is a container image of one layer, made of programs that need nothing else.
type Image struct {
	Name       string // with a tag other than latest: registry.local/shop:1
	Entrypoint []string
	User       string            // by number, as runAsNonRoot wants it; empty is root
	Files      map[string]string // files of this machine by their path in the image, where all may run them
}

// Write writes the image as an archive of Docker's kind. The same files give the same bytes.
func (i Image) Write(file string) error {
	layer, err := i.layer()
	if err != nil {
		return fmt.Errorf("image %s: %w", i.Name, err)
	}
	config, err := i.config(layer)
	if err != nil {
		return err
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{i.Name}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, part := range []struct {
		name    string
		content []byte
	}{{"config.json", config}, {"layer.tar", layer}, {"manifest.json", manifest}} {
		if err := addFile(w, part.name, part.content); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(file, archive.Bytes(), 0o644)
}

func (i Image) config(layer []byte) ([]byte, error) {
	digest := sha256.Sum256(layer)
	return json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config":       map[string]any{"Entrypoint": i.Entrypoint, "User": i.User, "WorkingDir": "/", "Env": []string{"PATH=/bin:/usr/bin"}},
		"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(digest[:])}},
	})
}

// layer holds the files, the folders that lead to them, and /tmp.
func (i Image) layer() ([]byte, error) {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777}); err != nil {
		return nil, err
	}
	made := map[string]bool{".": true, "tmp": true}
	for _, to := range slices.Sorted(maps.Keys(i.Files)) {
		name := strings.TrimPrefix(path.Clean(to), "/")
		if err := addFolders(w, path.Dir(name), made); err != nil {
			return nil, err
		}
		content, err := os.ReadFile(i.Files[to])
		if err != nil {
			return nil, err
		}
		if err := addFile(w, name, content); err != nil {
			return nil, err
		}
	}
	return layer.Bytes(), w.Close()
}

func addFolders(w *tar.Writer, dir string, made map[string]bool) error {
	if made[dir] {
		return nil
	}
	made[dir] = true
	if err := addFolders(w, path.Dir(dir), made); err != nil {
		return err
	}
	return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755})
}

func addFile(w *tar.Writer, name string, content []byte) error {
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o755}); err != nil {
		return err
	}
	_, err := io.Copy(w, bytes.NewReader(content))
	return err
}
