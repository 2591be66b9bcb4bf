package gitprovider

// Cut shortens a text to so many characters, as servers that limit them count them. A mark shows where something is missing.
func Cut(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}
