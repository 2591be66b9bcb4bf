package rollback

import (
	"fmt"
	"strings"
	"time"
)

// Recovered is said of a Proposal that helped, after it was merged: at says which commits were verified, and when.
func Recovered(gate, environment, at string, after time.Duration) string {
	return fmt.Sprintf("**Recovered %s after it broke.**\n\nGate %s passes again in %s, verified at %s.",
		lasting(after), code(gate), code(environment), inert(at))
}

// InVain is said of a Proposal that did not help, after it was merged: reland is where the change is offered back, or why it is not.
func InVain(gate, environment, at, reland string) string {
	if reland == "" {
		reland = "not offered back"
	}
	return fmt.Sprintf("**This did not help.**\n\nGate %s still fails in %s, verified at %s. What is to blame is unknown once more.\n\n"+
		"What becomes of the change that was reverted: %s", code(gate), code(environment), inert(at), inert(reland))
}

// Rebuilt is said of a Proposal whose branch holds something else by now than people may have looked at.
func Rebuilt(base, head, why string) string {
	return fmt.Sprintf("**Built anew on %s, as %s.**\n\nWhy: %s. The text at the top says what it proves now.",
		code(base), code(short(head)), inert(why))
}

// Conflicts is said of a Proposal that its base no longer takes, and that cannot be built on it anew.
func Conflicts(base, conflict string) string {
	return fmt.Sprintf("**%s moved, and this revert conflicts with it now.**\n\nAssay no longer merges it. Resolve the conflict on this branch "+
		"(Assay leaves the branch to you from then on), or fix what fails in another way.\n\n%s", code(base), fenced("", clip(conflict, maxDiff)))
}

// lasting is a duration for people: to the second below ten minutes, else to the minute.
func lasting(d time.Duration) string {
	if d < 10*time.Minute {
		return max(d.Round(time.Second), time.Second).String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}
