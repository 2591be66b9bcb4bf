package report

import (
	"math"
	"path"
	"regexp"
	"strings"
	"time"
)

var terminalStyle = regexp.MustCompile("\x1b\\[[0-9;?]*[ -/]*[@-~]")

// unstyled removes the colours that tools write for terminals.
func unstyled(s string) string {
	if !strings.Contains(s, "\x1b") {
		return s
	}
	return terminalStyle.ReplaceAllString(s, "")
}

// firstLine returns the first line of s that is not blank.
func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(line)
}

// baseName returns the last element of a path written on any system.
func baseName(file string) string { return path.Base(strings.ReplaceAll(file, `\`, "/")) }

// milliseconds makes a duration of a tool's number; one that is negative or beyond a year is unknown, which is zero.
func milliseconds(ms float64) time.Duration { return seconds(ms / 1000) }

func seconds(s float64) time.Duration {
	const year = 365 * 24 * 60 * 60
	if !(s >= 0 && s < year) {
		return 0
	}
	return time.Duration(math.Round(s * float64(time.Second)))
}
