package forge

import (
	"strings"

	"github.com/assay-dev/assay/sources/git/gittest"
)

// Resolve is the commit that a whole or abbreviated name stands for, or "".
func (f *Forge) Resolve(name string) string {
	out, err := gittest.Command(f.Dir, "rev-parse", "--verify", "--quiet", name+"^{commit}").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// Parents are those of a commit.
func (f *Forge) Parents(commit string) []string {
	out, err := gittest.Command(f.Dir, "rev-list", "--parents", "--max-count=1", commit).Output()
	if err != nil {
		return nil
	}
	return strings.Fields(string(out))[1:]
}
