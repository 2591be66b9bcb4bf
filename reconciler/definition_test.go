package reconciler_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
)

// TestABadDefinitionIsReverted has a commit change how a Target is built, where the Target itself is written;
// nothing of its folder changes.
func TestABadDefinitionIsReverted(t *testing.T) {
	for name, bad := range map[string]map[string]string{
		"the image":  written("shop", "broken"),
		"the folder": written("free", "1.0"),
	} {
		for _, apart := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, apart %t", name, apart), func(t *testing.T) {
				s, f := newFluxShop(t, ", rollback: {mode: merge}")
				if apart {
					f.built = newRepository(t)
				}
				content := f.built.push("Open the shop", join(folder("shop", "7"), folder("free", "0")))
				good := f.written.push("Run the shop", written("shop", "1.0"))
				at := func(commit string) string {
					if apart {
						return content
					}
					return commit
				}
				f.apply(good, at(good), good)
				s.start()
				s.passes(f)

				culprit := f.written.push("Change the shop", bad)
				if !apart { // the folder is at the commit before the definition is
					f.apply(good, at(culprit), good)
					s.verified("shop", culprit)
				}
				f.apply(culprit, at(culprit), culprit)
				v := s.verdict(f, gate.Failed)
				require.Equal(t, blame.Config, v.Cause.Kind, v.Cause.Reason)
				require.Len(t, v.Cause.Suspects, 1)
				require.Equal(t, culprit, v.Cause.Suspects[0].Commit)
				require.True(t, v.Cause.Suspects[0].Definition)

				p := s.proposed(history.ProposalMerged)
				require.Equal(t, "Restored", p.Proof, p.ProofReason)
				require.Empty(t, p.NotByItself)
				require.Equal(t, gitIn(t, s.config.bare, "rev-parse", good+"^{tree}"), gitIn(t, s.config.bare, "rev-parse", "main^{tree}"))
				merged := gitIn(t, s.config.bare, "rev-parse", "main")
				f.apply(culprit, at(merged), culprit)
				f.apply(merged, at(merged), merged)
				s.eventually("recovery", func() bool { return s.incidents()[0].State == history.Recovered })
				require.Len(t, s.incidents(), 1)
			})
		}
	}
}

// TestADefinitionAndAFolderAreSuspectsTogether has both change between two Verifications; neither is told from the other, and no commit is
// named twice.
func TestADefinitionAndAFolderAreSuspectsTogether(t *testing.T) {
	for _, apart := range []bool{false, true} {
		t.Run(fmt.Sprintf("apart %t", apart), func(t *testing.T) {
			s, f := newFluxShop(t, ", rollback: {mode: merge}")
			if apart {
				f.built = newRepository(t)
				s.others = []string{f.built.bare}
			}
			content := f.built.push("Open the shop", folder("shop", "7"))
			good := f.written.push("Run the shop", written("shop", "1.0"))
			if !apart {
				content = good
			}
			f.apply(good, content, good)
			s.start()
			s.passes(f)

			priced := f.built.push("Sell for nothing", folder("shop", "0"))
			f.written.push("Say nothing new", map[string]string{"README.md": "words"})
			tagged := f.written.push("Break the image", written("shop", "broken"))
			if !apart {
				content = tagged
			} else {
				content = priced
			}
			f.apply(tagged, content, tagged)
			v := s.verdict(f, gate.Failed)
			require.Equal(t, blame.Config, v.Cause.Kind, v.Cause.Reason)
			var suspects []string
			for _, s := range v.Cause.Suspects {
				suspects = append(suspects, s.Commit)
			}
			require.Equal(t, []string{priced, tagged}, suspects)
			proposals := map[bool]int{false: 1, true: 2}[apart]
			s.eventually("the proposals", func() bool {
				open := 0
				for _, p := range s.proposals(s.incident().ID) {
					if p.State == history.ProposalOpen {
						require.NotEmpty(t, p.NotByItself)
						open++
					}
				}
				return open == proposals
			})
			require.Equal(t, tagged, gitIn(t, f.written.bare, "rev-parse", "main"))
			for _, p := range s.proposals(s.incident().ID) {
				at := f.written
				if p.Repository == git.Normalize(f.built.bare) {
					at = f.built
				}
				at.merge(p.Branch)
			}
			merged := gitIn(t, f.written.bare, "rev-parse", "main")
			f.apply(merged, gitIn(t, f.built.bare, "rev-parse", "main"), merged)
			s.eventually("recovery", func() bool { return s.incidents()[0].State == history.Recovered })
		})
	}
}

