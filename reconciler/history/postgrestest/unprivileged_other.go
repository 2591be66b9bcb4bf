//go:build !unix

package postgrestest

import (
	"fmt"
	"os/exec"
)

func unprivileged(*exec.Cmd, string) error {
	return fmt.Errorf("%w: tests run it on Unix alone", ErrAbsent)
}
