package notes_test

import (
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/notes"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
	"github.com/assay-dev/assay/sources/sync"
)

// ledger is a config repository with commits, and an Assay's way of noting Verdicts in it.
type ledger struct {
	t       *testing.T
	dir     string
	url     string
	commits []string
	mirrors *git.Mirrors
	signer  git.Signer
	trusted *git.Keyring
	history *history.Store
}

// newKey makes a signer, and the keyring that trusts it alone.
func newKey(t *testing.T) (git.Signer, *git.Keyring) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	block, err := ssh.MarshalPrivateKey(private, "")
	require.NoError(t, err)
	signer, err := git.NewSSHSigner(pem.EncodeToMemory(block), nil)
	require.NoError(t, err)
	key, err := ssh.NewPublicKey(public)
	require.NoError(t, err)
	trusted, err := git.NewKeyring(map[string][]byte{"assay.sshpub": ssh.MarshalAuthorizedKey(key)}, time.Now)
	require.NoError(t, err)
	return signer, trusted
}

func newLedger(t *testing.T) *ledger {
	l := &ledger{t: t, dir: t.TempDir()}
	gittest.Run(t, l.dir, "init", "--quiet", "-b", "main")
	for range 4 {
		gittest.Run(t, l.dir, "commit", "--quiet", "--allow-empty", "-m", "change")
		l.commits = append(l.commits, gittest.Run(t, l.dir, "rev-parse", "HEAD"))
	}
	l.url = l.dir
	l.mirrors = git.NewMirrors(t.TempDir(), func(string) git.Auth { return git.Auth{} }, clock.RealClock{})
	l.signer, l.trusted = newKey(t)
	var err error
	l.history, err = history.Open(t.Context(), filepath.Join(t.TempDir(), "history"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.history.Close()) })
	return l
}

// verdict is of a Gate on one of the commits, given some hours after noon.
func (l *ledger) verdict(gateName string, commit, hour int) notes.Verdict {
	v := verdict(gate.Passed, noon.Add(time.Duration(hour)*time.Hour))
	v.Key.Gate = gateName
	v.Targets[0].Revisions[0].Repository, v.Targets[0].Revisions[0].Commit = git.Normalize(l.url), l.commits[commit]
	return v
}

// note writes a Verdict into the note of a commit, signed by whom is given.
func (l *ledger) note(v notes.Verdict, commit int, sign git.Signer) {
	l.t.Helper()
	mirror, err := l.mirrors.Mirror(l.url)
	require.NoError(l.t, err)
	at, err := git.ParseHash(l.commits[commit])
	require.NoError(l.t, err)
	author := git.Signature{Name: "Assay", Email: "assay@example.com", When: noon}
	require.NoError(l.t, mirror.AddNotes(l.t.Context(), notes.Ref, map[git.Hash][]byte{at: []byte(v.String())}, notes.Merge, author, sign))
}

func (l *ledger) rebuild(change func(*notes.Rebuild)) (results []notes.Result, problems []error) {
	l.t.Helper()
	r := notes.Rebuild{
		Environment: "prod", Tests: "git.example.com/shop/tests", Repositories: map[string]string{git.Normalize(l.url): l.url}, Trusted: l.trusted,
		DigestKey: "0123456789abcdef", Mirrors: l.mirrors, History: l.history, Now: noon.Add(100 * time.Hour),
	}
	if change != nil {
		change(&r)
	}
	results, problems, err := r.Do(l.t.Context())
	require.NoError(l.t, err)
	return results, problems
}

func (l *ledger) passed(gateName string) *history.LastPassed {
	l.t.Helper()
	state, err := l.history.Gate(context.Background(), history.Key{Environment: "prod", Gate: gateName})
	require.NoError(l.t, err)
	return state.Passed
}

func TestALostHistoryGetsItsLastPassesBack(t *testing.T) {
	l := newLedger(t)
	l.note(l.verdict("checkout", 0, 0), 0, l.signer)
	inherited := l.verdict("checkout", 2, 1)
	inherited.SameAs, inherited.Inherited = l.commits[1], noon.Add(2*time.Hour)
	l.note(l.verdict("checkout", 1, 1), 1, l.signer)
	l.note(inherited, 2, l.signer)
	failed := l.verdict("checkout", 3, 5)
	failed.Outcome = gate.Failed
	l.note(failed, 3, l.signer)
	l.note(l.verdict("pay", 0, 0), 0, l.signer)
	gittest.Run(t, l.dir, "notes", "--ref=assay", "append", "-m", "Looks fine to me", l.commits[2])
	l.note(l.verdict("stock", 2, 3), 2, l.signer)
	log := gittest.Run(t, l.dir, "log", "--notes=assay", "--format=%N")
	require.Contains(t, log, "Assay: prod/checkout Failed\n")
	require.Contains(t, log, "Looks fine to me")

	results, problems := l.rebuild(nil)
	require.Empty(t, problems)
	require.Len(t, results, 3)
	for _, r := range results {
		require.True(t, r.Restored, "%s: %s", r.Key.Gate, r.Reason)
	}
	checkout := l.passed("checkout")
	require.Equal(t, l.commits[2], checkout.Targets[0].Revisions[0].Commit, "inherited last")
	require.Equal(t, l.url, checkout.Targets[0].Revisions[0].URL, "the URL is the operator's")
	require.Equal(t, noon.Add(time.Hour), checkout.RanAt, "an inherited verdict is as old as the run")
	require.Equal(t, l.commits[0], l.passed("pay").Targets[0].Revisions[0].Commit)

	again, _ := l.rebuild(nil)
	require.Contains(t, again[0].Reason, "the history knows of a pass that is as new")
}

