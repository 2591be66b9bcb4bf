package report

import (
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
)

const (
	exactSamples = 10_000 // samples that a distribution keeps one by one: 80 kB
	maxSeries    = 250    // distributions of one report

	// relativeError bounds how far a quantile of a larger distribution is from the true sample at its rank.
	relativeError = 0.005
)

// rank says at which place of n sorted samples a tool reads the quantile q (0 to 1): 0 is the smallest sample. Between
// two places it is interpolated. Every tool does it in its own way, and the numbers must be those that the tool prints.
type rank func(n int, q float64) float64

// rankLinear is k6's: the quantiles divide the distance from the smallest to the largest sample evenly.
func rankLinear(n int, q float64) float64 { return q * float64(n-1) }

// rankRounded is JMeter's: the sample that as many are not above as q of all, rounded.
func rankRounded(n int, q float64) float64 { return math.Round(q*float64(n)) - 1 }

// rankAbove is hey's: the first sample that at least q of all stand before.
func rankAbove(n int, q float64) float64 { return math.Ceil(q*float64(n) - 1e-9) }

// distribution takes samples one by one and tells their number, sum, extremes and quantiles. Up to exactSamples they are
// kept, and quantiles are exact. Beyond that they are counted in buckets whose bounds grow geometrically, so that a
// quantile is off by at most relativeError of its value; number, sum and extremes stay exact. Memory is bounded either
// way: all finite numbers of magnitude 1e-9 to 1e15 fall into some 11,000 buckets, smaller ones count as zero, and larger
// ones as the largest.
type distribution struct {
	count    int
	sum      float64
	min, max float64
	samples  []float64
	buckets  map[int]int // nil while samples are kept
}

func (d *distribution) add(v float64) {
	if d.count == 0 {
		d.min, d.max = v, v
	}
	d.count++
	d.sum += v
	d.min, d.max = min(d.min, v), max(d.max, v)
	if d.buckets != nil {
		d.buckets[bucketOf(v)]++
		return
	}
	d.samples = append(d.samples, v)
	if len(d.samples) == exactSamples {
		d.buckets = make(map[int]int)
		for _, s := range d.samples {
			d.buckets[bucketOf(s)]++
		}
		d.samples = nil
	}
}

func (d *distribution) mean() float64 { return d.sum / float64(d.count) }

// quantiles returns the value at each of the given quantiles, which is NaN when there are no samples.
func (d *distribution) quantiles(at rank, qs ...float64) []float64 {
	values := make([]float64, len(qs))
	sorted := d.sorted()
	for i, q := range qs {
		if d.count == 0 {
			values[i] = math.NaN()
			continue
		}
		place := min(max(at(d.count, q), 0), float64(d.count-1))
		low, part := math.Modf(place)
		values[i] = sorted(int(low))
		if part > 0 {
			values[i] += (sorted(int(low)+1) - values[i]) * part
		}
	}
	return values
}

// sorted returns a function that knows the sample at each place.
func (d *distribution) sorted() func(place int) float64 {
	if d.buckets == nil {
		slices.Sort(d.samples)
		return func(place int) float64 { return d.samples[place] }
	}
	keys := slices.Sorted(maps.Keys(d.buckets))
	return func(place int) float64 {
		seen := 0
		for _, key := range keys {
			if seen += d.buckets[key]; place < seen {
				return min(max(middleOf(key), d.min), d.max)
			}
		}
		return d.max
	}
}

const (
	bucketSmallest = 1e-9
	bucketLargest  = 1e15
)

// bucketGrowth is the ratio of a bucket's upper bound to its lower one.
var bucketGrowth = math.Log((1 + relativeError) / (1 - relativeError))

// bucketOf numbers the buckets from 1 upwards for positive numbers, from -1 downwards for negative ones; 0 is zero.
func bucketOf(v float64) int {
	magnitude := math.Abs(v)
	if magnitude < bucketSmallest {
		return 0
	}
	key := 1 + int(math.Log(min(magnitude, bucketLargest)/bucketSmallest)/bucketGrowth)
	if v < 0 {
		return -key
	}
	return key
}

// middleOf is the value whose relative distance to both bounds of the bucket is the same.
func middleOf(key int) float64 {
	if key == 0 {
		return 0
	}
	magnitude := bucketSmallest * math.Exp(float64(max(key, -key))*bucketGrowth) * (1 - relativeError)
	return math.Copysign(magnitude, float64(key))
}

// distribution records the usual numbers of a distribution as PREFIX.count, .avg, .min, .med, .max, .p90, .p95 and .p99.
// Without samples it records nothing: a count of zero would be taken for evidence.
func (rec *recorder) distribution(prefix string, d *distribution, at rank) {
	if d.count == 0 {
		return
	}
	rec.metric(prefix+".count", float64(d.count))
	rec.metric(prefix+".avg", d.mean())
	rec.metric(prefix+".min", d.min)
	rec.metric(prefix+".max", d.max)
	q := d.quantiles(at, 0.5, 0.9, 0.95, 0.99)
	for i, name := range []string{".med", ".p90", ".p95", ".p99"} {
		rec.metric(prefix+name, q[i])
	}
}

// series holds one value per name, such as the distribution of each label, and refuses names beyond maxSeries.
type series[T any] map[string]*T

// all yields the values in the order of their names, so that the same file always gives the same Report.
func (s series[T]) all() iter.Seq2[string, *T] {
	return func(yield func(string, *T) bool) {
		for _, name := range slices.Sorted(maps.Keys(s)) {
			if !yield(name, s[name]) {
				return
			}
		}
	}
}

// of returns the value for the name, a new one when it is not known yet, or nil when there are too many.
func (s series[T]) of(name string, rec *recorder) *T {
	if len(name) > rec.limits.Name {
		name = rec.bound(name, rec.limits.Name)
	}
	if known, ok := s[name]; ok {
		return known
	}
	if len(s) == maxSeries {
		rec.truncated = true
		return nil
	}
	fresh := new(T)
	s[strings.Clone(name)] = fresh
	return fresh
}
