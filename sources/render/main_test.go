package render_test

import (
	"os"
	"testing"
)

// TestMain keeps what Kustomize tells os.Stderr of deprecated fields, thousands of lines over real repositories, out of the results.
func TestMain(m *testing.M) {
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = null
	}
	os.Exit(m.Run())
}
