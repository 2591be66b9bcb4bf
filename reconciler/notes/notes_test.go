package notes_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/notes"
	"github.com/assay-dev/assay/sources/sync"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

const (
	commitA = "3f9c2a11d0b43f9c2a11d0b43f9c2a11d0b43f9c"
	commitB = "8f14e45fceea167a8f14e45fceea167a8f14e45f"
)

// digest of one letter, repeated.
func digest(letter string) string { return "sha256:" + strings.Repeat(letter, 64) }

func verdict(outcome gate.Outcome, at time.Time) notes.Verdict {
	return notes.Verdict{
		Key: history.Key{Environment: "prod", Gate: "checkout"}, Outcome: outcome, Reason: "12 cases passed", At: at,
		Verification: "8f14e45fceea167a", DigestKey: "0123456789abcdef",
		Tests: history.TestsState{Repository: "git.example.com/shop/tests", Commit: commitB, Digest: digest("b")},
		Targets: []history.TargetState{{
			Target: sync.Target{Kind: "Site", Name: "shop"}, Digest: digest("a"), Outcome: sync.Applied,
			Revisions: []sync.Revision{{Repository: "git.example.com/shop/config", Branch: "main", Path: "apps/prod", Commit: commitA}},
		}},
	}
}

func TestANoteReadsWell(t *testing.T) {
	v := verdict(gate.Failed, noon)
	v.Reason, v.Cause = "pays:\n  want 200,\tgot 500 \x1b[31m", "Config: one commit changed what failed"
	v.SameAs, v.Inherited = commitB, noon.Add(time.Hour)
	v.Targets = append(v.Targets, history.TargetState{
		Target: sync.Target{Cluster: "arn:aws:eks:1:cluster/a b", Kind: "Kustomization", Namespace: "flux-system", Name: "pay"}, Outcome: sync.Applied, Exercised: true,
		Revisions: []sync.Revision{{Repository: "git.example.com/pay", Path: ".", Commit: commitB}},
	})
	require.Equal(t, `Assay: prod/checkout Failed
Reason: pays: want 200, got 500 �[31m
Cause: Config: one commit changed what failed
At: 2026-05-04T12:00:00Z
Verification: 8f14e45fceea167a
Target: Site/shop followed Applied `+digest("a")+`
Source: git.example.com/shop/config main apps/prod `+commitA+`
Target: arn%3Aaws%3Aeks%3A1%3Acluster%2Fa%20b:Kustomization/flux-system/pay exercised Applied -
Source: git.example.com/pay - . `+commitB+`
Tests: git.example.com/shop/tests `+commitB+` `+digest("b")+`
Same-As: `+commitB+`
Inherited-At: 2026-05-04T13:00:00Z
Digest-Key: 0123456789abcdef
`, v.String())
	found, problems := notes.Parse([]byte("words of others\n\n" + v.String()))
	require.Empty(t, problems)
	require.Len(t, found, 1)
	require.Equal(t, v.Targets, found[0].Targets)
}

func TestWhatIsReadBackIsWhatWasWritten(t *testing.T) {
	word := rapid.StringN(0, 12, 40)
	rapid.Check(t, func(t *rapid.T) {
		v := verdict(rapid.SampledFrom([]gate.Outcome{gate.Passed, gate.Failed, gate.Inconclusive}).Draw(t, "outcome"), noon)
		v.At = noon.Add(time.Duration(rapid.Int64Range(0, 1e15).Draw(t, "at")))
		v.Reason, v.Cause = rapid.String().Draw(t, "reason"), rapid.String().Draw(t, "cause")
		v.Targets = nil
		for range rapid.IntRange(1, 3).Draw(t, "targets") {
			s := history.TargetState{Outcome: sync.Applied, Digest: digest("a"), Target: sync.Target{
				Cluster: word.Draw(t, "cluster"), Kind: "K" + word.Draw(t, "kind"), Namespace: word.Draw(t, "namespace"), Name: "n" + word.Draw(t, "name"),
			}}
			for range rapid.IntRange(0, 2).Draw(t, "revisions") {
				s.Revisions = append(s.Revisions, sync.Revision{
					Repository: word.Draw(t, "repository"), Branch: word.Draw(t, "branch"), Path: word.Draw(t, "path"), Commit: commitA,
				})
			}
			v.Targets = append(v.Targets, s)
		}
		found, problems := notes.Parse([]byte(v.String()))
		require.Empty(t, problems)
		require.Len(t, found, 1)
		require.Equal(t, v.Targets, found[0].Targets)
		require.Equal(t, v.String(), found[0].String())
		require.True(t, v.At.Equal(found[0].At))
	})
}

