package gitprovider

import "unicode/utf16"

// MostTitle is how many characters of a title every server takes: GitHub 256, GitLab, Gitea and Bitbucket 255, Azure DevOps 400.
const MostTitle = 255

// Cut shortens a text to so many characters. A mark shows where something is missing.
func Cut(text string, most int) string {
	if Length(text) <= most {
		return text
	}
	const mark = "…"
	units := Length(mark)
	for i, r := range text {
		if units += utf16.RuneLen(r); units > most {
			return text[:i] + mark
		}
	}
	return text
}

// Length is how many characters a text has, as the strictest servers count them: in UTF-16, where a character
// beyond the first 65,536 is two.
func Length(text string) (units int) {
	for _, r := range text {
		units += utf16.RuneLen(r)
	}
	return units
}
