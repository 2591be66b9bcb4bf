package cluster

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamespaces(t *testing.T) {
	n := Namespaces{Default: "runs", Own: map[string]string{"prod": "runs-prod", "dev": "", "staging": "runs"}}
	require.Equal(t, "runs-prod", n.Of("prod"))
	require.Equal(t, "runs", n.Of("dev"))
	require.Equal(t, "runs", n.Of("nobody's"))
	require.Equal(t, []string{"runs", "runs-prod"}, n.All())
}
