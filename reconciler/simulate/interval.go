package simulate

import "math"

// Interval is where a proportion lies with a confidence of 95%.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// interval is the Clopper-Pearson interval of hits among trials (The Use of Confidence or Fiducial Limits Illustrated in the Case of the
// Binomial, Biometrika 26, 1934): it covers the truth in at least 95% of all cases, also near 0, where others promise too much.
func interval(hits, trials int) Interval {
	if trials == 0 {
		return Interval{0, 1}
	}
	const tail = 0.025
	i := Interval{0, 1}
	if hits > 0 { // the proportion at which hits or more have the probability of the tail
		i.Low = solve(func(p float64) bool { return 1-atMost(hits-1, trials, p) < tail })
	}
	if hits < trials { // the one at which hits or fewer have
		i.High = solve(func(p float64) bool { return atMost(hits, trials, p) > tail })
	}
	return i
}

// solve finds where a condition that holds for small proportions ends to.
func solve(holds func(p float64) bool) float64 {
	low, high := 0.0, 1.0
	for range 60 {
		if middle := (low + high) / 2; holds(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}

// atMost is the probability of so many hits or fewer among trials, each of which hits with probability p.
func atMost(hits, trials int, p float64) float64 {
	var sum float64
	n := float64(trials)
	all, _ := math.Lgamma(n + 1)
	for k := range hits + 1 {
		hit := float64(k)
		of, _ := math.Lgamma(hit + 1)
		rest, _ := math.Lgamma(n - hit + 1)
		sum += math.Exp(all - of - rest + hit*math.Log(p) + (n-hit)*math.Log1p(-p))
	}
	return min(sum, 1)
}
