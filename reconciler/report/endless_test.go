package report

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// repeated reads the same text many times over without holding it more than once.
type repeated struct {
	text string
	left int
	from int // where in text to go on
}

func (r *repeated) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if r.from == len(r.text) {
			r.left--
			r.from = 0
		}
		if r.left == 0 {
			return n, io.EOF
		}
		part := copy(p[n:], r.text[r.from:])
		n += part
		r.from += part
	}
	return n, nil
}

// Files of tens of megabytes, as one text, one list or very many lines, are read within a few MiB.
func TestLongFilesStayWithinMemory(t *testing.T) {
	const size = 32 << 20
	of := func(text string) io.Reader { return &repeated{text: text, left: size / len(text)} }
	for name, file := range map[string]struct {
		start, repeat, end string
		check              func(t *testing.T, r *Report)
	}{
		"one text": {
			`{"numTotalTests":1,"numFailedTests":1,"testResults":[{"name":"a.js","status":"failed","assertionResults":[{"title":"t","status":"failed","failureMessages":["`,
			`Expected: \"ä\" `, `"]}]}]}`,
			func(t *testing.T, r *Report) { require.Equal(t, Counts{Total: 1, Failed: 1}, r.Counts) },
		},
		"skipped list": {
			`{"numTotalTests":0,"numFailedTests":0,"coverageMap":[0`, `,[1.5,{"a":null}]`, `],"testResults":[]}`,
			func(t *testing.T, r *Report) { require.Zero(t, r.Counts) },
		},
		"lines": {
			"", `{"metric":"vus","type":"Point","data":{"time":"2026-11-22T06:34:17Z","value":3,"tags":{"a":"b"}}}` + "\n", "",
			func(t *testing.T, r *Report) { require.Equal(t, 3.0, r.Metrics["vus.p99"]) },
		},
		"records": {
			"timeStamp,elapsed,label,success\n", "1795329633000,7,\"a, b\",false\n", "",
			func(t *testing.T, r *Report) { require.Equal(t, r.Counts.Total, r.Counts.Failed) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := io.MultiReader(strings.NewReader(file.start), of(file.repeat), strings.NewReader(file.end))
			var got *Report
			var err error
			peak := peakHeap(func() { got, err = Parse(t.Context(), text, Options{Name: name}) })
			require.NoError(t, err)
			require.Less(t, peak, 24.0, "MiB")
			requireInvariants(t, got, Limits{})
			file.check(t, got)
		})
	}
}

// A record that never ends is refused before it fills the memory.
func TestEndlessRecordIsRefused(t *testing.T) {
	text := io.MultiReader(strings.NewReader("timeStamp,elapsed,label,success\n1,1,\""), &repeated{text: "line\n", left: 1 << 22})
	_, err := Parse(t.Context(), text, Options{Name: "endless.csv"})
	require.ErrorContains(t, err, "a record is longer than 4194304 bytes")
}

func TestTextBeyondTheLimitMarksTheReport(t *testing.T) {
	text := `{"numTotalTests":1,"numFailedTests":1,"testResults":[{"name":"a.js","status":"failed","assertionResults":[` +
		`{"title":"t","status":"failed","failureMessages":["` + strings.Repeat("x", 9<<10) + `"]}]}]}`
	got, err := Parse(t.Context(), strings.NewReader(text), Options{})
	require.NoError(t, err)
	require.True(t, got.Truncated)
	require.True(t, strings.HasSuffix(got.Cases[0].Detail, cut))
}
