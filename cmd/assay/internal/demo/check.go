package demo

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Environments of the samples.
var Environments = []string{"dev", "staging", "prod"}

// check says what of this machine is missing for the story, all of it at once.
func check(o Options) error {
	if !slices.Contains(Environments, o.Environment) {
		return fmt.Errorf("the samples have no environment %q: they have %s", o.Environment, strings.Join(Environments, ", "))
	}
	var missing []error
	for name, remedy := range map[string]string{
		"git": "install Git (https://git-scm.com)",
		"go":  "install Go (https://go.dev/dl); the shop's contract tests are Go tests",
		"sh":  "a POSIX shell is needed for the shop's smoke tests",
	} {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, fmt.Errorf("%s is not on PATH: %s", name, remedy))
		}
	}
	for _, name := range append([]string{"shop"}, o.Programs...) {
		if _, err := os.Stat(o.program(name)); err != nil {
			missing = append(missing, fmt.Errorf("there is no program %s: run `make demo`, which builds it", o.program(name)))
		}
	}
	return errors.Join(missing...)
}