func TestWhatIsNotAsAssayWritesItIsRefused(t *testing.T) {
	good := verdict(gate.Passed, noon).String()
	change := func(old, new string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, new, 1)
	}
	for name, note := range map[string]string{
		"unknown outcome":        change("Passed", "Fine"),
		"a name with a path":     change("prod/checkout", "prod/../checkout"),
		"a name in upper case":   change("prod/", "Prod/"),
		"no time":                change("At: 2026-05-04T12:00:00Z\n", ""),
		"another time zone":      change("12:00:00Z", "14:00:00+02:00"),
		"a short commit":         change(commitA, commitA[:12]),
		"a short digest":         change(digest("a"), "sha256:aa"),
		"no target":              change("Target: Site/shop followed Applied "+digest("a")+"\nSource: git.example.com/shop/config main apps/prod "+commitA+"\n", ""),
		"a source of no target":  change("Target: Site/shop followed Applied "+digest("a")+"\n", ""),
		"an unknown line":        good + "Trust: me\n",
		"a line twice":           good + "Digest-Key: 0123456789abcdef\n",
		"lines in another order": change("Assay: prod/checkout Passed\nReason: 12 cases passed\n", "Assay: prod/checkout Passed\nDigest-Key: 0123456789abcdef\nReason: 12 cases passed\n"),
		"words instead of lines": "Assay: prod/checkout Passed\nand all is well\n",
		"a target that hides":    change("Site/shop", "Site/sh%6Fp"),
		"a part that is unheard": change("followed", "watched"),
		"blanks at the end":      change("12 cases passed", "12 cases passed "),
	} {
		t.Run(name, func(t *testing.T) {
			found, problems := notes.Parse([]byte(note))
			require.Empty(t, found)
			require.Len(t, problems, 1)
		})
	}
}

func TestMergeKeepsWhatOthersWrote(t *testing.T) {
	passed, failed := verdict(gate.Passed, noon), verdict(gate.Failed, noon.Add(time.Hour))
	again := verdict(gate.Passed, noon.Add(2*time.Hour))
	staging := verdict(gate.Passed, noon)
	staging.Key.Environment = "staging"
	const words = "I looked at this.\n  Ann\n\nAssay: is what this is not about\n"
	forged := "Assay: prod/checkout Passed\nReason: says who\n"
	merge := func(old string, new ...notes.Verdict) string {
		for _, v := range new {
			old = string(notes.Merge([]byte(old), []byte(v.String())))
		}
		return old
	}
	for name, tt := range map[string]struct{ got, want string }{
		"into nothing":                    {merge("", passed), passed.String()},
		"the same again":                  {merge("", passed, passed), passed.String()},
		"a newer one":                     {merge("", passed, again), again.String()},
		"an older one":                    {merge("", again, passed), again.String()},
		"a failure keeps the pass before": {merge("", passed, failed), passed.String() + "\n" + failed.String()},
		"a pass after a failure":          {merge("", passed, failed, again), again.String()},
		"a pass that was before":          {merge("", failed, passed), passed.String() + "\n" + failed.String()},
		"another environment":             {merge("", staging, passed, failed, again), staging.String() + "\n" + again.String()},
		"words":                           {merge(words, passed), words + "\n" + passed.String()},
		"words around":                    {merge(words+"\n"+passed.String()+"\nmore words\n", again), words + "\n\nmore words\n\n" + again.String()},
		"what nobody can read":            {merge(forged, passed), passed.String()},
		"what nobody can read elsewhere":  {merge(forged, staging), forged + "\n" + staging.String()},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tt.want, tt.got) })
	}
}

func TestFingerprintsTellKeysApart(t *testing.T) {
	a, b := notes.Fingerprint([]byte("a")), notes.Fingerprint([]byte("b"))
	require.NotEqual(t, a, b)
	require.Regexp(t, "^[0-9a-f]{16}$", a)
}

func FuzzNotes(f *testing.F) {
	passed := verdict(gate.Passed, noon).String()
	f.Add("", passed)
	f.Add(passed+"\nwords\n", verdict(gate.Failed, noon.Add(time.Hour)).String())
	f.Add("Assay: a/b Passed\r\n\r\n\n\nAssay: prod/checkout Passed", passed)
	f.Fuzz(func(t *testing.T, note, added string) {
		once := notes.Merge([]byte(note), []byte(added))
		require.Equal(t, string(once), string(notes.Merge(once, []byte(added))), "adding the same changes nothing")
		found, _ := notes.Parse([]byte(note))
		for _, v := range found {
			require.Contains(t, note+"\n", v.String())
		}
	})
}

func BenchmarkMerge(b *testing.B) {
	var note []byte
	for i := range 20 {
		v := verdict(gate.Passed, noon)
		v.Key.Gate = "gate" + string(rune('a'+i))
		note = notes.Merge(note, []byte(v.String()))
	}
	added := []byte(verdict(gate.Passed, noon.Add(time.Hour)).String())
	b.ReportAllocs()
	for b.Loop() {
		notes.Merge(note, added)
	}
}
