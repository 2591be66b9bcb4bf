package transport

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/assay-dev/assay/sources/git"
)

// Address is where a repository that Git reaches at a URL has its page: without user, .git and surplus slashes. A server that is reached by
// SSH is taken to answer HTTPS at the same host, on the usual port.
func Address(repository string) (*url.URL, error) {
	shown := git.Redact(repository)
	at, err := url.Parse(shown)
	if err != nil || at.Scheme != "" && at.Scheme != "file" && at.Host == "" {
		return nil, fmt.Errorf("repository %s: not a URL", shown)
	}
	host, path, _ := strings.Cut(git.Normalize(repository), "/")
	switch at.Scheme {
	case "https", "http":
		return &url.URL{Scheme: at.Scheme, Host: at.Host, Path: "/" + path}, nil
	case "ssh":
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return &url.URL{Scheme: "https", Host: host, Path: "/" + path}, nil
	}
	return nil, fmt.Errorf("repository %s: its server has no pages, which https, http and ssh tell", shown)
}
