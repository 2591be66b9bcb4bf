package demo

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// terminal is where the story is told. Every line begins with the seconds since it began; the last one, on a
// terminal, says what is waited for.
type terminal struct {
	out         io.Writer
	live, color bool
	width       int
	began       time.Time
	status      string
	turns       int
}

func newTerminal(o Options) *terminal {
	return &terminal{out: o.Out, live: o.Live, color: o.Color, width: o.Width, began: time.Now()}
}

// begin starts the clock anew.
func (t *terminal) begin() { t.began = time.Now() }

// The styles, as ANSI names them.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

func (t *terminal) paint(style, text string) string {
	if !t.color || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// heading begins a chapter.
func (t *terminal) heading(title string) {
	t.clear()
	fmt.Fprintf(t.out, "\n%s\n", t.paint(bold, title))
}

// say tells something, wrapped to the width; mark is one character in a style, or a blank.
func (t *terminal) say(style, mark, format string, args ...any) {
	t.clear()
	const indent = 10 // of the time and the mark
	stamp := fmt.Sprintf("%6.1fs ", time.Since(t.began).Seconds())
	for i, line := range wrap(fmt.Sprintf(format, args...), t.width-indent) {
		if i == 0 {
			fmt.Fprintf(t.out, "%s%s %s\n", t.paint(dim, stamp), t.paint(style, mark), t.paint(emphasis(style), line))
			continue
		}
		fmt.Fprintf(t.out, "%s%s\n", strings.Repeat(" ", indent), t.paint(emphasis(style), line))
	}
}

// emphasis is how the text after a mark is painted: only what is told in passing is dimmed.
func emphasis(style string) string {
	if style == dim {
		return dim
	}
	return "0"
}

// quote shows the words of others, without the time; each line is wrapped with the indentation that it has.
func (t *terminal) quote(style, text string) {
	t.clear()
	for line := range strings.Lines(text) {
		words := strings.TrimLeft(strings.TrimRight(line, "\n"), " ")
		indent := strings.Repeat(" ", len(strings.TrimRight(line, "\n"))-len(words))
		for _, part := range wrap(words, t.width-len(margin)-len(indent)) {
			fmt.Fprintf(t.out, "%s%s\n", t.paint(dim, margin), t.paint(style, indent+part))
		}
	}
}

// margin stands before the words of others.
const margin = "          | "

// command shows one to copy: whole, whatever the width.
func (t *terminal) command(text string) {
	t.clear()
	fmt.Fprintf(t.out, "          %s\n", t.paint(cyan, text))
}

// wait says what is waited for, in a line that the next one replaces. Where that cannot be, it says nothing.
func (t *terminal) wait(what string) {
	if !t.live {
		return
	}
	t.turns++
	t.status = cut(what, t.width-10)
	turn := []string{"|", "/", "-", "\\"}[t.turns/2%4]
	fmt.Fprintf(t.out, "\r\x1b[K%s%s %s", t.paint(dim, fmt.Sprintf("%6.1fs ", time.Since(t.began).Seconds())), t.paint(cyan, turn), t.paint(dim, t.status))
}

func (t *terminal) clear() {
	if t.status != "" {
		fmt.Fprint(t.out, "\r\x1b[K")
		t.status = ""
	}
}

// wrap breaks text at blanks into lines of at most width characters, as far as its words allow.
func wrap(text string, width int) (lines []string) {
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := ""
		for word := range strings.FieldsSeq(paragraph) {
			if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
				lines = append(lines, line)
				line = ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		lines = append(lines, line)
	}
	return lines
}

func cut(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	return string(runes[:max(width-3, 0)]) + "..."
}
