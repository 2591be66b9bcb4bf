package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDockerfileSaysTheSame keeps the two ways to an image together: containers of both start alike.
func TestDockerfileSaysTheSame(t *testing.T) {
	text, err := os.ReadFile("../../Dockerfile")
	require.NoError(t, err)
	_, last, found := strings.Cut(string(text), "\nFROM scratch\n")
	require.True(t, found, "nothing but what is copied may be in the image")
	said := map[string][]string{}
	for line := range strings.Lines(last) {
		instruction, argument, _ := strings.Cut(strings.TrimSpace(line), " ")
		said[instruction] = append(said[instruction], argument)
	}
	require.Equal(t, []string{runsAs.User}, said["USER"])
	require.Equal(t, runsAs.Env, said["ENV"])
	require.Equal(t, []string{runsAs.WorkingDir}, said["WORKDIR"])
	for _, volume := range said["VOLUME"] {
		require.Contains(t, runsAs.Volumes, volume)
	}
	require.Len(t, said["VOLUME"], len(runsAs.Volumes))
	for instruction, want := range map[string][]string{"ENTRYPOINT": runsAs.Entrypoint, "CMD": runsAs.Cmd} {
		require.Len(t, said[instruction], 1)
		var got []string
		require.NoError(t, json.Unmarshal([]byte(said[instruction][0]), &got), "without a shell there is no other form")
		require.Equal(t, want, got)
	}
	require.NotContains(t, said, "RUN")
	require.NotContains(t, said, "ADD")
	require.Len(t, said["COPY"], 3)
	for _, copied := range said["COPY"] {
		require.Contains(t, copied, "--from=build ")
	}
}
