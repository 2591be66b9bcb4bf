package flux

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRevisions(t *testing.T) {
	id := strings.Repeat("0123456789", 4)
	for text, want := range map[string]revision{
		"main@sha1:" + id:               {"main", id},
		"release/2026@sha1:" + id:       {"release/2026", id},
		"refs/heads/main@sha1:" + id:    {"refs/heads/main", id},
		"user@home@sha1:" + id:          {"user@home", id},
		"v1.0.0@sha1:" + id:             {"v1.0.0", id},
		"sha1:" + id:                    {"", id},
		id:                              {"", id},
		"main/" + id:                    {"main", id},
		"release/2026/" + id:            {"release/2026", id},
		"latest@sha256:" + id + id[:24]: {"latest", ""},
		"sha256:" + id + id[:24]:        {"", ""},
		"main@sha1:" + id[:8]:           {"main", ""},
		"main@sha1:" + strings.ToUpper("ab"+id[2:]): {"main", ""},
		"":          {"", ""},
		"1.2.3+abc": {"", ""},
	} {
		require.Equal(t, want, parseRevision(text), text)
	}
}

func FuzzParseRevision(f *testing.F) {
	id := strings.Repeat("0123456789", 4)
	for _, seed := range []string{"main@sha1:" + id, "a/b/" + id, "sha1:" + id, "latest@sha256:00", "@", "/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := parseRevision(text)
		_, isCommit := r.hash()
		require.Equal(t, r.commit != "", isCommit)
		require.Contains(t, text, r.ref)
		require.Contains(t, text, r.commit)
	})
}
