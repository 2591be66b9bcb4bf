package main

import (
	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/reconciler/runner/kubernetes/pod"
)

// newPod is what Assay itself runs in the pods that it makes.
func newPod() *cobra.Command {
	command := &cobra.Command{
		Use:    "pod",
		Short:  "What Assay runs in the pods of Suites",
		Hidden: true,
	}
	command.AddCommand(
		&cobra.Command{
			Use: "fetch", Short: "Bring the wrapper and the files of the Suite", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return pod.Fetch(cmd.Context()) },
		},
		&cobra.Command{
			Use: "run", Short: "Run the Suite's command and deliver its result", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				code, err := pod.Run(cmd.Context(), cmd.OutOrStdout())
				if err == nil {
					return answer(code)
				}
				return &exit{code, err}
			},
		},
	)
	return command
}
