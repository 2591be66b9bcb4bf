package report

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// charClass is what a byte can mean to the XML reader.
type charClass uint16

const (
	charForbidden charClass = 1 << iota // control characters that XML 1.0 does not allow
	charNewline
	charReturn
	charHigh // starts or continues a character above ASCII
	charLess
	charGreater
	charAmpersand
	charDoubleQuote
	charSingleQuote
	charSubset  // opens the declarations of a DOCTYPE
	charBracket // may begin the end of a CDATA section
	charDash
	charQuestion
	charName     // may stand in a name
	charNotFirst // may stand in a name, but not first
)

// xmlChars classifies every byte. It is never written after it was made.
var xmlChars = classifyBytes()

func classifyBytes() (classes [256]charClass) {
	single := map[byte]charClass{
		'\n': charNewline, '\r': charReturn, '<': charLess, '>': charGreater, '&': charAmpersand, '"': charDoubleQuote,
		'\'': charSingleQuote, '[': charSubset, ']': charBracket, '-': charDash, '?': charQuestion,
	}
	for i := range classes {
		b := byte(i)
		class := single[b]
		switch {
		case b < ' ' && !strings.ContainsRune("\t\n\r", rune(b)):
			class |= charForbidden
		case b >= utf8.RuneSelf:
			class |= charHigh | charName
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', b == '_', b == ':':
			class |= charName
		case '0' <= b && b <= '9', b == '-', b == '.':
			class |= charName | charNotFirst
		}
		classes[i] = class
	}
	return classes
}

// allowedRune tells whether XML 1.0 allows the character above ASCII that was decoded from size bytes.
func allowedRune(r rune, size int) bool {
	return (r != utf8.RuneError || size > 1) && r != 0xFFFE && r != 0xFFFF
}

// resolveReference returns the character that &body; stands for.
func resolveReference(body []byte) (rune, bool) {
	switch string(body) {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	number, numeric := strings.CutPrefix(string(body), "#")
	if !numeric {
		return 0, false
	}
	base := 10
	if hex, isHex := strings.CutPrefix(number, "x"); isHex {
		number, base = hex, 16
	}
	code, err := strconv.ParseUint(number, base, 21)
	r := rune(code)
	if err != nil || !utf8.ValidRune(r) || r < utf8.RuneSelf && xmlChars[r]&charForbidden != 0 || !allowedRune(r, utf8.UTFMax) {
		return 0, false
	}
	return r, true
}
