package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// baseLayer is what does not change with Assay, so that nodes fetch it once: roots of trust, the folder of the data,
// and one for temporary files.
func baseLayer() (v1.Layer, error) {
	roots := rootsOfTrust()
	return layer([]tar.Header{
		{Name: "data/", Typeflag: tar.TypeDir, Mode: 0o700, Uid: user, Gid: user},
		{Name: "etc/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "etc/ssl/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "etc/ssl/certs/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "etc/ssl/certs/ca-certificates.crt", Mode: 0o644, Size: int64(len(roots))},
		{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o1777},
	}, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(roots)), nil })
}

func programLayer(path string) (v1.Layer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return layer([]tar.Header{{Name: "assay", Mode: 0o755, Size: info.Size()}}, func() (io.ReadCloser, error) { return os.Open(path) })
}

// layer holds entries, of which one is a file.
func layer(entries []tar.Header, content func() (io.ReadCloser, error)) (v1.Layer, error) {
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		file, err := content()
		if err != nil {
			return nil, err
		}
		read, write := io.Pipe()
		go func() {
			defer file.Close()
			write.CloseWithError(writeTar(write, entries, file))
		}()
		return read, nil
	}, tarball.WithMediaType(types.OCILayer))
}

func writeTar(to io.Writer, entries []tar.Header, file io.Reader) error {
	archive := tar.NewWriter(to)
	for _, entry := range entries {
		if err := archive.WriteHeader(&entry); err != nil {
			return fmt.Errorf("%s: %w", entry.Name, err)
		}
		if entry.Size > 0 {
			if _, err := io.Copy(archive, file); err != nil {
				return fmt.Errorf("%s: %w", entry.Name, err)
			}
		}
	}
	return archive.Close()
}

// rootsOfTrust are those of Mozilla's programme, from a module that go.sum pins. A root that is trusted for a part of its certificates only
// is left out, since a file of certificates cannot say so.
func rootsOfTrust() []byte {
	var text bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			// A Buffer takes everything.
			_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})
		}
	}
	return text.Bytes()
}
