package stack

import (
	"context"
	"errors"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAProcessThatEndsTooEarly(t *testing.T) {
	s := newSupervisor(t.TempDir())
	defer s.close()
	p, err := s.start("sh", exec.Command("sh", "-c", "echo no such flag; exit 3"))
	require.NoError(t, err)
	err = p.await(t.Context(), func(context.Context) error { return errors.New("connection refused") })
	require.ErrorContains(t, err, "start sh: it ended: exit status 3")
	require.ErrorContains(t, err, "connection refused")
	require.ErrorContains(t, err, "no such flag")
}

func TestAProcessIsKilledWithItsGroup(t *testing.T) {
	s := newSupervisor(t.TempDir())
	p, err := s.start("sh", exec.Command("sh", "-c", "trap '' TERM; sleep 1000 & echo started; wait"))
	require.NoError(t, err)
	require.NoError(t, p.await(t.Context(), func(context.Context) error {
		if len(lastLines(p.log)) == 0 {
			return errors.New("it has not started its child")
		}
		return nil
	}))
	s.close()
	require.Error(t, p.err)
	require.NoError(t, poll(t.Context(), nil, func(context.Context) error {
		if exec.Command("pgrep", "-g", strconv.Itoa(p.cmd.Process.Pid)).Run() == nil {
			return errors.New("the child lives on")
		}
		return nil
	}))
}
