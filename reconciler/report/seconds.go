package report

import (
	"bytes"
	"strconv"
	"time"
)

// parseSeconds reads a duration written in seconds, as "1.5", "1.5E-2" or, with blanks around or commas between
// thousands, "1,234.5". What is anything else (negative, not a number, with a unit, "0,25", which may be either) is
// unknown, which is zero: a strange duration is no reason to reject a report.
func parseSeconds(text []byte) time.Duration {
	text = bytes.TrimSpace(text)
	if d, ok := parseDecimal(text); ok {
		return d
	}
	if bytes.ContainsRune(text, ',') {
		if !groupedByThousands(text) {
			return 0
		}
		text = bytes.ReplaceAll(text, []byte(","), nil)
	}
	value, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return 0
	}
	return seconds(value)
}

// parseDecimal reads the digits that nearly every tool writes, without allocating.
func parseDecimal(text []byte) (time.Duration, bool) {
	whole, fraction, _ := bytes.Cut(text, []byte("."))
	if len(whole) == 0 || len(whole) > 7 || len(fraction) > 9 {
		return 0, false
	}
	nanos := int64(0)
	for i := range len(whole) + 9 {
		digit := byte('0')
		switch j := i - len(whole); {
		case j < 0:
			digit = whole[i]
		case j < len(fraction):
			digit = fraction[j]
		}
		if digit < '0' || digit > '9' {
			return 0, false
		}
		nanos = nanos*10 + int64(digit-'0')
	}
	return time.Duration(nanos), true
}

// groupedByThousands tells whether the commas in a number can only be separators of thousands: each is followed by
// exactly three digits, and there is a decimal point or more than one comma to prove it.
func groupedByThousands(text []byte) bool {
	whole, _, hasPoint := bytes.Cut(text, []byte("."))
	groups := bytes.Split(whole, []byte(","))
	for _, g := range groups[1:] {
		if len(g) != 3 {
			return false
		}
	}
	return hasPoint || len(groups) > 2
}
