package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// The exit codes, which are the same for every command.
const (
	exitYes      = 0
	exitNo       = 1 // tests failed, problems were found, it cannot be built or did not work
	exitUsage    = 2 // the command line or its input cannot be used, or there is no evidence either way
	exitConflict = 3 // a revert conflicts
)

const exitCodes = `Exit codes, the same for every command:
  0  yes: it worked, it passed, it is clean
  1  no: tests failed, problems were found, it cannot be built or did not work
  2  no answer: wrong usage, unreadable input, or no evidence either way
  3  a revert conflicts with later commits`

// exit is an error that knows its exit code. Without an err everything has been said already.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// unusable says that what the command was given cannot be used.
func unusable(err error) error {
	if err == nil {
		return nil
	}
	return &exit{exitUsage, err}
}

// answer ends a command that has said all it has to say.
func answer(code int) error {
	if code == exitYes {
		return nil
	}
	return &exit{code: code}
}

// refuseAsNo gives every error of a command that began its work the code exitNo, unless it has one. What is left without a code is Cobra's
// own: a command line that it does not understand.
func refuseAsNo(command *cobra.Command) {
	for _, child := range command.Commands() {
		refuseAsNo(child)
	}
	if command.RunE == nil {
		return
	}
	run := command.RunE
	command.RunE = func(cmd *cobra.Command, args []string) error {
		err := run(cmd, args)
		coded := (*exit)(nil)
		switch {
		case err == nil || errors.As(err, &coded):
			return err
		case errors.Is(err, context.Canceled):
			return unusable(err)
		}
		return &exit{exitNo, err}
	}
}

// explain prints the error, if there is still something to say, and returns the exit code.
func explain(w io.Writer, err error) int {
	var coded *exit
	switch {
	case err == nil:
		return exitYes
	case !errors.As(err, &coded):
		fmt.Fprintf(w, "assay: %v\nRun 'assay --help', or with a command's name before --help.\n", err)
		return exitUsage
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(w, "assay: interrupted")
	case coded.err != nil:
		fmt.Fprintf(w, "assay: %s\n", printable(err.Error()))
	}
	return coded.code
}
