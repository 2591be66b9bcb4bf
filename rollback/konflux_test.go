package rollback_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync"
)

// overlays of one tree, with what they refer to.
type overlays struct {
	paths     map[string]bool     // of all files and folders
	folders   map[string]bool     // that hold a kustomization
	referrers map[string][]string // by path: the folders whose kustomization mentions it
}

// scalars are the texts of files that were read before: most trees hold the same ones.
type scalars map[git.Hash][]string

// overlaysOf reads every kustomization of a tree. Whatever a text in it leads to counts as mentioned.
func (known scalars) overlaysOf(t *testing.T, tree *git.TreeFS) *overlays {
	o := &overlays{map[string]bool{}, map[string]bool{}, map[string][]string{}}
	var found []string
	require.NoError(t, fs.WalkDir(tree, ".", func(name string, _ fs.DirEntry, err error) error {
		o.paths[name] = true
		if slices.Contains(konfig.RecognizedKustomizationFileNames(), path.Base(name)) {
			found = append(found, name)
		}
		return err
	}))
	for _, name := range found {
		folder := path.Dir(name)
		o.folders[folder] = true
		for _, text := range known.of(t, tree, name) {
			_, file, _ := strings.Cut("="+text, "=")
			for _, at := range []string{path.Join(folder, text), path.Join(folder, file)} {
				if at != folder && o.paths[at] {
					o.referrers[at] = append(o.referrers[at], folder)
				}
			}
		}
	}
	return o
}

func (known scalars) of(t *testing.T, tree *git.TreeFS, name string) []string {
	hash, _, err := tree.Hash(name)
	require.NoError(t, err)
	if texts, there := known[hash]; there {
		return texts
	}
	content, err := tree.ReadFile(name)
	require.NoError(t, err)
	var document yaml.Node
	known[hash] = nil
	if yaml.Unmarshal(content, &document) == nil {
		known.gather(hash, &document)
	}
	return known[hash]
}

func (known scalars) gather(hash git.Hash, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		known[hash] = append(known[hash], n.Value)
	}
	for _, inner := range n.Content {
		known.gather(hash, inner)
	}
}

// fedBy are the overlays, of those that no other one builds on, that some paths feed.
func (o *overlays) fedBy(changed []string) (roots []string) {
	seen := map[string]bool{}
	for ahead := slices.Clone(changed); len(ahead) > 0; {
		at := ahead[0]
		ahead = ahead[1:]
		if seen[at] {
			continue
		}
		seen[at] = true
		above := o.referrers[at]
		if !o.folders[at] && o.folders[path.Dir(at)] && slices.Contains(konfig.RecognizedKustomizationFileNames(), path.Base(at)) {
			above = append(slices.Clone(above), path.Dir(at))
		}
		if o.folders[at] && len(above) == 0 {
			roots = append(roots, at)
		}
		ahead = append(ahead, above...)
		if !o.folders[at] && at != "." && len(above) == 0 {
			ahead = append(ahead, path.Dir(at)) // a file of a folder that is mentioned as a whole
		}
	}
	slices.Sort(roots)
	return slices.Compact(roots)
}

// TestProofOfRevertsThatPeopleMade plans each revert that people made in a public repository, for the overlays that its paths feed, and
// tells what can be proven of it.
func TestProofOfRevertsThatPeopleMade(t *testing.T) {
	recorded, err := os.ReadFile(gittest.Data(t, "konflux-reverts.json"))
	require.NoError(t, err)
	var rows []struct{ Onto, Culprit string }
	require.NoError(t, json.Unmarshal(recorded, &rows))
	repository, err := git.Open(gittest.Clone(t, "konflux-config.bundle"))
	require.NoError(t, err)
	defer repository.Close()

	builder, known := render.NewBuilder([]byte("key")), scalars{}
	counts := map[string]int{}
	for _, row := range rows {
		outcome, reason := proofOf(t, repository, builder, known, row.Onto, row.Culprit)
		if outcome == string(rollback.Unproven) {
			i := slices.IndexFunc(unproven, func(why string) bool { return strings.Contains(reason, why) })
			require.GreaterOrEqual(t, i, 0, "not explained: %s", reason)
			outcome += ": " + unproven[i]
			t.Logf("%.10s on %.10s: %s", row.Culprit, row.Onto, reason)
		}
		counts[outcome]++
	}
	require.Equal(t, map[string]int{
		"Restored":                 76,
		"Removed":                  10,
		"Unproven: " + unproven[0]: 13,
		"Unproven: " + unproven[1]: 1,
		"Unproven: " + unproven[2]: 1,
		"Unproven: " + unproven[3]: 1,
		"conflict":                 4, // the same value was changed again; git conflicts, too
		"is-revert":                1,
		"no-effect":                1, // what it changed is built by no overlay that was there before
		"not-on-branch":            1, // it came by a merge of which it was one commit
	}, counts)
}

// unproven are the reasons why there may be no proof.
var unproven = []string{
	"is fetched from elsewhere", // a remote base, and later commits changed what is built with it
	"needs the helm command",
	"file does not exist", // a file that people add when they deploy
	"what is undone is not exactly what the reverted commits changed: monitoring.rhobs/ServiceMonitor", // a list whose items have no names
}

func proofOf(t *testing.T, repository *git.Repository, builder *render.Builder, known scalars, onto, culprit string) (outcome, reason string) {
	ctx := t.Context()
	head, err := repository.Resolve(ctx, onto)
	require.NoError(t, err)
	bad, err := repository.Resolve(ctx, culprit)
	require.NoError(t, err)
	at, err := repository.Commit(ctx, bad)
	require.NoError(t, err)
	now, err := repository.Commit(ctx, head)
	require.NoError(t, err)
	before, err := repository.Commit(ctx, at.Parent())
	require.NoError(t, err)
	changes, err := git.Diff(ctx, repository, before.Tree, at.Tree)
	require.NoError(t, err)
	var changed []string
	for _, c := range changes {
		changed = append(changed, c.Path)
	}
	// What was there to be verified before the culprit came, and is there now.
	passed, live := known.overlaysOf(t, git.FS(ctx, repository, before.Tree)), known.overlaysOf(t, git.FS(ctx, repository, now.Tree))
	var fed []string
	for _, folder := range slices.Concat(passed.fedBy(changed), live.fedBy(changed)) {
		if passed.folders[folder] && live.folders[folder] && !slices.Contains(fed, folder) {
			fed = append(fed, folder)
		}
	}
	request := rollback.Request{
		Repository: "konflux", Branch: "main", Head: head, Culprits: []git.Hash{bad}, Good: at.Parent(), OtherTargets: true,
		Author: git.Signature{Name: "Assay", Email: "assay@example.com", When: now.Committer.When.Add(time.Hour)}, Now: now.Committer.When.Add(time.Hour),
	}
	for _, folder := range fed {
		request.Builds = append(request.Builds, rollback.Build{Target: sync.Target{Kind: "Kustomization", Name: folder}, Path: folder})
	}
	plan, err := rollback.NewPlan(ctx, complete{repository}, builder, request)
	var refusal *rollback.Refusal
	if errors.As(err, &refusal) {
		return refusal.Rule, refusal.Reason
	}
	require.NoError(t, err)
	return string(plan.Proof.Kind), plan.Proof.Reason
}
