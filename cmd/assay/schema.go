package main

import (
	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/reconciler/simulate"
	"github.com/assay-dev/assay/sources/tests"
)

func newSchema() *cobra.Command {
	return &cobra.Command{
		Use:     "schema [scenario]",
		GroupID: groupTests,
		Short:   "Print the JSON Schema of Suites, Gates and Sites, or of Scenarios, for editors",
		Long: `Print the JSON Schema of Suites, Gates and Sites, or, with "scenario", that of the
scenarios of "assay simulate". An editor that runs the YAML language server uses it when a
file begins with

  # yaml-language-server: $schema=path/to/schema.json`,
		Example: `  assay schema > .assay/schema.json
  assay schema scenario > scenario.json`,
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"scenario"},
		RunE: func(cmd *cobra.Command, args []string) error {
			schema := tests.Schema
			if len(args) > 0 {
				schema = simulate.Schema
			}
			_, err := cmd.OutOrStdout().Write(schema())
			return err
		},
	}
}
