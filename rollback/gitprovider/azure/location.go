package azure

import (
	"fmt"
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
	escaped := strings.NewReplacer("%", "%25", " ", "%20")
	return l.organization + "/" + escaped.Replace(l.project) + "/_git/" + escaped.Replace(l.repository)
}

// locate reads the URLs that Azure DevOps offers for cloning.
func locate(repository string) (location, error) {
	at, err := transport.Address(repository)
	if err != nil {
		return location{}, err
	}
	segments := strings.Split(strings.Trim(at.Path, "/"), "/")
	ssh := at.Hostname() == "ssh.dev.azure.com" || strings.HasSuffix(at.Hostname(), "vs-ssh.visualstudio.com")
	if ssh && len(segments) == 4 && segments[0] == "v3" { // v3/organization/project/repository
		return location{"https://dev.azure.com/" + segments[1], segments[2], segments[3]}, nil
	}
	wrong := fmt.Errorf("repository %s: expected the URL that Azure DevOps offers for cloning, such as https://dev.azure.com/ORGANIZATION/PROJECT/_git/REPOSITORY", git.Redact(repository))
	mark := len(segments) - 2
	if ssh || mark < 0 || segments[mark] != "_git" {
		return location{}, wrong
	}
	l := location{repository: segments[mark+1]}
	before := segments[:mark] // organization or collection, and the project unless it is called as the repository
	switch {
	case strings.HasSuffix(at.Hostname(), ".visualstudio.com"):
		if len(before) > 0 && strings.EqualFold(before[0], "DefaultCollection") {
			before = before[1:]
		}
		before = append([]string{""}, before...)
	case at.Hostname() != "dev.azure.com" && len(before) > 2: // a server may have a path of its own
		at.Path = "/" + strings.Join(before[:len(before)-2], "/")
		before = append([]string{strings.Trim(at.Path, "/") + "/" + before[len(before)-2]}, before[len(before)-1])
	}
	switch len(before) {
	case 1:
		l.project = l.repository
	case 2:
		l.project = before[1]
	default:
		return location{}, wrong
	}
	at.Path = "/" + before[0]
	l.organization = strings.TrimSuffix(at.String(), "/")
	return l, nil
}
