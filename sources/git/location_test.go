package git_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

func TestNormalize(t *testing.T) {
	t.Parallel()
	for want, spellings := range map[string][]string{
		"github.com/org/repo": {
			"https://github.com/org/repo",
			"https://github.com/org/repo.git",
			"https://GitHub.com:443/org/repo/",
			"https://token@github.com//org/repo.git",
			"https://user:pa%2Fss@github.com/org/repo",
			"http://github.com:80/org/repo",
			"ssh://git@github.com/org/repo.git",
			"ssh://git@github.com:22/org/repo",
			"git+ssh://git@github.com/org/repo",
			"ssh://git@ssh.github.com:443/org/repo",
			"git@github.com:org/repo.git",
			"github.com:/org/repo",
			" https://github.com/org/repo\n",
		},
		"git.example.org:8443/org/repo": {"https://git.example.org:8443/org/repo.git"},
		"git.example.org/Org/Repo":      {"https://git.example.org/Org/Repo"},
		"git.example.org/~me/repo":      {"ssh://git.example.org/~me/repo", "git.example.org:~me/repo"},
		"dev.azure.com/org/project/_git/repo": {
			"https://org@dev.azure.com/org/project/_git/repo",
			"git@ssh.dev.azure.com:v3/org/project/repo",
		},
		"[2001:db8::1]:3000/a/b": {"http://[2001:DB8::1]:3000/a/b.git"},
		"memory://shop":          {"memory://shop", "memory://Shop/", "memory://me:secret@shop"},
		"memory://shop/config":   {"memory://shop/config", "memory://shop//config/"},
		"file:///srv/git/repo": {
			"/srv/git/repo", "/srv/git/repo/", "/srv/git/repo/.git", "/srv/git/repo.git",
			"file:///srv/git/repo", "file://localhost/srv/git//repo", "/srv/git/../git/repo",
		},
	} {
		for _, spelling := range spellings {
			require.Equal(t, want, git.Normalize(spelling), spelling)
		}
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://me:secret@example.org/r.git":    "https://example.org/r.git",
		"https://secret@example.org/r":           "https://example.org/r",
		"https://example.org:8443/r":             "https://example.org:8443/r",
		"ssh://git:secret@example.org/r":         "ssh://git@example.org/r",
		"git@example.org:r":                      "ssh://git@example.org/r",
		"https://me:sec%ret@example.org/r":       "https://example.org/r",
		"https://me:sec@ret@example.org:x/r":     "https://example.org:x/r",
		"https://example.org/r?token=secret":     "https://example.org/r",
		"https://me:secret@example.org/r#secret": "https://example.org/r",
		"/srv/r":                                 "/srv/r",
	} {
		require.Equal(t, want, git.Redact(in), in)
	}
}

func TestBadAddresses(t *testing.T) {
	t.Parallel()
	for address, reason := range map[string]string{
		"":                                   "empty",
		"git://secret@example.org/r":         "not supported",
		"ftp://me:secret@example.org/r":      "not supported",
		"https:///r":                         "names no host",
		"memory:///r":                        "names no repository",
		"memory://me:secret@r":               "no repository in memory",
		"file://example.org/r":               "names a host",
		"https://me:secret@example.org/r?x=": "query",
		"https://me:secret@example.org:x/r":  "cannot be parsed",
		"secret@:r":                          "incomplete",
		"ext::sh -c secret":                  "program",
		"ext::https://example.org/secret":    "not supported",
		"secret@example.org:--upload-pack=x": "option",
	} {
		_, err := git.OpenMirror(t.TempDir(), address, git.Auth{})
		require.ErrorContains(t, err, reason, address)
		require.NotContains(t, err.Error(), "secret", address)
	}
}

