package main

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

func TestEveryCommandHasAnExample(t *testing.T) {
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		if cmd.Hidden {
			return // nobody types it
		}
		if cmd.HasParent() {
			require.NotEmpty(t, cmd.Short, cmd.CommandPath())
			require.NotEmpty(t, cmd.Example, cmd.CommandPath())
		}
		for _, child := range cmd.Commands() {
			check(child)
		}
	}
	check(newRoot())
}

func TestExitCodesOfWrongUse(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		err  string
	}{
		"unknown command":       {[]string{"rever"}, "Did you mean this?"},
		"unknown flag":          {[]string{"render", "--revision", "x"}, "unknown flag: --revision"},
		"unknown output":        {[]string{"version", "-o", "xml"}, "must be table, json, yaml"},
		"no argument":           {[]string{"report"}, "requires at least 1 arg"},
		"surplus argument":      {[]string{"version", "x"}, `unknown command "x"`},
		"flags that exclude":    {[]string{"revert", "--commit", "HEAD", "--dry-run", "--branch", "b"}, "if any flags in the group"},
		"no such repository":    {[]string{"render", "--repo", "nowhere"}, "nowhere"},
		"nothing to revert":     {[]string{"revert"}, "--commit"},
		"author without adress": {[]string{"revert", "--commit", "HEAD", "--author", "me"}, "Name <email>"},
		"no history":            {[]string{"status", "--data-dir", "nowhere"}, "there is no history in nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			got := assay(t, tc.args...)
			require.Equal(t, exitUsage, got.code, got.err)
			require.Contains(t, got.err, tc.err)
			require.Empty(t, got.out)
		})
	}
}

func TestVersionInEveryForm(t *testing.T) {
	require.Regexp(t, `^assay .* \(go1`, assay(t, "version").out)
	require.Contains(t, assay(t, "version", "-o", "json").out, `"platform": "`)
	require.Contains(t, assay(t, "version", "-o", "yaml").out, "platform: ")
}

func TestTextOfOthersDoesNotSteerTheTerminal(t *testing.T) {
	require.Equal(t, "a�[31mb c�d\ne", printable("a\x1b[31mb\tc\u202ed\ne"))
}
