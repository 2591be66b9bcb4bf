package reconciler

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/assay-dev/assay/reconciler/history"
)

func TestAPassThatNeverEndsIsNamed(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Unix(1700000000, 0))
	l := &Loop{passes: newPasses(), clock: clock}
	require.NoError(t, l.Alive(time.Minute), "there is none")

	stuck := history.Key{Environment: "staging", Gate: "shop"}
	l.passes.begin(stuck, clock.Now())
	clock.Step(time.Minute)
	l.passes.begin(history.Key{Environment: "staging", Gate: "other"}, clock.Now())
	require.NoError(t, l.Alive(time.Minute))
	clock.Step(time.Second)
	require.EqualError(t, l.Alive(time.Minute), "the pass over gate shop of environment staging has been under way for 1m1s")

	l.passes.end(stuck)
	require.NoError(t, l.Alive(time.Minute))
}