func TestWhatDoesNotCountRestoresNothing(t *testing.T) {
	stranger, _ := newKey(t)
	for name, tt := range map[string]struct {
		change  func(l *ledger, v *notes.Verdict)
		rebuild func(l *ledger, r *notes.Rebuild)
		sign    git.Signer
		reason  string
	}{
		"unsigned":        {reason: "nobody vouches for it: the notes' commit"},
		"signed by other": {sign: stranger, reason: "signed with a key that is not trusted"},
		"no keys given":   {rebuild: func(_ *ledger, r *notes.Rebuild) { r.Trusted = nil }, reason: "no keys are given"},
		"another key": {rebuild: func(l *ledger, r *notes.Rebuild) { r.Trusted, r.TrustAll, r.DigestKey = nil, true, "fedcba9876543210" },
			reason: "made with another key (0123456789abcdef, not fedcba9876543210)"},
		"a time to come": {change: func(_ *ledger, v *notes.Verdict) { v.At = noon.Add(1000 * time.Hour) }, rebuild: trustAll, reason: "a time to come"},
		"copied from another commit": {change: func(l *ledger, v *notes.Verdict) { v.Targets[0].Revisions[0].Commit = l.commits[0] },
			rebuild: trustAll, reason: "another commit than the one that it is noted on"},
		"another repository": {change: func(_ *ledger, v *notes.Verdict) { v.Targets[0].Revisions[0].Repository = "evil.example.com/x" },
			rebuild: trustAll, reason: "evil.example.com/x, which is no config repository"},
		"other tests": {change: func(_ *ledger, v *notes.Verdict) { v.Tests.Repository = "evil.example.com/x" }, rebuild: trustAll, reason: "tests are of another repository"},
		"not applied": {change: func(_ *ledger, v *notes.Verdict) { v.Targets[0].Outcome = sync.Failed }, rebuild: trustAll, reason: "Site/shop was not applied"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLedger(t)
			v := l.verdict("checkout", 1, 1)
			if tt.change != nil {
				tt.change(l, &v)
			}
			l.note(v, 1, tt.sign)
			results, _ := l.rebuild(func(r *notes.Rebuild) {
				if tt.rebuild != nil {
					tt.rebuild(l, r)
				}
			})
			require.Len(t, results, 1)
			require.False(t, results[0].Restored)
			require.Contains(t, results[0].Reason, tt.reason)
			require.Nil(t, l.passed("checkout"))
		})
	}
}

func trustAll(_ *ledger, r *notes.Rebuild) { r.Trusted, r.TrustAll = nil, true }

// TestAForgeryIsNotVouchedForByWhoAddsToItsNote has somebody push Verdicts, and Assay sign what comes after.
func TestAForgeryIsNotVouchedForByWhoAddsToItsNote(t *testing.T) {
	l := newLedger(t)
	l.note(l.verdict("checkout", 0, 0), 0, l.signer)
	l.note(l.verdict("checkout", 1, 5), 1, nil) // forged
	l.note(l.verdict("pay", 1, 6), 1, l.signer) // signed, into the same note
	gittest.Run(t, l.dir, "notes", "--ref=assay", "append", "-m", "Assay: prod/stock Passed\nReason: says who", l.commits[2])
	for range 3 {
		gittest.Run(t, l.dir, "notes", "--ref=assay", "append", "-m", strings.Repeat("x", 10), l.commits[3])
	}
	results, problems := l.rebuild(nil)
	require.Len(t, problems, 1)
	require.ErrorContains(t, problems[0], "prod/stock: it is not as Assay writes it")
	require.Len(t, results, 3)
	require.Contains(t, results[0].Reason, "nobody vouches for it", "the newest of checkout")
	require.True(t, results[1].Restored, "the one before it counts: %s", results[1].Reason)
	require.Equal(t, l.commits[0], results[1].Commit)
	require.True(t, results[2].Restored, results[2].Reason)
	require.Equal(t, "pay", results[2].Key.Gate)

	trusting, _ := l.rebuild(func(r *notes.Rebuild) { trustAll(l, r) })
	require.True(t, trusting[0].Restored, "whoever can push notes is trusted")
	require.Equal(t, l.commits[1], l.passed("checkout").Targets[0].Revisions[0].Commit)
}

func TestARepositoryWithoutNotesRestoresNothing(t *testing.T) {
	results, problems := newLedger(t).rebuild(nil)
	require.Empty(t, results)
	require.Empty(t, problems)
}

// Anyone who may push can leave a note that fills the memory of who reads it.
func TestANoteThatIsTooLongIsPassedOver(t *testing.T) {
	l := newLedger(t)
	l.note(l.verdict("shop", 0, 0), 0, l.signer)
	long := filepath.Join(t.TempDir(), "long")
	require.NoError(t, os.WriteFile(long, []byte(strings.Repeat("x", 1<<20)+"\n\n"+l.verdict("shop", 1, 1).String()), 0o600))
	gittest.Run(t, l.dir, "notes", "--ref=assay", "add", "-F", long, l.commits[1])
	mirror, err := l.mirrors.Mirror(l.url)
	require.NoError(t, err)
	found, problems, err := notes.Read(t.Context(), mirror, "prod", nil)
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, l.commits[0], found[0].Commit.String())
	require.Len(t, problems, 1)
	require.EqualError(t, problems[0], "the note of "+l.commits[1]+": it is longer than 1048576 bytes, which Assay never writes")
}
