package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/reconciler/report"
)

func newReport() *cobra.Command {
	var formats []string // a few to a line
	for few := range slices.Chunk(report.Formats(), 5) {
		formats = append(formats, strings.Join(few, ", "))
	}
	var format string
	cmd := &cobra.Command{
		Use:     "report FILE...",
		GroupID: groupTools,
		Short:   "Say what the report files of test tools say",
		Long: `Read the report files of test tools and say in one form what happened. "-" is
standard input. The format is found by content:

  ` + strings.Join(formats, ",\n  ") + `

Exits with 2 when a file cannot be read, else with 1 when a report is no success,
else with 0. A case that passed after a retry counts as passed and as flaky.`,
		Example: `  assay report build/test-results/*.xml
  go test -json ./... | assay report - --output json`,
		Args: cobra.MinimumNArgs(1),
	}
	form := addOutput(cmd)
	cmd.Flags().StringVar(&format, "format", "", "`format` of the files (default: found by content)")
	complete(cmd, "format", report.Formats())
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		summary := report.Summary{Files: []report.FileSummary{}}
		for _, file := range files {
			parsed, err := parseReport(cmd.Context(), cmd.InOrStdin(), file, format)
			if cmd.Context().Err() != nil {
				return cmd.Context().Err()
			}
			summary.Files = append(summary.Files, report.Summarize(file, parsed, err))
		}
		if err := form.print(cmd.OutOrStdout(), summary, func(w io.Writer) { reportTable(w, summary) }); err != nil {
			return err
		}
		return answer(summary.ExitCode())
	}
	return cmd
}

func parseReport(ctx context.Context, stdin io.Reader, name, format string) (*report.Report, error) {
	options := report.Options{Name: name, Format: format}
	if name == "-" {
		return report.Parse(ctx, stdin, options)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is a folder: name the files in it, such as " + name + "/*.xml")}
	}
	return report.Parse(ctx, file, options)
}

func reportTable(w io.Writer, summary report.Summary) {
	row(w, "FILE", "FORMAT", "RESULT", "TOTAL", "PASSED", "FAILED", "ERRORED", "SKIPPED", "FLAKY", "TIME")
	for _, f := range summary.Files {
		switch {
		case f.Error != "":
			row(w, f.Path, "", "unreadable")
		default:
			result := "ok"
			if f.NotOK != "" {
				result = "not ok"
			}
			row(w, f.Path, f.Format, result, f.Total, f.Passed, f.Failed, f.Errored, f.Skipped, f.Flaky, seconds(f.DurationSeconds))
		}
	}
	const shown = 20
	for _, f := range summary.Files {
		if f.Error == "" && f.NotOK == "" {
			continue
		}
		fmt.Fprintln(w)
		row(w, f.Path+": "+f.Error+f.NotOK)
		for i, name := range f.FailedNames {
			if i == shown {
				row(w, "  ... and "+strconv.Itoa(len(f.FailedNames)-shown)+" more")
				break
			}
			row(w, "  "+name)
		}
		for _, problem := range f.Problems {
			row(w, "  "+problem)
		}
	}
}

// seconds for people: three digits that matter.
func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond).String()
}
