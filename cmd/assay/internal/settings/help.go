package settings

import (
	"fmt"
	"strings"
)

// width of a line of help, in characters.
const width = 96

// required is what the tag shown says of a variable without a default.
const required = "required"

// Help lists every variable with its default and its meaning, theme by theme.
func Help() string {
	var b strings.Builder
	b.WriteString("Variables of the whole process:\n")
	list(&b, variables(Global{}, Prefix))
	b.WriteString("\nVariables of each Environment (<NAME> is its name in upper case, with _ for -):\n")
	list(&b, variables(Environment{}, Prefix+"<NAME>_"))
	b.WriteString("\nA folder with credentials holds files as Flux's secrets name them:\n")
	wrap(&b, strings.Join(CredentialFiles, ", ")+".")
	b.WriteString("The password or bearerToken of a config repository is also what pull requests are opened with.\n")
	return b.String()
}

func list(b *strings.Builder, all []variable) {
	for _, v := range all {
		if v.theme != "" {
			fmt.Fprintf(b, "\n%s\n", v.theme)
		}
		if v.def == required {
			fmt.Fprintf(b, "  %s (required)\n", v.name)
		} else {
			fmt.Fprintf(b, "  %s (default: %s)\n", v.name, v.def)
		}
		wrap(b, v.meaning)
	}
}

// wrap writes text in lines of at most width characters.
func wrap(b *strings.Builder, text string) {
	const indent = "      "
	line := indent
	for _, word := range strings.Fields(text) {
		if len(line)+len(word) > width {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		}
		line += word + " "
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}
