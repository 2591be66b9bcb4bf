package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/sources/tests"
)

func newInit() *cobra.Command {
	return &cobra.Command{
		Use:     "init [DIR]",
		GroupID: groupTests,
		Short:   "Begin a test repository, with overlays for dev, staging and prod",
		Long: `Write a test repository to start from: a base with a Suite, a Gate and a Site, overlays
for dev, staging and prod, and the schema for editors. Nothing is overwritten: when one
of the files is there already, none is written.`,
		Example: `  assay init system-tests
  cd system-tests && assay lint`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			written, err := tests.Scaffold(dir)
			if errors.Is(err, fs.ErrExist) {
				return unusable(err)
			}
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			for _, file := range written {
				fmt.Fprintln(out, filepath.Join(dir, file))
			}
			fmt.Fprintf(out, `
Next:
  1. cd %s && assay lint
  2. make the Site in base/ yours: its config repository, its path, and how to ask what is live
  3. assay verify --overlay overlays/dev
  4. git init && git add . && git commit, and push it to where Assay can pull it
  5. ASSAY_ENVIRONMENTS=dev ASSAY_DEV_TESTS_URL=<its URL> assay run
`, dir)
			return nil
		},
	}
}
