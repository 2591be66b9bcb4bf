package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// outputs are the forms in which data is printed.
var outputs = []string{"table", "json", "yaml"}

// output is the value of --output.
type output string

func (o *output) String() string { return string(*o) }
func (o *output) Type() string   { return "form" }

// Set implements pflag.Value.
func (o *output) Set(form string) error {
	if !slices.Contains(outputs, form) {
		return fmt.Errorf("must be %s", strings.Join(outputs, ", "))
	}
	*o = output(form)
	return nil
}

// addOutput gives a command the flag --output.
func addOutput(cmd *cobra.Command) *output {
	form := output("table")
	cmd.Flags().VarP(&form, "output", "o", "`form` of what is printed: "+strings.Join(outputs, ", "))
	complete(cmd, "output", outputs)
	return &form
}

// complete has the shell offer the values of a flag.
func complete(cmd *cobra.Command, flag string, values []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag is not there, which no input can cause
	}
}

// print writes data in the form that was asked for; table writes it for people.
func (o output) print(w io.Writer, data any, table func(w io.Writer)) error {
	switch o {
	case "json":
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(data)
	case "yaml":
		text, err := yaml.Marshal(data)
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	}
	columns := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	table(columns)
	return columns.Flush()
}

// row writes one line of a table.
func row(w io.Writer, cells ...any) {
	texts := make([]string, len(cells))
	for i, cell := range cells {
		texts[i] = strings.ReplaceAll(printable(fmt.Sprint(cell)), "\n", " ")
	}
	fmt.Fprintln(w, strings.TrimRight(strings.Join(texts, "\t"), "\t"))
}

// several is a number of things, each of which is called thing.
func several(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// printable keeps names and messages, which others wrote, from steering the terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// flush ends the columns of a table, so that what follows has widths of its own.
func flush(w io.Writer) {
	if columns, ok := w.(*tabwriter.Writer); ok {
		_ = columns.Flush() // what cannot be written, the last Flush says
	}
}
