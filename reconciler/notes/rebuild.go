package notes

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/sync"
)

// Rebuild gives a lost history the last passed states of an Environment back.
type Rebuild struct {
	Environment string
	// Tests is the test repository, and Repositories the config repositories with the URLs to read them from; both by their normalised URLs.
	Tests        string
	Repositories map[string]string
	// Trusted keys must have signed what counts. Without any, nothing counts, unless TrustAll says that whoever can push notes is trusted:
	// they then say what passed, and so what a revert goes back to.
	Trusted  *git.Keyring
	TrustAll bool
	// DigestKey is the Fingerprint of the key that digests are made with here.
	DigestKey string
	Mirrors   *git.Mirrors
	History   *history.Store
	Now       time.Time
}

// Result is what became of one Verdict.
type Result struct {
	Key        history.Key `json:"key"`
	Repository string      `json:"repository"`
	Commit     string      `json:"commit"`
	RanAt      time.Time   `json:"ranAt"`
	Restored   bool        `json:"restored"`
	// Reason why it was not restored.
	Reason string `json:"reason,omitempty"`
}

// noted is a Verdict with where its note is.
type noted struct {
	Noted
	repository string
}

// Do reads the notes of all repositories, and restores of each Gate the newest pass that counts. It tells of that one, of every newer one
// why it does not count, and of each note that cannot be read.
func (r Rebuild) Do(ctx context.Context) (results []Result, problems []error, err error) {
	var all []noted
	for _, repository := range slices.Sorted(maps.Keys(r.Repositories)) {
		mirror, err := r.Mirrors.Mirror(r.Repositories[repository])
		if err != nil {
			return nil, nil, err
		}
		found, wrong, err := Read(ctx, mirror, r.Environment, r.Trusted)
		if err != nil {
			return nil, nil, err
		}
		for _, n := range found {
			all = append(all, noted{n, repository})
		}
		problems = append(problems, wrong...)
	}
	slices.SortStableFunc(all, func(a, b noted) int {
		switch {
		case a.Key.Gate != b.Key.Gate:
			return strings.Compare(a.Key.Gate, b.Key.Gate)
		case a.newer(b.Verdict):
			return -1
		case b.newer(a.Verdict):
			return 1
		}
		return 0
	})
	done := map[string]bool{}
	for _, n := range all {
		if done[n.Key.Gate] {
			continue
		}
		result := Result{Key: n.Key, Repository: n.repository, Commit: n.Commit.String(), RanAt: n.At, Reason: r.refuse(n)}
		if result.Reason == "" {
			done[n.Key.Gate] = true
			if result.Reason, err = r.History.Restore(ctx, n.Key, r.passed(n)); err != nil {
				return results, problems, err
			}
			result.Restored = result.Reason == ""
		}
		results = append(results, result)
	}
	return results, problems, nil
}

// refuse says why a Verdict does not count; empty where it does.
func (r Rebuild) refuse(n noted) string {
	switch {
	case r.Trusted == nil && !r.TrustAll:
		return "nobody vouches for it: no keys are given that must have signed it"
	case n.Refused != "":
		return n.Refused
	case n.At.After(r.Now) || n.Inherited.After(r.Now):
		return "it is from a time to come"
	case n.DigestKey != r.DigestKey:
		return fmt.Sprintf("its digests are made with another key (%s, not %s), and do not compare: bring back the file key of the old data",
			n.DigestKey, r.DigestKey)
	case n.Tests.Repository != r.Tests:
		return "its tests are of another repository: " + n.Tests.Repository
	}
	here := false
	for _, t := range n.Targets {
		if t.Outcome != sync.Applied {
			return fmt.Sprintf("it passed though %s was not applied", t.Target)
		}
		for _, revision := range t.Revisions {
			if _, known := r.Repositories[revision.Repository]; !known {
				return fmt.Sprintf("%s comes from %s, which is no config repository of the environment", t.Target, revision.Repository)
			}
			here = here || revision.Repository == n.repository && revision.Commit == n.Commit.String()
		}
	}
	if !here {
		return "it is about another commit than the one that it is noted on"
	}
	return ""
}

// passed is the state that a Verdict says passed.
func (r Rebuild) passed(n noted) history.LastPassed {
	targets := slices.Clone(n.Targets)
	for i := range targets {
		targets[i].Revisions = slices.Clone(targets[i].Revisions)
		for j, revision := range targets[i].Revisions {
			targets[i].Revisions[j].URL = r.Repositories[revision.Repository]
		}
	}
	return history.LastPassed{Verification: n.Verification, Targets: targets, Tests: n.Tests, RanAt: n.At}
}
