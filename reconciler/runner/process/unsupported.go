//go:build !linux && !darwin

package process

import (
	"context"
	"fmt"
	"runtime"

	"github.com/assay-dev/assay/reconciler/runner"
)

// Main does nothing: no Runner starts a shim here.
func Main() {}

// Runner cannot be made here.
type Runner struct{ runner.Runner }

// New refuses: to end a Run with all that it started, and to keep it from Assay, takes what only Linux and, in part, macOS have.
func New(context.Context, Options) (*Runner, error) {
	return nil, fmt.Errorf("runs need Linux or macOS, not %s: run Assay there, or in a container or virtual machine with Linux", runtime.GOOS)
}

// Close has nothing to give up.
func (*Runner) Close() error { return nil }
