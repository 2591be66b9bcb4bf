package reconciler_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/notes"
	"github.com/assay-dev/assay/sources/git"
)

// noted has the Assay note Verdicts.
func (s *shop) noted() {
	s.with(func(o *reconciler.Options) {
		o.Environments[0].Notes, o.DigestKey = true, notes.Fingerprint([]byte("key"))
	})
}

// note waits until the note of a commit holds a text, and returns it.
func (s *shop) note(commit, holds string) (note string) {
	s.t.Helper()
	s.eventually("the note "+holds, func() bool {
		note = gitIn(s.t, s.config.bare, "log", "-1", "--notes=assay", "--format=%N", commit)
		return strings.Contains(note, holds)
	})
	return note
}

func TestVerdictsAreNotedAndALostHistoryBlamesAgain(t *testing.T) {
	s := newShop(t)
	s.noted()
	s.start()
	good := s.deploy("Sell at 7", price("7"))
	note := s.note(good, "Assay: staging/shop Passed\n")
	found, problems := notes.Parse([]byte(note + "\n"))
	require.Empty(t, problems)
	v := s.verified("shop", good)
	require.Equal(t, v.ID, found[0].Verification)
	require.Equal(t, v.Targets[0].Digest, found[0].Targets[0].Digest)
	gitIn(t, s.config.bare, "notes", "--ref=assay", "append", "-m", "Looks good", good)

	same := s.deploy("Write a README", map[string]string{"README.md": "words"})
	require.Contains(t, s.note(same, "Assay: staging/shop Passed\n"), "Same-As: "+good+"\n")

	// All that Assay knew is lost; what passed is read back, and the next bad commit is blamed.
	s.stop()
	require.NoError(t, os.RemoveAll(filepath.Join(s.data, "history")))
	s.past = s.open()
	results, problems, err := notes.Rebuild{
		Environment: "staging", Tests: git.Normalize(s.tests.bare), Repositories: map[string]string{git.Normalize(s.config.bare): s.config.bare},
		TrustAll: true, DigestKey: notes.Fingerprint([]byte("key")), History: s.past, Now: time.Now(),
		Mirrors: git.NewMirrors(t.TempDir(), func(string) git.Auth { return git.Auth{} }, clock.RealClock{}),
	}.Do(t.Context())
	require.NoError(t, err)
	require.Empty(t, problems)
	require.Len(t, results, 1)
	require.True(t, results[0].Restored, results[0].Reason)
	require.Equal(t, same, results[0].Commit)
	require.NoError(t, s.past.Close())
	bad := s.deploy("Sell for nothing", price("0"))
	s.start()
	require.Equal(t, gate.Failed, s.verified("shop", bad).Verdict.Outcome)
	require.Equal(t, []string{bad}, s.proposed(history.ProposalOpen).Culprits)
	require.Contains(t, s.note(bad, "Assay: staging/shop Failed\n"), "Cause: Config: ")
	require.Contains(t, s.note(good, "Looks good"), "Assay: staging/shop Passed\n", "what others wrote stays")
}

// TestNotesSurviveACrash stops an Assay while its notes cannot be pushed; the next one pushes them all, at once.
func TestNotesSurviveACrash(t *testing.T) {
	s := newShop(t)
	s.noted()
	s.start()
	first := s.deploy("Sell at 7", price("7"))
	s.note(first, "Assay: ")
	lock := filepath.Join(s.config.bare, "refs", "notes", "assay.lock") // as a server that is at it
	require.NoError(t, os.WriteFile(lock, nil, 0o600))
	var more []string
	for _, p := range []string{"8", "9"} {
		commit := s.deploy("Sell at "+p, price(p))
		s.verified("shop", commit)
		more = append(more, commit)
	}
	s.stop()
	require.NoError(t, os.Remove(lock))
	pushes := gitIn(t, s.config.bare, "rev-list", "--count", notes.Ref)
	require.Equal(t, "1", pushes)

	s.start()
	for _, commit := range more {
		s.note(commit, "Assay: staging/shop Passed\n")
	}
	require.Equal(t, "2", gitIn(t, s.config.bare, "rev-list", "--count", notes.Ref), "one push for what was due")
}
