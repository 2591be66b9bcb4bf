package report

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

func parseText(t *testing.T, text string, opts Options) (*Report, error) {
	t.Helper()
	return Parse(t.Context(), strings.NewReader(text), opts)
}

func TestParseReadsEveryEncoding(t *testing.T) {
	const body = "<testsuites><testsuite name=\"s\"><testcase name=\"größe\"/></testsuite></testsuites>"
	declared := func(label string) string { return `<?xml version="1.0" encoding="` + label + `"?>` + body }
	for name, c := range map[string]struct {
		encoding encoding.Encoding
		text     string
	}{
		"UTF-8 without declaration":          {unicode.UTF8, body},
		"UTF-8 declared":                     {unicode.UTF8, declared("utf-8")},
		"UTF-8 with byte order mark":         {unicode.UTF8BOM, declared("UTF-8")},
		"Latin-1":                            {charmap.ISO8859_1, declared("ISO-8859-1")},
		"Windows-1252":                       {charmap.Windows1252, declared("windows-1252")},
		"UTF-16 little endian with mark":     {unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), declared("UTF-16")},
		"UTF-16 big endian with mark":        {unicode.UTF16(unicode.BigEndian, unicode.UseBOM), declared("UTF-16")},
		"UTF-16 little endian without mark":  {unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), declared("UTF-16")},
		"UTF-16 big endian without any clue": {unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), body},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := c.encoding.NewEncoder().String(c.text)
			require.NoError(t, err)
			got, err := parseText(t, text, Options{})
			require.NoError(t, err)
			require.Equal(t, "größe", got.Cases[0].Name)
		})
	}
}

func TestParseTakesTheFormatThatIsNamed(t *testing.T) {
	text := "> npm test\n1..1\nok 1 - a\n"
	_, err := parseText(t, text, Options{Name: "out.txt"})
	require.EqualError(t, err, "out.txt:1: not a report of a known format")
	got, err := parseText(t, text, Options{Format: "tap"})
	require.NoError(t, err)
	require.Equal(t, "tap", got.Format)
	_, err = parseText(t, text, Options{Name: "out.txt", Format: "junit"})
	require.EqualError(t, err, "out.txt:1: text before the root element")
	_, err = parseText(t, text, Options{Name: "out.txt", Format: "subunit"})
	require.ErrorContains(t, err, `out.txt: format "subunit" is not known; known are junit, `)
}

func TestParseKeepsToItsLimits(t *testing.T) {
	suite := func(content string) string { return "<testsuite>" + content + "</testsuite>" }
	for name, c := range map[string]struct {
		text   string
		limits Limits
		reason string // empty: accepted, with what was dropped said
	}{
		"size":            {suite(strings.Repeat(`<testcase name="a"/>`, 100)), Limits{Bytes: 1000}, "the file is larger than 1000 bytes"},
		"depth":           {strings.Repeat("<testsuite>", 9), Limits{Depth: 8}, "elements nest deeper than 8 levels"},
		"line":            {"1..1\n" + strings.Repeat("x", 200_000) + "\nok 1", Limits{Line: 100_000}, "the line is longer than 100000 bytes"},
		"attributes":      {"<testsuite" + manyAttributes(300) + "/>", Limits{}, "an element has more than 256 attributes"},
		"element name":    {"<testsuite><" + strings.Repeat("a", 2000), Limits{}, "the name of an element is longer than 1024 bytes"},
		"failing cases":   {suite(strings.Repeat(`<testcase name="a"><failure/></testcase>`, 5)), Limits{FailingCases: 3}, ""},
		"other cases":     {suite(strings.Repeat(`<testcase name="a"/>`, 5)), Limits{OtherCases: 3}, ""},
		"name":            {suite(`<testcase name="` + strings.Repeat("ö", 50) + `"/>`), Limits{Name: 10}, ""},
		"message":         {suite(`<testcase name="a"><error message="` + strings.Repeat("m", 50) + `"/></testcase>`), Limits{Message: 10}, ""},
		"detail":          {suite(`<testcase name="a"><error>` + strings.Repeat("d", 50) + `</error></testcase>`), Limits{Detail: 10}, ""},
		"problems":        {"1..9\n" + strings.Repeat("ok 1\n", 9), Limits{Problems: 3}, ""},
		"held attempts":   {suite(gotestsumAttempts), Limits{FailingCases: 1}, ""},
		"nothing reached": {suite(`<testcase name="a"/>`), Limits{}, "-"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseText(t, c.text, Options{Name: "f", Limits: c.limits})
			if c.reason == "" || c.reason == "-" {
				require.NoError(t, err)
				require.Equal(t, c.reason == "", got.Truncated)
				requireInvariants(t, got, c.limits)
				return
			}
			var at *ParseError
			require.ErrorAs(t, err, &at)
			require.Equal(t, c.reason, at.Reason)
		})
	}
}

const gotestsumAttempts = `<properties><property name="go.version" value="go1.26"/></properties>
	<testcase name="a"><failure/></testcase><testcase name="b"><failure/></testcase>
	<testcase name="a"/><testcase name="b"/>`

// A retry that passed can be told from a failure only while the failure is held; beyond the limit it stays a failure.
func TestALimitMakesNoPass(t *testing.T) {
	text := "<testsuite>" + gotestsumAttempts + "</testsuite>"
	got, err := parseText(t, text, Options{})
	require.NoError(t, err)
	require.Equal(t, Counts{Total: 2, Passed: 2, Flaky: 2}, got.Counts)
	got, err = parseText(t, text, Options{Limits: Limits{FailingCases: 1}})
	require.NoError(t, err)
	require.Equal(t, Counts{Total: 3, Passed: 2, Flaky: 1, Failed: 1}, got.Counts)
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(" a" + strings.Repeat("x", i) + `="1"`)
	}
	return b.String()
}

func TestParseFailsWithTheReader(t *testing.T) {
	broken := errors.New("the disk is gone")
	text := strings.NewReader("<testsuites><testsuite>")
	_, err := Parse(t.Context(), iotest.TimeoutReader(iotest.OneByteReader(text)), Options{Name: "f"})
	require.EqualError(t, err, "f: timeout")
	_, err = Parse(t.Context(), iotest.ErrReader(broken), Options{Name: "f"})
	require.EqualError(t, err, "f: the disk is gone")
}

func TestParseEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Parse(ctx, newLargeJUnit(), Options{Name: "f"})
	require.ErrorIs(t, err, context.Canceled)
	require.EqualError(t, err, "reading report f: context canceled")
}

// Where one read ends and the next begins must not matter.
func TestParseDoesNotDependOnHowTheFileIsRead(t *testing.T) {
	for _, text := range []string{
		"<testsuites>\r\n<testsuite name='a'>\r<testcase name=\"ö &amp; €\"><failure message='☺'><![CDATA[a ]]]]><![CDATA[> b]]></failure></testcase></testsuite></testsuites>\r\n",
		"1..2\r\nok 1 - a\r\nnot ok 2 - b\r\n# why\r\n",
		`{"Action":"start","Package":"p"}` + "\n" + `{"Action":"skip","Package":"p"}`,
	} {
		whole, err := parseText(t, text, Options{})
		require.NoError(t, err)
		pieces, err := Parse(t.Context(), iotest.OneByteReader(strings.NewReader(text)), Options{})
		require.NoError(t, err)
		require.Equal(t, whole, pieces)
	}
}