func TestBadAuth(t *testing.T) {
	t.Parallel()
	key := sshKey(t)
	hosts := []byte("example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBv8wZ6YbJ3RZ7ZtHsy7t0nBsaVqGm1QhnVYpB0mYCmE\n")
	for name, tc := range map[string]struct {
		url    string
		auth   git.Auth
		reason string
	}{
		"no known_hosts":   {"ssh://git@example.org:2222/r", git.Auth{SSHKey: key}, "ssh-keyscan -p 2222 example.org"},
		"bad known_hosts":  {"git@example.org:r", git.Auth{SSHKey: key, KnownHosts: []byte("example.org what")}, "reading known_hosts"},
		"no key":           {"git@example.org:r", git.Auth{KnownHosts: hosts}, "needs a private key"},
		"bad key":          {"git@example.org:r", git.Auth{KnownHosts: hosts, SSHKey: []byte("x")}, "reading the SSH private key"},
		"bad CA":           {"https://example.org/r", git.Auth{CA: []byte("x")}, "no PEM certificate"},
		"bad proxy":        {"https://example.org/r", git.Auth{Proxy: "://"}, "no URL"},
		"bad proxy scheme": {"https://example.org/r", git.Auth{Proxy: "ftp://me:secret@proxy"}, "not supported"},
	} {
		_, err := git.OpenMirror(t.TempDir(), tc.url, tc.auth)
		require.ErrorContains(t, err, tc.reason, name)
		require.NotContains(t, err.Error(), "secret", name)
	}
}

func TestHostKeys(t *testing.T) {
	t.Parallel()
	r := newRemoteRepo(t, 1)
	address, auth := r.serveSSH()
	_, otherAuth := r.serveSSH()
	host := strings.Fields(string(auth.KnownHosts))[0]
	keyOf := func(line []byte) string { return strings.Join(strings.Fields(string(line))[1:], " ") }
	_, _, ed25519 := sshSigner(t, "")
	for reason, line := range map[string]string{
		"is not the one in known_hosts":    host + " " + keyOf(otherAuth.KnownHosts),
		"known_hosts has no key for":       "elsewhere.example.org " + keyOf(auth.KnownHosts),
		"known_hosts has no key of a kind": host + " " + strings.TrimSpace(strings.SplitN(string(ed25519), "\n\n", 2)[1]),
	} {
		auth.KnownHosts = []byte(line + "\n")
		_, _, err := open(t, address, auth).Refresh(t.Context(), "main")
		require.ErrorContains(t, err, reason)
		require.ErrorContains(t, err, "ssh-keyscan")
	}
}

// Whatever prints an Auth, no secret comes out.
func TestAuthDoesNotPrint(t *testing.T) {
	t.Parallel()
	for kind, auth := range map[string]git.Auth{
		"bearer token":          {BearerToken: "secret"},
		"username and password": {Username: "secret", Password: "secret"},
		"SSH key":               {SSHKey: []byte("secret"), SSHKeyPassphrase: "secret"},
		"anonymous":             {Proxy: "http://me:secret@proxy"},
	} {
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("opening", "auth", auth)
		for _, printed := range []string{fmt.Sprint(auth), fmt.Sprintf("%+v %#v %s", auth, auth, auth), fmt.Sprintf("%v", &auth), log.String()} {
			require.Contains(t, printed, kind)
			require.NotContains(t, printed, "secret")
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, seed := range []string{"https://u:p@h/r.git", "git@h:r", "ssh://h:22/~u/r", "file:///a/.git", "a/b", "https://%zz@h/", "::", "x://@", "memory://a/b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		git.Redact(raw)
		once := git.Normalize(raw)
		path, isPath := strings.CutPrefix(once, "file://")
		understood := !strings.ContainsAny(raw, "%?#") // or it is only redacted
		if isPath && understood && filepath.IsAbs(path) && !strings.HasSuffix(path, ".git") && path == strings.TrimSpace(path) {
			require.Equal(t, once, git.Normalize(path), raw)
		}
		if strings.HasPrefix(once, "memory://") {
			require.Equal(t, once, git.Normalize(once), raw)
		}
		require.NotContains(t, git.Normalize("https://user:hunter2@example.org/"+raw), "hunter2")
	})
}
