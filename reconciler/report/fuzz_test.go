package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// small limits make a fuzzer reach them.
var small = Limits{Bytes: 1 << 20, Depth: 8, Line: 4 << 10, FailingCases: 4, OtherCases: 4, Name: 16, Message: 32, Detail: 64, Metrics: 4, Problems: 4}

// fuzzFormat holds for any format and any content: either an error that names the file, or a report that is consistent
// and within its limits; and where reads end makes no difference.
func fuzzFormat(f *testing.F, format string, folders ...string) {
	for _, folder := range folders {
		paths, err := filepath.Glob(filepath.Join("testdata", folder, "*"))
		require.NoError(f, err)
		for _, path := range paths {
			text, err := os.ReadFile(path)
			require.NoError(f, err)
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		opts := Options{Name: "f", Format: format, Limits: small}
		got, err := Parse(t.Context(), bytes.NewReader(text), opts)
		again, errAgain := Parse(t.Context(), inHalves(text), opts)
		require.Equal(t, got, again)
		require.Equal(t, err, errAgain)
		if err != nil {
			var at *ParseError
			require.Nil(t, got)
			require.ErrorAs(t, err, &at)
			require.Equal(t, "f", at.File)
			require.NotEmpty(t, at.Reason)
			require.LessOrEqual(t, at.Line, bytes.Count(text, []byte("\n"))+1)
			return
		}
		requireInvariants(t, got, small)
	})
}

// inHalves reads the first half and the second half apart.
func inHalves(text []byte) io.Reader {
	half := len(text) / 2
	return io.MultiReader(bytes.NewReader(text[:half]), bytes.NewReader(text[half:]))
}

func FuzzJUnit(f *testing.F)  { fuzzFormat(f, "junit", "junit", "refused") }
func FuzzTAP(f *testing.F)    { fuzzFormat(f, "tap", "tap") }
func FuzzGoTest(f *testing.F) { fuzzFormat(f, "go-test-json", "go-test-json") }
func FuzzDetect(f *testing.F) { fuzzFormat(f, "", "junit", "tap", "go-test-json", "refused") }

// What our reader takes for well-formed, the standard library's takes too, and both see the same elements and text.
func FuzzXMLReader(f *testing.F) {
	for _, pattern := range []string{"testdata/junit/*.xml", "testdata/refused/*.xml"} {
		paths, err := filepath.Glob(pattern)
		require.NoError(f, err)
		for _, path := range paths {
			text, err := os.ReadFile(path)
			require.NoError(f, err)
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		limits := Limits{}.withDefaults()
		in, err := newInput(t.Context(), strings.NewReader(text), "f", limits)
		if err != nil || len(text) > 1<<16 {
			return
		}
		ours, err := outlineOurs(newXMLReader(in, 1<<20))
		if err != nil {
			return
		}
		theirs, err := outlineTheirs(text)
		if err != nil {
			require.Truef(t, knownDifference(text, err), "accepted, but: %v", err)
			return
		}
		require.Equal(t, theirs, ours)
	})
}

// knownDifference tells what encoding/xml refuses and this reader does not: other encodings and XML versions, which
// newInput deals with, and names with characters above ASCII that no name may hold.
func knownDifference(text string, err error) bool {
	ascii := strings.IndexFunc(text, func(r rune) bool { return r > 0x7f }) < 0
	return strings.Contains(err.Error(), "encoding") || strings.Contains(err.Error(), "unsupported version") || !ascii
}

func outlineOurs(x *xmlReader) (string, error) {
	var b strings.Builder
	for {
		kind, err := x.next()
		switch {
		case errors.Is(err, io.EOF):
			return b.String(), nil
		case err != nil:
			return "", err
		case kind == xmlText:
			b.Write(x.text)
			continue
		case kind == xmlEnd:
			b.WriteString("</" + string(x.name) + ">")
			continue
		}
		b.WriteString("<" + string(x.name))
		for _, a := range x.attrs {
			b.WriteString(" " + string(localName(a.name)) + "=" + string(a.value))
		}
		b.WriteString(">")
	}
}

func outlineTheirs(text string) (string, error) {
	var b strings.Builder
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(text, "\uFEFF")))
	depth := 0
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return b.String(), nil
		}
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.StartElement:
			depth++
			b.WriteString("<" + token.Name.Local)
			for _, a := range token.Attr {
				b.WriteString(" " + a.Name.Local + "=" + a.Value)
			}
			b.WriteString(">")
		case xml.EndElement:
			depth--
			b.WriteString("</" + token.Name.Local + ">")
		case xml.CharData:
			if depth > 0 {
				b.Write(token)
			}
		}
	}
}
