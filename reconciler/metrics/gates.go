package metrics

import (
	"sync"

	"github.com/assay-dev/assay/reconciler/history"
)

// mostGates is how many Gates are told apart. Whoever writes tests names Gates, and must not fill the memory of
// Assay or of Prometheus by that.
const mostGates = 10_000

// others stands for the Gates beyond that.
const others = "(others)"

// gates are those that labels name.
type gates struct {
	mu    sync.Mutex
	named map[history.Key]bool
}

func newGates() *gates { return &gates{named: map[history.Key]bool{}} }

// label is the name of a Gate in metrics.
func (g *gates) label(key history.Key) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.named[key] {
		if len(g.named) >= mostGates {
			return others
		}
		g.named[key] = true
	}
	return key.Gate
}
