package flux_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	syncs "github.com/assay-dev/assay/sources/sync"
)

var update = flag.Bool("update", false, "write the golden files")

// TestStates reads objects as Flux's controllers leave them, and compares what is told of them.
func TestStates(t *testing.T) {
	files, err := filepath.Glob("testdata/states/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.options.NoCrossNamespaceRefs = strings.HasPrefix(name, "no-cross-namespace")
				w.apply(read(t, "testdata/source.yaml"))
				w.apply(read(t, file))
				w.run()
				var told strings.Builder
				for _, state := range w.States() {
					told.WriteString(w.summary(state))
				}
				golden := strings.TrimSuffix(file, ".yaml") + ".golden"
				if *update {
					require.NoError(t, os.WriteFile(golden, []byte(told.String()), 0o600))
				}
				require.Equal(t, read(t, golden), told.String())
			})
		})
	}
}

// summary says what a State tells, with the names of commits.
func (w *world) summary(s syncs.State) string {
	var b strings.Builder
	fmt.Fprintln(&b, s.Target)
	say := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "  %s: %s\n", name, text)
		}
	}
	say("sync", w.syncSummary(s.Sync))
	say("pending", w.syncSummary(s.Pending))
	say("reason", s.Reason)
	if s.Good != nil {
		say("good", w.revisions(s.Good))
	}
	if s.Definition != nil {
		say("defined by", fmt.Sprint(s.Definition.By, " at ", w.revisions([]syncs.Revision{s.Definition.Revision})))
	}
	say("unknown", s.Build.Unknown)
	say("besides", s.Build.Besides)
	return b.String()
}

func (w *world) syncSummary(s *syncs.Sync) string {
	if s == nil {
		return ""
	}
	digest := "nothing known"
	if s.Digest != "" {
		digest = s.Digest[:min(len(s.Digest), 19)]
	}
	text := fmt.Sprintf("%s %s, renders %s", s.Outcome, w.revisions(s.Revisions), digest)
	if s.Outcome == syncs.Failed {
		text += fmt.Sprintf(" (%s: %s)", s.Failure, w.named(s.Reason))
	}
	return text
}

func (w *world) revisions(all []syncs.Revision) string {
	var texts []string
	for _, r := range all {
		branch := r.Branch
		if branch == "" {
			branch = "pinned"
		}
		texts = append(texts, fmt.Sprintf("%s %s@%s %s", r.Repository, branch, w.named(r.Commit), r.Path))
	}
	if len(texts) == 0 {
		return "no Git commit"
	}
	return strings.Join(texts, " + ")
}

// named puts the names of commits in place of their ids.
func (w *world) named(text string) string {
	for id, name := range w.Names {
		text = strings.ReplaceAll(text, id, name)
	}
	return text
}
