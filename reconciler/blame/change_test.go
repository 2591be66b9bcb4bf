package blame_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/sources/sync"
)

func TestACommitIsOneSuspectForAllThatItChanged(t *testing.T) {
	a, b := sync.Target{Kind: "Kustomization", Name: "a"}, sync.Target{Kind: "Kustomization", Name: "b"}
	files := blame.Suspect{Repository: "config", Commit: "1", Targets: []sync.Target{a}}
	definition := blame.Suspect{Repository: "config", Commit: "1", Targets: []sync.Target{b}, Definition: true}
	other := blame.Suspect{Repository: "other", Commit: "1", Targets: []sync.Target{b}}
	require.Equal(t, []blame.Suspect{
		{Repository: "config", Commit: "1", Targets: []sync.Target{a, b}, Definition: true}, other,
	}, blame.SuspectsOf([]blame.Change{{Suspects: []blame.Suspect{files}}, {Suspects: []blame.Suspect{definition, other}}}))
	require.False(t, files.Definition)
}
