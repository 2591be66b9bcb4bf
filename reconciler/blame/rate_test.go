package blame_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/assay-dev/assay/reconciler/blame"
)

func TestReruns(t *testing.T) {
	const asked = 0.99999
	for name, tt := range map[string]struct {
		rate       blame.Rate
		confidence float64
		reruns     int
	}{
		"nothing is known":                  {blame.Rate{}, asked, 7},
		"nothing is known, to wake people":  {blame.Rate{}, 0.99, 3},
		"passed 50 times":                   {blame.Rate{Runs: 50}, asked, 4},
		"passed a thousand times":           {blame.Rate{Runs: 1000}, asked, 2},
		"flakes at 16%, as the formula has": {blame.Rate{Runs: 1e5, Flakes: 16e3}, asked, int(math.Ceil(math.Log(1e-5) / math.Log(0.16)))},
		"flakes at 16%, seen 100 times":     {blame.Rate{Runs: 100, Flakes: 16}, asked, 7},
		"flakes every other time":           {blame.Rate{Runs: 100, Flakes: 50}, asked, 15},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tt.reruns, tt.rate.Reruns(tt.confidence))
		})
	}
}

func TestRates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		runs := rapid.Float64Range(0, 1e6).Draw(t, "runs")
		rate := blame.Rate{Runs: runs, Flakes: runs * rapid.Float64Range(0, 1).Draw(t, "share")}
		times := rapid.IntRange(0, 20).Draw(t, "times")
		require.Greater(t, rate.Chance(1), 0.0, "a rate is never 0")
		require.Less(t, rate.Chance(1), 1.0)
		require.LessOrEqual(t, rate.Chance(times+1), rate.Chance(times), "a further failure never makes a flake more likely")
		require.GreaterOrEqual(t, rate.Chance(times)*(1+1e-9), math.Pow(rate.Chance(1), float64(times)), "what is not known makes it more careful")
		worse := blame.Rate{Runs: rate.Runs + 1, Flakes: rate.Flakes + 1}
		require.GreaterOrEqual(t, worse.Reruns(0.999), rate.Reruns(0.999), "who flakes more is rerun more")
		require.GreaterOrEqual(t, rate.Reruns(0.9999), rate.Reruns(0.99))
	})
}
