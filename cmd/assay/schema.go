package main

import (
	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/sources/tests"
)

func newSchema() *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		GroupID: groupTests,
		Short:   "Print the JSON Schema of Suites, Gates and Sites, for editors",
		Long: `Print the JSON Schema of Suites, Gates and Sites. An editor that runs the YAML language
server uses it when a file begins with

  # yaml-language-server: $schema=path/to/schema.json`,
		Example: "  assay schema > .assay/schema.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(tests.Schema())
			return err
		},
	}
}
