package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/assay-dev/assay/sources/tests"
)

// maxSecret is the largest value of a secret, in bytes, as in Kubernetes.
const maxSecret = 1 << 20

// SecretSource resolves references to secrets.
type SecretSource interface {
	// Secret returns the value of one key. Its errors name the secret and the key, and never hold a value.
	Secret(ctx context.Context, environment string, ref tests.SecretKeyRef) ([]byte, error)
	// Paths are where the secrets lie: they are hidden from Runs.
	Paths() []string
}

// SecretDirs finds secrets in one directory per Environment, as files <directory>/<name>/<key>. A mounted Kubernetes Secret has that
// shape. Files that other users may read are refused.
type SecretDirs map[string]string

// Secret reads one key, as it is in the file.
func (d SecretDirs) Secret(_ context.Context, environment string, ref tests.SecretKeyRef) ([]byte, error) {
	value, err := d.read(environment, ref)
	if err != nil {
		return nil, fmt.Errorf("secret %s, key %s: %w", ref.Name, ref.Key, err)
	}
	return value, nil
}

func (d SecretDirs) read(environment string, ref tests.SecretKeyRef) ([]byte, error) {
	dir, ok := d[environment]
	if !ok {
		return nil, fmt.Errorf("the operator has set no directory of secrets for environment %s", environment)
	}
	if filepath.Base(ref.Name) != ref.Name || filepath.Base(ref.Key) != ref.Key {
		return nil, errors.New("names of secrets and keys hold no slash")
	}
	root, err := os.OpenRoot(filepath.Join(dir, ref.Name))
	if err != nil {
		return nil, reasonOf(err)
	}
	defer root.Close()
	file, info, err := openRegular(root, ref.Key)
	if err != nil {
		return nil, reasonOf(err)
	}
	defer file.Close()
	if info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("other users may read it (mode %#o): chmod o-rwx, or defaultMode: 0440 where Kubernetes mounts it", info.Mode().Perm())
	}
	if info.Size() > maxSecret {
		return nil, fmt.Errorf("it is larger than %d bytes", maxSecret)
	}
	return io.ReadAll(io.LimitReader(file, maxSecret))
}

// reasonOf drops the path, which is the operator's business and not the test author's.
func reasonOf(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("it does not exist")
	}
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// Paths are the directories.
func (d SecretDirs) Paths() []string { return slices.Sorted(maps.Values(d)) }
