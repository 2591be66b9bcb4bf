package process

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTwoAssaysNeverShareAUserID(t *testing.T) {
	both := UserRange{First: 70001, Count: 2}
	one, other := newUsers(both), newUsers(both)
	a, err := one.claim(t.Context())
	require.NoError(t, err)
	b, err := other.claim(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, a, b)

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = one.claim(gone)
	require.ErrorContains(t, err, "by this Assay or another")
	other.release(b)
	again, err := one.claim(t.Context())
	require.NoError(t, err)
	require.Equal(t, b, again)
}
