package wire

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/assay-dev/assay/reconciler/history"
)

// keySize in bytes, as HMAC-SHA-256 wants it.
const keySize = 32

// keyFile is where a data directory keeps the key of digests.
func keyFile(dataDir string) string { return filepath.Join(dataDir, "key") }

// digestKey is the key that digests of Secrets are made with. It is made the first time, and kept in the data directory; or in the
// database, where replicas share it, in place of which a key in the data directory begins.
func (s Settings) digestKey(ctx context.Context, past *history.Store) ([]byte, error) {
	path := keyFile(s.DataDir)
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, keySize)
		if _, err = rand.Read(key); err == nil && s.Database == "" {
			err = writeKey(path, key)
		}
	}
	if err != nil || s.Database == "" {
		return key, err
	}
	return past.Key(ctx, "digests", key)
}

func readKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if err == nil && len(key) != keySize {
		err = fmt.Errorf("key of digests %s holds %d bytes, not %d: restore it, or remove it to begin with a new one (each gate is then verified anew)",
			path, len(key), keySize)
	}
	return key, err
}

// writeKey leaves all of a key or nothing.
func writeKey(path string, key []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".key-*") // CreateTemp gives 0600
	if err != nil {
		return fmt.Errorf("key of digests: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.Write(key)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("key of digests: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("key of digests: %w", err)
	}
	return nil
}
