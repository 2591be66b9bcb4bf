package report

import (
	"bytes"
	"fmt"
	"io"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"github.com/joshdk/go-junit"
	"github.com/stretchr/testify/require"
)

// largeJUnit writes a report of a million cases, a hundred megabytes, as it is read: every 1,000th case fails with a stack
// trace and every 100th is skipped.
type largeJUnit struct {
	cases, next int
	pending     bytes.Buffer
}

const (
	largeCases   = 1_000_000
	largeFailed  = largeCases / 1_000
	largeSkipped = largeCases/100 - largeFailed
)

func newLargeJUnit() *largeJUnit {
	g := &largeJUnit{cases: largeCases}
	g.pending.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"parcels\">\n")
	return g
}

func (g *largeJUnit) Read(p []byte) (int, error) {
	for g.pending.Len() < len(p) && g.next <= g.cases {
		g.write()
	}
	return g.pending.Read(p)
}

func (g *largeJUnit) write() {
	i := g.next
	g.next++
	if i == g.cases {
		g.pending.WriteString("</testsuite>\n</testsuites>\n")
		return
	}
	fmt.Fprintf(&g.pending, `<testcase classname="parcels.sorting.PriceTest" name="priceOfParcel[%d &lt;grams&gt;]" time="0.%03d"`, i, i%1000)
	switch {
	case i%1000 == 0:
		fmt.Fprintf(&g.pending, "><failure message=\"expected 1 &amp; got %d\"><![CDATA[%s]]></failure></testcase>\n", i, stackTrace)
	case i%100 == 0:
		g.pending.WriteString("><skipped message=\"needs a scale\"/></testcase>\n")
	default:
		g.pending.WriteString("/>\n")
	}
}

var stackTrace = string(bytes.Repeat([]byte("\tat parcels.sorting.PriceTest.price(PriceTest.java:42)\n"), 40))

// peakHeap runs work and returns the largest heap seen meanwhile, in MiB.
func peakHeap(work func()) float64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	var peak uint64
	read := func() {
		metrics.Read(sample)
		peak = max(peak, sample[0].Value.Uint64())
	}
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				read()
			}
		}
	})
	work()
	close(done)
	watching.Wait()
	read()
	return float64(peak) / (1 << 20)
}

func TestAMillionCasesStayWithinMemory(t *testing.T) {
	var got *Report
	var err error
	peak := peakHeap(func() { got, err = Parse(t.Context(), newLargeJUnit(), Options{Name: "large.xml"}) })
	require.NoError(t, err)
	require.Less(t, peak, 64.0, "MiB")
	require.Equal(t, Counts{
		Total: largeCases, Passed: largeCases - largeFailed - largeSkipped, Failed: largeFailed, Skipped: largeSkipped,
	}, got.Counts)
	require.True(t, got.Truncated)
	require.Equal(t, "priceOfParcel[0 <grams>]", got.Cases[0].Name)
	require.Contains(t, got.Cases[largeFailed-1].Detail, "PriceTest.java:42")
	requireInvariants(t, got, Limits{})
}

func BenchmarkJUnit100MB(b *testing.B) {
	size, err := io.Copy(io.Discard, newLargeJUnit())
	require.NoError(b, err)
	parsers := map[string]func() int{
		"assay": func() int {
			r, err := Parse(b.Context(), newLargeJUnit(), Options{})
			require.NoError(b, err)
			return r.Counts.Failed
		},
		"joshdk": func() int {
			suites, err := junit.IngestReader(newLargeJUnit())
			require.NoError(b, err)
			suites[0].Aggregate()
			return suites[0].Totals.Failed
		},
	}
	for _, name := range []string{"assay", "joshdk"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(size)
			var peak float64
			for b.Loop() {
				peak = max(peak, peakHeap(func() { require.Equal(b, largeFailed, parsers[name]()) }))
			}
			b.ReportMetric(peak, "peak-MiB")
		})
	}
}
