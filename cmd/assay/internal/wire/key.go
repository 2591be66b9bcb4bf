package wire

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keySize in bytes, as HMAC-SHA-256 wants it.
const keySize = 32

// keyFile is where a data directory keeps the key of digests.
func keyFile(dataDir string) string { return filepath.Join(dataDir, "key") }

// digestKey reads the key that digests of Secrets are made with, and makes one the first time. Half a key is never there.
func digestKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if err == nil && len(key) != keySize {
		return nil, fmt.Errorf("key of digests %s holds %d bytes, not %d: restore it, or remove it to begin with a new one (each gate is then verified anew)",
			path, len(key), keySize)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key = make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".key-*") // CreateTemp gives 0600
	if err != nil {
		return nil, fmt.Errorf("key of digests: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.Write(key)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return nil, fmt.Errorf("key of digests: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return nil, fmt.Errorf("key of digests: %w", err)
	}
	return key, nil
}
