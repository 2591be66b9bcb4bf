package report

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// readAny reads JSON text the way encoding/json does into an any.
func readAny(r *jsonReader) any {
	switch r.kind() {
	case '{':
		object := map[string]any{}
		for name := range r.object() {
			object[name] = readAny(r)
		}
		return object
	case '[':
		array := []any{}
		for range r.array() {
			array = append(array, readAny(r))
		}
		return array
	case '"':
		return r.text()
	case '0':
		v, _ := r.number()
		return v
	case 'n':
		r.skip()
		return nil
	}
	return r.truth()
}

func readText(text string, limits Limits) (any, error) {
	r := readJSON(strings.NewReader(text), limits.withDefaults())
	r.file = "x.json"
	value := readAny(r)
	return value, r.close()
}

func TestJSONReaderRefuses(t *testing.T) {
	for text, reason := range map[string]string{
		``:                              "x.json:1: the JSON text ends too early",
		"\n\n":                          "x.json:3: the JSON text ends too early",
		`{`:                             "x.json:1: the JSON text ends too early",
		`{"a":1,}`:                      "x.json:1: '}' where a member's name should begin",
		`{"a" 1}`:                       `x.json:1: '1' after the name "a"; want a colon`,
		"{\"a\":1,\n\"a\":2}":           `x.json:2: the member "a" is written twice`,
		`{"a":1,"\u0061":2}`:            `x.json:1: the member "a" is written twice`,
		`[{"a":{"b":1,"b":2}}]`:         `x.json:1: the member "b" is written twice`,
		`[1 2]`:                         "x.json:1: '2' where a comma or ']' should be",
		`[1,]`:                          "x.json:1: ']' where a value should begin",
		`[01]`:                          "x.json:1: '1' where a comma or ']' should be",
		`[1.]`:                          "x.json:1: a number without the digit that should be here",
		`[-]`:                           "x.json:1: a number without the digit that should be here",
		`[1e999]`:                       "x.json:1: the number 1e999 cannot be held",
		`[NaN]`:                         "x.json:1: 'N' where a value should begin",
		`[nul]`:                         `x.json:1: ']' within "null"`,
		"[\"a\x01\"]":                   "x.json:1: the control character 0x01 within a string",
		`["\x"]`:                        "x.json:1: 'x' after a backslash",
		`["\u12g4"]`:                    `x.json:1: 'g' within \u and four digits`,
		`{} {}`:                         "x.json:1: '{' after the end of the document",
		"1\n]":                          "x.json:2: ']' after the end of the document",
		strings.Repeat("[", 201):        "x.json:1: more than 200 levels of nesting",
		"[" + strings.Repeat("7", 1000): "x.json:1: a number of more than 512 digits",
	} {
		_, err := readText(text, Limits{})
		require.EqualError(t, err, reason, "%.40s", text)
	}
}

func TestJSONReaderCutsTextAtACharacter(t *testing.T) {
	limits := Limits{Name: 1, Message: 1, Detail: 2}
	for text, want := range map[string]string{
		`"abcdef"`:                 "abcdef", // the limit and the longest character more
		`"abcdefgh"`:               "abcdef",
		`"abcdeäöü"`:               "abcde",
		`"abcde\u00e4bc"`:          "abcde",
		`"` + "\xff\xfe" + `abc"`:  "\uFFFD\uFFFD",
		`"\ud83d\ude00\ud83d"`:     "😀",
		`"\ud83d` + `\ud83d\ude0"`: "",
	} {
		got, _ := readText(text, limits)
		require.Equal(t, want, got, text)
	}
}

// A value that lies across the end of the buffer must read as any other.
func TestJSONReaderAcrossBuffers(t *testing.T) {
	value := map[string]any{"texts": []any{strings.Repeat("ä\"\n", 700), "x"}, "number": -12.5e-3, "no": nil, "yes": true}
	var all []any
	for range 30 {
		all = append(all, value)
	}
	text, err := json.Marshal(all)
	require.NoError(t, err)
	for shift := range 9 {
		padded := strings.Repeat(" ", shift) + string(text)
		r := readJSON(iotest.OneByteReader(strings.NewReader(padded)), Limits{}.withDefaults())
		require.Equal(t, any(all), readAny(r))
		require.NoError(t, r.close())
	}
}

func TestJSONReaderSkipsWhatNobodyAsksFor(t *testing.T) {
	r := readJSON(strings.NewReader(`{"a":{"b":[1,"x",{}]},"c":[true,null],"d":7}`), Limits{}.withDefaults())
	var names []string
	var d float64
	for name := range r.object() {
		names = append(names, name)
		if name == "d" {
			d, _ = r.number()
		}
	}
	require.NoError(t, r.close())
	require.Equal(t, []string{"a", "c", "d"}, names)
	require.Equal(t, 7.0, d)
}

func TestJSONReaderKnowsManyNames(t *testing.T) {
	var b strings.Builder
	for i := range 100 {
		b.WriteString(`"` + strings.Repeat("n", i+1) + `":0,`)
	}
	_, err := readText("{"+b.String()+`"last":0}`, Limits{})
	require.NoError(t, err)
	for _, name := range []string{"n", strings.Repeat("n", 99)} {
		_, err = readText("{"+b.String()+`"`+name+`":0}`, Limits{})
		require.ErrorContains(t, err, "is written twice")
	}
}

// The reader accepts exactly the JSON that encoding/json accepts, but for the three things it is stricter about, and
// reads the same from it.
func FuzzJSONReader(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-0.5e+3,"x\n\u00e4\ud83d\ude00\ud83d",null,true,false,{}],"":[]}`, `"` + "\xff" + `"`, " \t\r\n1", `[1e400]`,
		`{"a":1,"a":2}`, `tru`, `{"a":}`, `[,]`, `"\`, `1 1`, `-`, `"\ud83d\u0041"`, "\"\\uD800\\uD800\\uDC00\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		limits := Limits{Detail: 1 << 20}.withDefaults()
		r := readJSON(bytes.NewReader(text), limits)
		got := readAny(r)
		err := r.close()
		var want any
		wantErr := json.Unmarshal(text, &want)
		if err != nil {
			stricter := strings.Contains(err.Error(), "written twice") || strings.Contains(err.Error(), "levels of nesting") ||
				strings.Contains(err.Error(), "digits")
			require.True(t, wantErr != nil || stricter, "%v", err)
			return
		}
		require.NoError(t, wantErr)
		require.Equal(t, want, got)
	})
}

func TestLargeCountIsNoCount(t *testing.T) {
	for _, text := range []string{"-1", "1.5", "1e300"} {
		r := readJSON(strings.NewReader(text), Limits{}.withDefaults())
		require.Zero(t, r.count())
		require.ErrorContains(t, r.failure(), "is not a count")
	}
	r := readJSON(strings.NewReader("2147483647"), Limits{}.withDefaults())
	require.Equal(t, math.MaxInt32, r.count())
}
