package tests_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/tests"
)

func TestTargetSelectorMatches(t *testing.T) {
	for _, tt := range []struct {
		selector tests.TargetSelector
		want     bool
	}{
		{tests.TargetSelector{}, true},
		{tests.TargetSelector{Kind: "Kustomization", Namespace: "shop", Name: "checkout"}, true},
		{tests.TargetSelector{Kind: "Site"}, false},
		{tests.TargetSelector{Name: "check*"}, true},
		{tests.TargetSelector{Name: "check"}, false},
		{tests.TargetSelector{Name: "?heckout", Namespace: "s[gh]op"}, true},
		{tests.TargetSelector{Cluster: "west"}, true},
		{tests.TargetSelector{Cluster: "east"}, false},
		{tests.TargetSelector{Labels: map[string]string{"team": "pay"}}, true},
		{tests.TargetSelector{Labels: map[string]string{"team": "web"}}, false},
		{tests.TargetSelector{Name: "["}, false},
	} {
		got := tt.selector.Matches("west", "Kustomization", "shop", "checkout", map[string]string{"team": "pay", "tier": "1"})
		require.Equal(t, tt.want, got, "%+v", tt.selector)
	}
}
