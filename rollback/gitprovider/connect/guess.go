package connect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assay-dev/assay/sources/git"
)

// Hosts that are known, domains beneath which every host is a customer's, and words that people name their own servers by.
var (
	hosts = map[string]string{
		"github.com": GitHub, "gitlab.com": GitLab, "bitbucket.org": Bitbucket, "codeberg.org": Gitea, "gitea.com": Gitea,
		"dev.azure.com": Azure, "ssh.dev.azure.com": Azure,
	}
	domains = map[string]string{".ghe.com": GitHub, ".visualstudio.com": Azure}
	words   = map[string]string{"github": GitHub, "gitlab": GitLab, "gitea": Gitea, "forgejo": Gitea, "bitbucket": Bitbucket, "stash": Bitbucket}
)

// guess tells the kind by the URL, where that leaves no doubt.
func guess(repository string) (string, error) {
	if strings.HasPrefix(repository, "/") || strings.HasPrefix(repository, "file:") {
		return Plain, nil
	}
	host, path, _ := strings.Cut(git.Normalize(repository), "/")
	host, _, _ = strings.Cut(host, ":")
	if kind, known := hosts[host]; known {
		return kind, nil
	}
	for domain, kind := range domains {
		if strings.HasSuffix(host, domain) {
			return kind, nil
		}
	}
	if strings.Contains("/"+path, "/_git/") { // no other server has that in its URLs
		return Azure, nil
	}
	var named []string
	for _, label := range strings.Split(host, ".") {
		if kind, is := words[label]; is && !slices.Contains(named, kind) {
			named = append(named, kind)
		}
	}
	if len(named) == 1 {
		return named[0], nil
	}
	return "", fmt.Errorf("the URL %s does not tell what serves it: name the provider, one of %s", git.Redact(repository), strings.Join(Kinds()[1:], ", "))
}
