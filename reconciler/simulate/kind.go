package simulate

// kind of a breakage, as Scenarios name it.
type kind string

// The kinds. Those of configuration were brought by commits that a revert undoes.
const (
	badCommit       kind = "commit"
	oneEnvironment  kind = "oneEnvironment"
	badTogether     kind = "together"
	exercised       kind = "exercised"
	badShared       kind = "shared"
	withData        kind = "data"
	doesNotBuild    kind = "build"
	neverHealthy    kind = "unhealthy"
	badImage        kind = "image"
	rewritten       kind = "rewritten"
	undeclared      kind = "undeclared"
	definition      kind = "definition"
	brokenTests     kind = "tests"
	testsAndCommits kind = "testsAndCommits"
	outage          kind = "outage"
	dependency      kind = "dependency"
	drift           kind = "drift"
)

// kinds in the order in which they are printed.
var kinds = []kind{
	badCommit, oneEnvironment, badTogether, exercised, badShared, withData, doesNotBuild, neverHealthy, badImage, rewritten, undeclared,
	definition, brokenTests, testsAndCommits, outage, dependency, drift,
}

// ofConfig tells whether commits brought it.
func (k kind) ofConfig() bool {
	switch k {
	case definition, brokenTests, testsAndCommits, outage, dependency, drift:
		return false
	}
	return true
}

func (k kind) ofTests() bool { return k == brokenTests || k == testsAndCommits }

// weights of the kinds in a Scenario.
func (b Breakages) weights() []weighed[kind] {
	return []weighed[kind]{
		{badCommit, b.Commit}, {oneEnvironment, b.OneEnvironment}, {badTogether, b.Together}, {exercised, b.Exercised}, {badShared, b.Shared},
		{withData, b.Data}, {doesNotBuild, b.Build}, {neverHealthy, b.Unhealthy}, {badImage, b.Image}, {rewritten, b.Rewritten},
		{undeclared, b.Undeclared}, {definition, b.Definition}, {brokenTests, b.Tests}, {testsAndCommits, b.TestsAndCommits},
		{outage, b.Outage}, {dependency, b.Dependency}, {drift, b.Drift},
	}
}
