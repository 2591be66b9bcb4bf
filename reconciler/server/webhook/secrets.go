package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxSecrets bounds a file of secrets, in bytes.
const maxSecrets = 16 << 10

// secrets lie in files of a folder, each called as the endpoint that it is for.
type secrets string

// of are the secrets of an endpoint; none where there is no file, or an empty one.
func (s secrets) of(endpoint string) (all [][]byte, err error) {
	file, err := os.Open(filepath.Join(string(s), endpoint))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("secrets of webhook endpoint %s: %w", endpoint, err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxSecrets))
	if err != nil {
		return nil, fmt.Errorf("secrets of webhook endpoint %s: %w", endpoint, err)
	}
	for line := range bytes.Lines(content) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			all = append(all, line)
		}
	}
	return all, nil
}
