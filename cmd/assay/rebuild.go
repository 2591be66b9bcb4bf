package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/cmd/assay/internal/settings"
	"github.com/assay-dev/assay/cmd/assay/internal/wire"
	"github.com/assay-dev/assay/reconciler/notes"
)

// rebuilt is what became of what was noted.
type rebuilt struct {
	Items []notes.Result `json:"items"`
	// Unreadable says of each block of a note why it cannot be read.
	Unreadable []string `json:"unreadable,omitempty"`
}

func newRebuild() *cobra.Command {
	var environment, data string
	var trust bool
	cmd := &cobra.Command{
		Use:   "rebuild",
		Short: "Give a lost history its last passed states back, from the notes of the config repositories",
		Long: `Give a lost history its last passed states back, so that blame can go on: from the notes
that "assay run" writes with ASSAY_<NAME>_NOTES=true. Reads the settings of "assay run".
What the history knows and is as new stays as it is; what is not restored is listed with
the reason. The file "key" of the old data must be there, since digests compare with no
other key.

What a note says has passed is what reverts go back to. So only notes count that a key in
the folder ASSAY_<NAME>_NOTES_VERIFY_KEYS signed; have Assay sign them with
ASSAY_SIGNING_KEY. With --trust everything counts: then whoever may push notes to a config
repository is trusted to say what passed, and with which commit of the tests.`,
		Example: `  assay history rebuild --environment prod
  assay history rebuild --trust --output json`,
		Args: cobra.NoArgs,
	}
	form := addOutput(cmd)
	cmd.Flags().StringVar(&environment, "environment", "", "`name` of the environment (default: all)")
	cmd.Flags().StringVar(&data, "data-dir", "", "`folder` of the data of assay run (also "+dataDirVariable+")")
	cmd.Flags().BoolVar(&trust, "trust", false, "trust whoever may push notes")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		said := map[string]string{}
		if data != "" {
			said[dataDirVariable] = data
		}
		s, err := settings.Read(os.Environ(), said)
		if err != nil {
			return unusable(err)
		}
		wired, err := wiring(cmd.Context(), s, slog.New(slog.DiscardHandler))
		if err != nil {
			return unusable(err)
		}
		if environment != "" && !slices.Contains(s.Names, environment) {
			return unusable(unknownName("environment", environment, s.Names))
		}
		all := rebuilt{Items: []notes.Result{}}
		for i, env := range s.Environments {
			if environment != "" && env.Name != environment {
				continue
			}
			keys, err := env.NotesKeyring(time.Now)
			if err != nil {
				return unusable(err)
			}
			results, problems, err := wire.Rebuild(cmd.Context(), wired, wired.Environments[i], wire.Trust{Keys: keys, Everyone: trust})
			if err != nil {
				return err
			}
			all.Items = append(all.Items, results...)
			for _, problem := range problems {
				all.Unreadable = append(all.Unreadable, problem.Error())
			}
		}
		slices.Sort(all.Unreadable)
		all.Unreadable = slices.Compact(all.Unreadable) // environments may share a repository
		return form.print(cmd.OutOrStdout(), all, func(w io.Writer) { rebuiltTable(w, all) })
	}
	return cmd
}

func rebuiltTable(w io.Writer, all rebuilt) {
	if len(all.Items) == 0 {
		row(w, "no pass is noted in the config repositories")
	} else {
		row(w, "ENVIRONMENT", "GATE", "COMMIT", "PASSED", "RESTORED", "REASON")
	}
	for _, r := range all.Items {
		answer := "no"
		if r.Restored {
			answer = "yes"
		}
		row(w, r.Key.Environment, r.Key.Gate, fmt.Sprintf("%.8s", r.Commit), moment(r.RanAt), answer, r.Reason)
	}
	flush(w)
	for _, problem := range all.Unreadable {
		row(w, "passed over: "+problem)
	}
}
