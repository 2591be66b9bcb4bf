package git

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"path/filepath"
	"strings"
)

// location is a remote repository's address, taken apart. Credentials that a
// URL carried are kept apart from what is shown.
type location struct {
	scheme         string // https, http, ssh, file or memory
	user, password string
	host           string // lower case, without port
	port           string // empty: the scheme's default
	path           string // as the server is asked for it; absolute for file
}

var defaultPorts = map[string]string{"https": "443", "http": "80", "ssh": "22"}

// parseLocation reads a URL (https, http, ssh, file, memory), the scp form
// (user@host:path) or a plain path. Its errors never quote the address, which
// may hold a password in a place where nobody looks for one.
func parseLocation(raw string) (location, error) {
	if raw == "" {
		return location{}, errors.New("the repository URL is empty")
	}
	if strings.Contains(raw, "://") {
		return parseURL(raw)
	}
	if host, rest, ok := strings.Cut(raw, ":"); ok && len(host) > 1 && !strings.ContainsAny(host, `/\`) {
		user, host := cutUser(host)
		switch {
		case host == "" || rest == "":
			return location{}, fmt.Errorf("repository address %s is incomplete: write user@host:path", strip(raw))
		case strings.HasPrefix(rest, ":"):
			return location{}, fmt.Errorf("repository address %s:: asks for a program to fetch with, and none is ever run: use https, http, ssh, file or a path", host)
		case strings.HasPrefix(rest, "-"):
			return location{}, fmt.Errorf("repository address %s names a path that the server would take for an option: write ./ before it", strip(raw))
		}
		return location{scheme: "ssh", user: user, host: strings.ToLower(host), path: rest}, nil
	}
	absolute, err := filepath.Abs(raw)
	if err != nil {
		return location{}, fmt.Errorf("repository path %s: %w", raw, err)
	}
	return location{scheme: "file", path: absolute}, nil
}

func parseURL(raw string) (location, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return location{}, fmt.Errorf("repository URL %s cannot be parsed: percent-encode special characters, or give credentials apart from it", strip(raw))
	}
	l := location{
		scheme: strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(u.Scheme), "git+"), "+git"),
		host:   strings.ToLower(u.Hostname()),
		port:   u.Port(),
		path:   u.Path,
	}
	if u.User != nil {
		l.user = u.User.Username()
		l.password, _ = u.User.Password()
	}
	if l.port == defaultPorts[l.scheme] {
		l.port = ""
	}
	switch {
	case u.RawQuery != "" || u.Fragment != "":
		return location{}, fmt.Errorf("repository URL %s has a query or a fragment, which no Git server expects: remove what follows ? or #", l)
	case l.scheme == "file" && l.host != "" && l.host != "localhost":
		return location{}, fmt.Errorf("repository URL %s names a host: write file:///path", l)
	case l.scheme == "file":
		l.host, l.path = "", filepath.FromSlash(path.Clean(l.path))
	case l.scheme == "memory" && l.host != "":
		l.path = strings.TrimSuffix(path.Clean("/"+l.path), "/")
	case l.scheme == "memory":
		return location{}, fmt.Errorf("repository URL %s names no repository: write memory://NAME", l)
	case defaultPorts[l.scheme] == "":
		return location{}, fmt.Errorf("repository URL %s: scheme %q is not supported, use https, http, ssh, file or a path", l, l.scheme)
	case l.host == "":
		return location{}, fmt.Errorf("repository URL %s names no host", l)
	case strings.HasPrefix(l.path, "/~"):
		l.path = l.path[1:] // ssh://host/~user/repository is relative to a home
	}
	return l, nil
}

func cutUser(authority string) (user, host string) {
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		return authority[:at], authority[at+1:]
	}
	return "", authority
}

// address is host:port, for dialling.
func (l location) address() string {
	port := l.port
	if port == "" {
		port = defaultPorts[l.scheme]
	}
	return net.JoinHostPort(l.host, port)
}

// String is the address without credentials. An SSH user is no secret; the
// user of an HTTP URL often is a token.
func (l location) String() string {
	if l.scheme == "file" {
		return l.path
	}
	u := url.URL{Scheme: l.scheme, Host: l.host}
	if l.path != "" {
		u.Path = "/" + strings.TrimPrefix(l.path, "/")
	}
	switch {
	case l.port != "":
		u.Host = net.JoinHostPort(l.host, l.port)
	case strings.Contains(l.host, ":"):
		u.Host = "[" + l.host + "]"
	}
	if l.scheme == "ssh" && l.user != "" {
		u.User = url.User(l.user)
	}
	return u.String()
}

// Redact returns a repository address that is safe to show: without password,
// token, query or fragment.
func Redact(raw string) string {
	if l, err := parseLocation(raw); err == nil {
		return l.String()
	}
	return strip(raw)
}

// strip redacts an address that cannot be parsed.
func strip(raw string) string {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		_, rest = cutUser(raw)
		return rest
	}
	if cut := strings.IndexAny(rest, "?#"); cut >= 0 {
		rest = rest[:cut]
	}
	_, rest = cutUser(rest)
	return scheme + "://" + rest
}

// sshAliases are hosts that answer SSH on the HTTPS port for another host.
var sshAliases = map[string]string{
	"ssh.github.com":       "github.com",
	"altssh.gitlab.com":    "gitlab.com",
	"altssh.bitbucket.org": "bitbucket.org",
	"ssh.dev.azure.com":    "dev.azure.com",
}

// Normalize returns one spelling for all addresses of a repository: host and
// path without scheme, user, default port, .git and surplus slashes. The form is
// meant for comparing, not for connecting; of a repository in memory it is the
// address itself. An address that is not understood
// comes back redacted.
func Normalize(raw string) string {
	raw = strings.TrimSpace(raw)
	l, err := parseLocation(raw)
	if err != nil {
		return Redact(raw)
	}
	if l.scheme == "memory" {
		return l.String()
	}
	clean := strings.Trim(path.Clean("/"+filepath.ToSlash(l.path)), "/")
	if l.scheme == "file" {
		clean = strings.TrimSuffix(clean, "/.git")
		return "file:///" + strings.TrimSuffix(clean, ".git")
	}
	clean = strings.TrimSuffix(clean, ".git")
	host, port := l.host, l.port
	if alias, ok := sshAliases[host]; ok {
		host, port = alias, ""
	}
	if host == "dev.azure.com" {
		clean = normalizeAzure(l.scheme, clean)
	}
	if port != "" {
		host = net.JoinHostPort(host, port)
	}
	return host + "/" + clean
}

// isAzure recognises Azure DevOps, whose server differs from all others.
func (l location) isAzure() bool {
	return l.host == "dev.azure.com" || l.host == "ssh.dev.azure.com" || strings.HasSuffix(l.host, ".visualstudio.com")
}

// normalizeAzure maps Azure DevOps' SSH path (v3/org/project/repository) to the
// HTTPS one (org/project/_git/repository).
func normalizeAzure(scheme, clean string) string {
	parts := strings.Split(clean, "/")
	if scheme == "ssh" && len(parts) == 4 && parts[0] == "v3" {
		return strings.Join([]string{parts[1], parts[2], "_git", parts[3]}, "/")
	}
	return clean
}
