package report

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestQuantilesAreThoseOfTheTool(t *testing.T) {
	var d distribution
	for _, v := range []float64{40, 10, 30, 20} {
		d.add(v)
	}
	for name, tool := range map[string]struct {
		at   rank
		want []float64
	}{
		"k6":     {rankLinear, []float64{10, 25, 37, 39.7, 40}},
		"JMeter": {rankRounded, []float64{10, 20, 40, 40, 40}},
		"hey":    {rankAbove, []float64{10, 30, 40, 40, 40}},
	} {
		require.InDeltaSlice(t, tool.want, d.quantiles(tool.at, 0, 0.5, 0.9, 0.99, 1), 1e-9, name)
	}
	require.Equal(t, 25.0, d.mean())
	require.True(t, math.IsNaN(new(distribution).quantiles(rankLinear, 0.5)[0]))
}

// The samples and the summary of one and the same run must say the same.
func TestK6SamplesGiveK6sOwnSummary(t *testing.T) {
	folder := filepath.Join(openShared(t), "k6")
	summary, err := parseFile(t, filepath.Join(folder, "handle-summary.json"))
	require.NoError(t, err)
	for _, file := range []string{"points.ndjson", "points.csv"} {
		points, err := parseFile(t, filepath.Join(folder, file))
		require.NoError(t, err)
		for _, name := range []string{
			"http_req_duration.avg", "http_req_duration.med", "http_req_duration.p90", "http_req_duration.p95",
			"http_req_duration.p99", "iteration_duration.p95", "http_reqs.count", "checks.rate", "http_req_failed.rate",
			"checks{check:always true}.passes",
		} {
			require.InDelta(t, summary.Metrics[name], points.Metrics[name], 1e-6, "%s in %s", name, file)
		}
	}
	points, err := parseFile(t, filepath.Join(folder, "points.ndjson"))
	require.NoError(t, err)
	const submetric = "http_req_duration{kind:list}.p95"
	require.InDelta(t, summary.Metrics[submetric], points.Metrics[submetric], 1e-6)
}

func TestManySamplesAreCountedInBuckets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		spread := rapid.Float64Range(0.1, 5).Draw(t, "spread")
		negative := rapid.Bool().Draw(t, "negative")
		var d distribution
		samples := make([]float64, exactSamples+rapid.IntRange(0, 5000).Draw(t, "more"))
		for i := range samples {
			samples[i] = math.Exp(random.NormFloat64() * spread)
			if negative && random.IntN(3) == 0 {
				samples[i] = -samples[i]
			}
			if random.IntN(50) == 0 {
				samples[i] = 0
			}
			d.add(samples[i])
		}
		slices.Sort(samples)
		require.Nil(t, d.samples)
		require.Equal(t, len(samples), d.count)
		require.Equal(t, samples[0], d.min)
		require.Equal(t, samples[len(samples)-1], d.max)
		for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 1} {
			want := samples[max(int(rankRounded(len(samples), q)), 0)]
			require.InDelta(t, want, d.quantiles(rankRounded, q)[0], relativeError*math.Abs(want)*1.000001, "q = %v", q)
		}
	})
}

func TestNumbersBeyondAllMeasureStayInFewBuckets(t *testing.T) {
	var d distribution
	for i := range exactSamples + 1 {
		d.add(math.Ldexp(1, i%2000-1000))
	}
	require.LessOrEqual(t, len(d.buckets), 6000)
	require.False(t, math.IsInf(d.quantiles(rankLinear, 0.99)[0], 0))
}

func TestTooManySeriesAreLeftOut(t *testing.T) {
	file := filepath.Join(t.TempDir(), "labels.csv")
	text := []byte("timeStamp,elapsed,label,success\n")
	for i := range 2 * maxSeries {
		text = append(text, "1795329633000,5,label-"+string(rune('a'+i%26))+string(rune('a'+i/26))+",true\n"...)
	}
	require.NoError(t, os.WriteFile(file, text, 0o600))
	got, err := parseFile(t, file)
	require.NoError(t, err)
	require.True(t, got.Truncated)
	require.Equal(t, 2*maxSeries, got.Counts.Total)
	require.Equal(t, float64(2*maxSeries), got.Metrics["elapsed.count"])
	require.Contains(t, got.Metrics, "elapsed{label:label-aa}.p95")
	requireInvariants(t, got, Limits{})
}
