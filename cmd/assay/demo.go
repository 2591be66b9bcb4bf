package main

import (
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/assay-dev/assay/cmd/assay/internal/demo"
)

func newDemo() *cobra.Command {
	var options demo.Options
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See the whole of it on this machine: a bad commit is caught, named and reverted",
		Long: `Demo tells the story of Assay on this machine, in about half a minute: a good commit is
verified, a bad one caught among others, its culprit named, a revert proposed,
merged by a person, synced and verified again.

Nothing in it is staged: it makes Git repositories of the samples, runs a small shop
and the very loop of "assay run", and ends with exit code 1 where the story does not go
as it must. It needs git, go and sh on the PATH, and the programs shop and hey beside
this binary; "make demo" builds them. Everything lies in a temporary folder.`,
		Example: `  make demo
  assay demo --keep
  assay demo --environment prod`,
		GroupID: groupWatch,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			options.Bin, options.Programs = filepath.Dir(self), []string{"hey"}
			options.Loop = []string{self, "demo", "loop"}
			if options.Cache != "" {
				if options.Cache, err = filepath.Abs(options.Cache); err != nil {
					return unusable(err)
				}
			}
			options.Out = cmd.OutOrStdout()
			options.Live, options.Color, options.Width = terminal(options.Out)
			return demo.Run(cmd.Context(), options)
		},
	}
	cmd.Flags().StringVar(&options.Environment, "environment", "staging", "the environment of the story: dev, staging or prod")
	cmd.Flags().BoolVar(&options.Keep, "keep", false, "leave the repositories and the history for a look afterwards")
	cmd.Flags().StringVar(&options.Cache, "cache", "", "folder for what the tests compile, which the next demo finds warm (default: a temporary one)")
	complete(cmd, "environment", demo.Environments)
	cmd.AddCommand(newDemoLoop())
	return cmd
}

// newDemoLoop is what the story starts as its Assay.
func newDemoLoop() *cobra.Command {
	return &cobra.Command{
		Use:    "loop SETTINGS",
		Short:  "The demo's own Assay",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return demo.Loop(cmd.Context(), args[0], cmd.ErrOrStderr())
		},
	}
}

// terminal says whether w is one, whether it may have colours, and how wide it is.
func terminal(w io.Writer) (live, color bool, width int) {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return false, false, 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		width = 0
	}
	_, plain := os.LookupEnv("NO_COLOR")
	return true, !plain, width
}
