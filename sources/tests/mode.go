package tests

// Order of the Suites of a Gate.
type Order string

// FlakePolicy is what a flake does to a Verdict.
type FlakePolicy string

// Mode is how far a rollback may go, from safe to bold.
type Mode string

// The values that the documents take.
const (
	Parallel Order = "Parallel"
	Ordered  Order = "Ordered"

	FlakesPass FlakePolicy = "Pass"
	FlakesFail FlakePolicy = "Fail"

	// Shadow records what would be done, and does nothing.
	Shadow Mode = "shadow"
	// Propose opens a pull request.
	Propose Mode = "propose"
	// Merge opens a pull request and merges it when its proof holds.
	Merge Mode = "merge"
	// Commit pushes the revert to the branch.
	Commit Mode = "commit"
)

// Stricter is the safer of two modes; an unknown one is the safest.
func Stricter(a, b Mode) Mode {
	if a.boldness() <= b.boldness() {
		return a
	}
	return b
}

func (m Mode) boldness() int {
	switch m {
	case Propose:
		return 1
	case Merge:
		return 2
	case Commit:
		return 3
	}
	return 0
}
