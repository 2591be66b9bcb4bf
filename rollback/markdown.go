package rollback

import (
	"fmt"
	"strings"
)

// inert is foreign text on one line that cannot begin a comment, an element, a mention or a link.
func inert(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return escapeMarkdown.Replace(escapeHTML(text))
}

var escapeMarkdown = strings.NewReplacer("[", `\[`, "]", `\]`, "`", "'", "*", `\*`, "@", "@\u200b", "#", "#\u200b")

func escapeHTML(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// code is foreign text in a code span.
func code(text string) string {
	text = strings.ReplaceAll(unclaimed(strings.Join(strings.Fields(text), " ")), "`", "'")
	if text == "" {
		return "(none)"
	}
	return "`" + text + "`"
}

// fenced is foreign text in a code block that it cannot leave.
func fenced(language, text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + language + "\n" + unclaimed(strings.TrimRight(text, "\n")) + "\n" + fence
}

// unclaimed keeps text from being taken for a claim.
func unclaimed(text string) string { return strings.ReplaceAll(text, "<!--", "<! --") }

// quoted is Markdown that is somebody else's word.
func quoted(text string) string {
	return "> " + strings.ReplaceAll(unclaimed(strings.TrimSpace(text)), "\n", "\n> ")
}

// indented makes a block part of a list item.
func indented(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

// link is an address inside a Markdown link.
func link(url string) string {
	return strings.NewReplacer("(", "%28", ")", "%29", " ", "%20", "<", "%3C", ">", "%3E", "\n", "").Replace(url)
}

// short abbreviates a commit id.
func short(id string) string { return id[:min(len(id), 12)] }

// clip cuts a long text after a line, or in the middle of one that is too long itself, and says so.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	if cut := strings.LastIndexByte(text[:most], '\n') + 1; cut > 0 {
		return text[:cut] + fmt.Sprintf("... and %d more lines\n", strings.Count(strings.TrimRight(text[cut:], "\n"), "\n")+1)
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}
