package simulate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The values are those that R's binom.test and scipy's binomtest(...).proportion_ci(method="exact") print; the rows without hits are the
// closed form 1-(0.025)^(1/n).
func TestIntervalAgreesWithPublishedValues(t *testing.T) {
	for _, tt := range []struct {
		hits, trials int
		low, high    float64
	}{
		{0, 10, 0, 0.30849710781876083},
		{0, 3000, 0, 0.0012288717},
		{0, 3700, 0, 0.0009964973},
		{1, 10, 0.002528578544617869, 0.4450161174078287},
		{5, 10, 0.187086028, 0.812913972},
		{10, 10, 0.6915028921812392, 1},
		{82, 263, 0.2562863, 0.3715606},
	} {
		i := interval(tt.hits, tt.trials)
		require.InDelta(t, tt.low, i.Low, 2e-4, "%d of %d", tt.hits, tt.trials)
		require.InDelta(t, tt.high, i.High, 2e-4, "%d of %d", tt.hits, tt.trials)
	}
	require.Equal(t, Interval{0, 1}, interval(0, 0))
}

func TestQuantilesAreOfTheNearestRank(t *testing.T) {
	all := durations(5, 1, 4, 2, 3)
	require.Equal(t, Quantiles{P50: 3, P95: 5}, quantiles(all))
	require.Equal(t, Quantiles{}, quantiles(nil))
}
