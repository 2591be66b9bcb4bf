package azure

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// location is a repository. Its project and name are as people write them, unescaped.
type location struct {
	organization        string // URL of the organization, or of a server's collection
	project, repository string
}

// String is the repository's page.
func (l location) String() string {
	return l.organization + "/" + url.PathEscape(l.project) + "/_git/" + url.PathEscape(l.repository)
}

// locate reads the URLs that Azure DevOps offers for cloning.
func locate(repository string) (location, error) {
	at, err := transport.Address(repository)
	if err != nil {
		return location{}, err
	}
	segments := strings.Split(strings.Trim(at.Path, "/"), "/")
	if at.Hostname() == "vs-ssh.visualstudio.com" && len(segments) == 4 && segments[0] == "v3" { // the older name of what transport.Address knows
		at.Host, segments = "dev.azure.com", []string{segments[1], segments[2], "_git", segments[3]}
	}
	wrong := fmt.Errorf("repository %s: expected the URL that Azure DevOps offers for cloning, such as https://dev.azure.com/ORGANIZATION/PROJECT/_git/REPOSITORY", git.Redact(repository))
	mark := len(segments) - 2
	if mark < 0 || segments[mark] != "_git" {
		return location{}, wrong
	}
	l := location{repository: unescaped(segments[mark+1])}
	before := segments[:mark] // organization or collection, and the project unless it is called as the repository
	switch {
	case strings.HasSuffix(at.Hostname(), ".visualstudio.com"):
		if len(before) > 0 && strings.EqualFold(before[0], "DefaultCollection") {
			before = before[1:]
		}
		before = append([]string{""}, before...)
	case at.Hostname() != "dev.azure.com" && len(before) > 2: // a server may have a path of its own
		last := len(before) - 1
		before = []string{strings.Join(before[:last], "/"), before[last]}
	}
	switch len(before) {
	case 1:
		l.project = l.repository
	case 2:
		l.project = unescaped(before[1])
	default:
		return location{}, wrong
	}
	at.Path = "/" + before[0]
	l.organization = strings.TrimSuffix(at.String(), "/")
	return l, nil
}

// unescaped is what a segment stands for: addresses without a scheme come as they are, with %20 for a space.
func unescaped(segment string) string {
	if text, err := url.PathUnescape(segment); err == nil {
		return text
	}
	return segment
}
