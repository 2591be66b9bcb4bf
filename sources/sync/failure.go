package sync

// Failure is what kind of thing made a Sync fail. What is blamed for it hangs on that: a source that nobody reaches is no commit's fault.
type Failure string

// The kinds of failures. A Source that cannot tell leaves it empty, which counts as NotHealthy.
const (
	// BuildFailed: what the commit renders cannot be built.
	BuildFailed Failure = "BuildFailed"
	// DeployFailed: it builds, and bringing it live failed.
	DeployFailed Failure = "DeployFailed"
	// NotHealthy: it was applied, and did not become healthy, or live, in time.
	NotHealthy Failure = "NotHealthy"
	// RolledBack: its own engine went back to what ran before, while Git still holds the new version.
	RolledBack Failure = "RolledBack"
	// Unreachable: the source, or the API that it is applied to, could not be reached.
	Unreachable Failure = "Unreachable"
	// Waiting: it waits for another Target, which is no failure of its own.
	Waiting Failure = "Waiting"
)
