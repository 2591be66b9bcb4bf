package report

import (
	"bytes"
	"fmt"
	"io"
	"runtime/metrics"
	"strconv"
	"strings"
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

// Whatever a hostile file repeats, the counts say how often and the memory stays.
func TestHostileRepetitionStaysWithinMemory(t *testing.T) {
	const times = 50_000
	long := strings.Repeat("n", 400)
	for name, c := range map[string]struct{ format, head, repeated, tail string }{
		"failures with long details": {"junit", "<testsuite>", `<testcase name="` + long + `"><failure>` + long + long + `</failure></testcase>`, "</testsuite>"},
		"failed attempts": {
			"junit", `<testsuite><properties><property name="go.version"/></properties>`,
			`<testcase name="%d` + long + `"><failure/></testcase>`, "</testsuite>",
		},
		"suites":       {"junit", "<testsuites>", `<testsuite name="%d"><testcase name="a"><error/></testcase></testsuite>`, "</testsuites>"},
		"TAP failures": {"tap", fmt.Sprintf("1..%d\n", times), "not ok %d - " + long + "\n# " + long + "\n", ""},
		"TAP skips":    {"tap", fmt.Sprintf("1..%d\n", times), "not ok %d - n # SKIP " + long + "\n", ""},
		"go failures": {
			"go-test-json", "", `{"Action":"output","Package":"p","Test":"T%d","Output":"` + long + `"}` + "\n" + `{"Action":"fail","Package":"p","Test":"T%d"}` + "\n", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := &repetition{times: times, repeated: c.repeated, tail: c.tail}
			file.pending.WriteString(c.head)
			var got *Report
			var err error
			peak := peakHeap(func() { got, err = Parse(t.Context(), file, Options{Format: c.format}) })
			require.NoError(t, err)
			require.Equal(t, times, got.Counts.Total)
			require.Zero(t, got.Counts.Passed)
			require.True(t, got.Truncated)
			require.Less(t, peak, 64.0, "MiB")
		})
	}
}

// repetition writes the same text again and again, with its number where it has a %d.
type repetition struct {
	times, next    int
	repeated, tail string
	pending        bytes.Buffer
}

func (r *repetition) Read(p []byte) (int, error) {
	for r.pending.Len() < len(p) && r.next <= r.times {
		text := r.repeated
		if r.next == r.times {
			text = r.tail
		}
		r.pending.WriteString(strings.ReplaceAll(text, "%d", strconv.Itoa(r.next)))
		r.next++
	}
	return r.pending.Read(p)
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

func BenchmarkLineFormats(b *testing.B) {
	const times = 100_000
	for name, repeated := range map[string]string{
		"tap":          "ok %d - the price of a parcel in the depot is right\n",
		"go-test-json": `{"Time":"2026-01-02T03:04:05Z","Action":"pass","Package":"example.test/depot","Test":"TestPrice/%d","Elapsed":0.1}` + "\n",
	} {
		b.Run(name, func(b *testing.B) {
			size, err := io.Copy(io.Discard, &repetition{times: times, repeated: repeated})
			require.NoError(b, err)
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				r, err := Parse(b.Context(), &repetition{times: times, repeated: repeated}, Options{Format: name})
				require.NoError(b, err)
				require.Equal(b, times, r.Counts.Passed)
			}
		})
	}
}
