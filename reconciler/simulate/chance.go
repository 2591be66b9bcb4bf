package simulate

import (
	"math"
	"math/rand/v2"
	"time"
)

// chance is where all that is random comes from.
type chance struct{ *rand.Rand }

func newChance(seed uint64, stream string) chance {
	var of uint64 = 14695981039346656037 // FNV-1a, so that a stream of its own does not move the others
	for i := range len(stream) {
		of = (of ^ uint64(stream[i])) * 1099511628211
	}
	return chance{rand.New(rand.NewPCG(seed, of))}
}

// happens is true with the given probability.
func (c chance) happens(probability float64) bool { return c.Float64() < probability }

// between draws a duration, every order of magnitude as likely as the next: people answer within minutes or within days.
func (c chance) between(r Range) time.Duration {
	low, high := r.From.Seconds(), r.To.Seconds()
	if high <= low {
		return r.From.Duration
	}
	return time.Duration(low * math.Pow(high/low, c.Float64()) * float64(time.Second)).Round(time.Second)
}

// count draws a whole number.
func (c chance) count(n Count) int { return n.From + c.IntN(n.To-n.From+1) }

func pick[T any](c chance, from []T) T { return from[c.IntN(len(from))] }

// weighed is one of several outcomes, and how often it comes compared with the others.
type weighed[T any] struct {
	value  T
	weight float64
}

func draw[T any](c chance, from []weighed[T]) T {
	var all float64
	for _, w := range from {
		all += w.weight
	}
	at := c.Float64() * all
	for _, w := range from {
		if at -= w.weight; at < 0 {
			return w.value
		}
	}
	return from[len(from)-1].value
}
