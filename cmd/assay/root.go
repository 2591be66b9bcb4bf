package main

import (
	"github.com/spf13/cobra"
)

// newRoot puts the commands together.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "assay",
		Short: "Find out whether the system still works after every change that GitOps delivers",
		Long: `Assay pulls tests from Git, runs the right ones after each sync, and when they show
that a config commit broke the environment, it proposes a revert that provably
restores the last verified state.

` + exitCodes,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddGroup(
		&cobra.Group{ID: groupWatch, Title: "Watch environments:"},
		&cobra.Group{ID: groupTests, Title: "Write tests:"},
		&cobra.Group{ID: groupTools, Title: "Tools that stand on their own:"},
	)
	root.AddCommand(
		newRun(), newDemo(), newStatus(), newHistory(), newIncidents(), newLogs(), newHold(), newResume(),
		newInit(), newLint(), newVerify(), newSchema(), newSimulate(),
		newReport(), newRender(), newRevert(),
		newVersion(), newPod(),
	)
	refuseAsNo(root)
	return root
}

// The groups that help lists commands in.
const (
	groupWatch = "watch"
	groupTests = "tests"
	groupTools = "tools"
)