// TestWhatNoDefinitionExplainsIsBlamedOnNoCommit is of changes for which the answer stays that they did not come from Git.
func TestWhatNoDefinitionExplainsIsBlamedOnNoCommit(t *testing.T) {
	for name, change := range map[string]func(f *fluxLike, before string) (commit string, build render.Settings){
		"somebody edits the object while a commit says nothing new": func(f *fluxLike, _ string) (string, render.Settings) {
			files := written("shop", "1.0")
			files["fleet/shop.yaml"] += "  interval: 1h\n"
			return f.written.push("Look every hour", files), render.Settings{Images: []types.Image{{Name: "shop", NewTag: "broken"}}}
		},
		"somebody edits the object otherwise than a commit does": func(f *fluxLike, _ string) (string, render.Settings) {
			return f.written.push("Run 1.1", written("shop", "1.1")), render.Settings{Images: []types.Image{{Name: "shop", NewTag: "broken"}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, f := newFluxShop(t, "")
			good := f.written.push("Run the shop", join(written("shop", "1.0"), folder("shop", "7")))
			f.apply(good, good, good)
			s.start()
			s.passes(f)
			commit, settings := change(f, good)
			f.tell(commit, commit, syncs.Build{Path: "shop", Settings: settings})
			v := s.verdict(f, gate.Failed)
			require.Equal(t, blame.Environment, v.Cause.Kind, v.Cause.Reason)
			require.Contains(t, v.Cause.Reason, "the way it is built has changed")
			require.Empty(t, v.Cause.Suspects)
			require.Empty(t, s.proposals(s.incident().ID))
		})
	}
}

// TestADefinitionThatIsNotKnownBlamesNoCommit is of one that was not told at the pass, or is not told now.
func TestADefinitionThatIsNotKnownBlamesNoCommit(t *testing.T) {
	for _, then := range []bool{true, false} {
		t.Run(fmt.Sprintf("known at the pass %t", then), func(t *testing.T) {
			s, f := newFluxShop(t, "")
			good := f.written.push("Run the shop", join(written("shop", "1.0"), folder("shop", "7")))
			f.tellDefinition(then)
			f.apply(good, good, good)
			s.start()
			s.passes(f)
			bad := f.written.push("Break the image", written("shop", "broken"))
			f.tellDefinition(!then)
			f.apply(bad, bad, bad)
			v := s.verdict(f, gate.Failed)
			require.Equal(t, blame.Environment, v.Cause.Kind, v.Cause.Reason)
			require.Contains(t, v.Cause.Reason, "the way it is built has changed")
		})
	}
}

// TestWhatElseADefinitionsRevertWouldDo is of a commit that changes more than the Target that broke.
func TestWhatElseADefinitionsRevertWouldDo(t *testing.T) {
	for name, tt := range map[string]struct {
		fields string
		bad    map[string]string
		reason string
	}{
		"another object of what applies it": {"", map[string]string{"fleet/stock.yaml": stockAt("2.0")}, "the revert would also change Kustomization/flux-system/fleet"},
		"an object of a protected kind":     {", protect: {kinds: [Pod]}", nil, "the revert would change Pod shop"},
		"a protected path":                  {", protect: {paths: [fleet]}", nil, "the revert would change fleet/shop.yaml, which is protected"},
	} {
		t.Run(name, func(t *testing.T) {
			s, f := newFluxShop(t, tt.fields)
			good := f.written.push("Run the shop", join(written("shop", "1.0"), folder("shop", "7")))
			f.apply(good, good, good)
			s.start()
			s.passes(f)
			bad := f.written.push("Break the image", join(written("shop", "broken"), tt.bad))
			f.apply(bad, bad, bad)
			require.Equal(t, blame.Config, s.verdict(f, gate.Failed).Cause.Kind)
			require.Contains(t, s.proposed(history.ProposalRefused).Reason, tt.reason)
		})
	}
}

// TestADefinitionThatDoesNotBuildIsReverted is of a folder that is not there: the build fails here as well, and built at the pass as it was
// defined then.
func TestADefinitionThatDoesNotBuildIsReverted(t *testing.T) {
	s, f := newFluxShop(t, "")
	good := f.written.push("Run the shop", join(written("shop", "1.0"), folder("shop", "7")))
	f.apply(good, good, good)
	s.start()
	s.passes(f)
	bad := f.written.push("Move the shop", written("gone", "1.0"))
	build := syncs.Build{Path: "gone", Settings: render.Settings{Images: []types.Image{{Name: "shop", NewTag: "1.0"}}}}
	f.fail(bad, build)
	v := s.verified("shop", bad)
	require.Equal(t, blame.Config, v.Cause.Kind, v.Cause.Reason)
	require.Equal(t, bad, v.Cause.Suspects[0].Commit)
	require.Equal(t, "Restored", s.proposed(history.ProposalOpen).Proof)
}
