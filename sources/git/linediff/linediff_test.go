package linediff_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/assay-dev/assay/sources/git/linediff"
)

type method func(a, b *linediff.Text) []linediff.Change

// methods are both ways to compare two texts.
var methods = map[string]method{"myers": linediff.Myers, "histogram": linediff.Histogram}

func compare(m method, before, after string) (a, b *linediff.Text, changes []linediff.Change) {
	lines := linediff.Lines{}
	a, b = lines.Cut([]byte(before)), lines.Cut([]byte(after))
	return a, b, m(a, b)
}

// TestWhereTheyDiffer shows the same texts to both methods where they disagree,
// and where both must hold to what a line is.
func TestWhereTheyDiffer(t *testing.T) {
	jobs := "jobs:\n  a:\n    run\n"
	for name, test := range map[string]struct {
		before, after    string
		myers, histogram []linediff.Change
	}{
		"equal":                {"a\nb", "a\nb", nil, nil},
		"all new":              {"", "a\nb\n", []linediff.Change{{0, 0, 0, 2}}, []linediff.Change{{0, 0, 0, 2}}},
		"a newline at the end": {"a\nb", "a\nb\n", []linediff.Change{{1, 1, 1, 1}}, []linediff.Change{{1, 1, 1, 1}}},
		"a block after one that ends the same": {
			jobs, jobs + "  b:\n    run\n",
			[]linediff.Change{{3, 0, 3, 2}}, []linediff.Change{{3, 0, 3, 2}},
		},
		"a block between two that end the same, by its indentation or as far down as it goes": {
			"{\n  a\n}\n\n{\n  c\n}\n", "{\n  a\n}\n\n{\n  b\n}\n\n{\n  c\n}\n",
			[]linediff.Change{{4, 0, 4, 4}}, []linediff.Change{{5, 0, 5, 4}},
		},
		"the rare line leads": {
			"x\nx\nrare\n", "rare\nx\nx\n",
			[]linediff.Change{{0, 0, 0, 1}, {2, 1, 3, 0}}, []linediff.Change{{0, 2, 0, 0}, {3, 0, 1, 2}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, changes := compare(linediff.Myers, test.before, test.after)
			require.Equal(t, test.myers, changes, "myers")
			_, _, changes = compare(linediff.Histogram, test.before, test.after)
			require.Equal(t, test.histogram, changes, "histogram")
		})
	}
}

// TestChangesLeadFromOneTextToTheOther applies what was found, and finds every
// line beside the changes to be common.
func TestChangesLeadFromOneTextToTheOther(t *testing.T) {
	line := rapid.SampledFrom([]string{"\n", "a\n", "  b\n", "\tc\n", "d\r\n", "e"})
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) string {
			return strings.Join(rapid.SliceOfN(line, 0, 200).Draw(t, label), "")
		}
		before, after := draw("before"), draw("after")
		for name, method := range methods {
			a, b, changes := compare(method, before, after)
			at, made := 0, []byte{}
			for _, c := range changes {
				require.True(t, a.Part(at, c.A).Equal(b.Part(c.B-(c.A-at), c.B)), "%s: common lines before %v", name, c)
				made = slices.Concat(made, a.Slice(at, c.A), b.Slice(c.B, c.B+c.BLen))
				at = c.A + c.ALen
			}
			require.Equal(t, after, string(made)+string(a.Slice(at, a.Len())), name)
		}
	})
}

// BenchmarkCompare compares two long texts with an edit every hundred lines.
func BenchmarkCompare(b *testing.B) {
	var before, after strings.Builder
	for i := range 3000 {
		line := strings.Repeat(" ", i%5) + strings.Repeat("x", i*i%47) + "\n"
		before.WriteString(line)
		if i%100 == 50 {
			line = "new\n"
		}
		after.WriteString(line)
	}
	for name, method := range methods {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _, changes := compare(method, before.String(), after.String())
				require.NotEmpty(b, changes)
			}
		})
	}
}
