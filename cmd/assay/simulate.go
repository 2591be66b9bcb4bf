package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/reconciler/simulate"
	"github.com/assay-dev/assay/testdata/incidents"
)

func newSimulate() *cobra.Command {
	o := simulate.Options{}
	var trace bool
	var form *output
	cmd := &cobra.Command{
		Use:   "simulate [SCENARIO...]",
		Short: "Measure how often Assay is right, in a simulated world that knows the truth",
		Long: `Simulate lets Assay's own loop, blame and revert engine live through incidents on fake
time, and holds what it did against the truth: what was reverted rightly and wrongly,
what was missed and why.

A SCENARIO is the name of one that Assay is shipped with, a file, or a folder of files;
without any, all shipped ones are simulated. To try your own policy, copy one and
change it: testdata/incidents/README.md tells how. The same seed gives the same result.

The exit code is 1 where a goal is missed, or where something happened that must never
happen; --trace with the seed that is printed then tells the story.`,
		Example: `  assay simulate
  assay simulate flaky-tests --breakages 500
  assay simulate ./our-policy.yaml --seed 7 --output json
  assay simulate outages --seed 3 --breakages 5 --trace`,
		GroupID: groupTests,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.Scenarios, err = findScenarios(args); err != nil {
				return unusable(err)
			}
			if trace {
				return traceScenario(cmd.Context(), o, cmd.OutOrStdout())
			}
			if live, _, _ := terminal(cmd.ErrOrStderr()); live {
				o.Progress = func(done, all int) { fmt.Fprintf(cmd.ErrOrStderr(), "\r%d of %d breakages ", done, all) }
				defer fmt.Fprintln(cmd.ErrOrStderr())
			}
			if _, given := os.LookupEnv("GOGC"); !given {
				debug.SetGCPercent(400) // worlds are small and short-lived: memory is cheaper here than time
			}
			result, err := simulate.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			if err := form.print(cmd.OutOrStdout(), result, func(w io.Writer) { simulationTable(w, result) }); err != nil {
				return err
			}
			if len(result.Missed)+len(result.All.Violations) > 0 {
				return answer(exitNo)
			}
			return nil
		},
	}
	form = addOutput(cmd)
	cmd.Flags().Uint64Var(&o.Seed, "seed", 1, "of everything that chance decides")
	cmd.Flags().IntVar(&o.Breakages, "breakages", 1000, "how much is to break, over all scenarios")
	cmd.Flags().IntVar(&o.Parallel, "parallel", 0, "worlds that are simulated at the same time (default: one for each processor)")
	cmd.Flags().BoolVar(&trace, "trace", false, "tell the story of one scenario and seed instead")
	cmd.Flags().Float64Var(&o.Goals.BadMergeRate, "max-bad-merge-rate", 0, "exit with 1 if the bad-revert rate of what may merge by itself may be higher (0.001 is 0.1%)")
	cmd.Flags().Float64Var(&o.Goals.BadRevertRate, "max-bad-revert-rate", 0, "the same over all proposals with one culprit")
	cmd.Flags().Float64Var(&o.Goals.Proposed, "min-proposed", 0, "exit with 1 if fewer of the breakages of configuration end in a proposal with the culprit (0.8 is 80%)")
	cmd.Flags().Float64Var(&o.Goals.Answered, "min-answered", 0, "the same for a proposal, or a reason that says what is missing")
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return shippedScenarios(), cobra.ShellCompDirectiveDefault
	}
	return cmd
}

// findScenarios finds Scenarios by name, file or folder; all shipped ones where none is given.
func findScenarios(args []string) (all []*simulate.Scenario, err error) {
	if len(args) == 0 {
		return simulate.LoadAll(incidents.Scenarios)
	}
	for _, arg := range args {
		found, err := findScenario(arg)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func findScenario(arg string) ([]*simulate.Scenario, error) {
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		return simulate.LoadAll(os.DirFS(arg))
	case err == nil:
		return loadScenario(os.DirFS(filepath.Dir(arg)), filepath.Base(arg), arg)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case !slices.Contains(shippedScenarios(), arg):
		return nil, fmt.Errorf("there is no scenario %s: name a file, a folder, or one of %s", arg, strings.Join(shippedScenarios(), ", "))
	}
	return loadScenario(incidents.Scenarios, arg+".yaml", arg+".yaml")
}

func loadScenario(folder fs.FS, name, shown string) ([]*simulate.Scenario, error) {
	content, err := fs.ReadFile(folder, name)
	if err != nil {
		return nil, err
	}
	s, err := simulate.Load(shown, content)
	return []*simulate.Scenario{s}, err
}

func shippedScenarios() (names []string) {
	files, err := fs.Glob(incidents.Scenarios, "*.yaml")
	if err != nil {
		return nil // the pattern is sound
	}
	for _, file := range files {
		names = append(names, strings.TrimSuffix(file, ".yaml"))
	}
	return names
}

func traceScenario(ctx context.Context, o simulate.Options, w io.Writer) error {
	if len(o.Scenarios) != 1 {
		return unusable(errors.New("--trace tells the story of one scenario: name it"))
	}
	return simulate.Trace(ctx, o.Scenarios[0], o.Seed, o.Breakages, w)
}
