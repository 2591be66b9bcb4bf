package gitprovider

import (
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// CheckState is what required checks come to.
type CheckState string

// The states of checks.
const (
	ChecksPassing CheckState = "Passing" // also where none is required
	ChecksPending CheckState = "Pending"
	ChecksFailing CheckState = "Failing"
)

// Checks are what the checks that a branch requires say of a commit.
type Checks struct {
	State CheckState
	// Reason names what is missing or failed, for people.
	Reason string
}

// Check is one of those that are required.
type Check struct {
	Name  string
	State CheckState
}

// Sum is what the required checks come to: one that failed decides, then one that is pending.
func Sum(required []Check) Checks {
	for _, decisive := range []struct {
		state CheckState
		says  string
	}{{ChecksFailing, "failed: "}, {ChecksPending, "waiting for: "}} {
		var names []string
		for _, c := range required {
			if c.State == decisive.state {
				names = append(names, c.Name)
			}
		}
		if names != nil {
			return Checks{State: decisive.state, Reason: decisive.says + strings.Join(names, ", ")}
		}
	}
	return Checks{State: ChecksPassing}
}

// Matches says whether a pattern of names, as servers take them for branches and checks, fits a name: an asterisk stands for slashes, too.
func Matches(pattern, name string) bool {
	flat := func(s string) string { return strings.ReplaceAll(s, "/", "\x00") }
	fits, err := doublestar.Match(flat(pattern), flat(name))
	return err == nil && fits
}
