package webhook

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/sync"
)

// news is what a request is about.
type news struct {
	// repositories by their addresses, without credentials; one repository may have several.
	repositories []string
	// target of a GitOps engine; nil where there is none.
	target *sync.Target
}

// Bounds of what is taken from a request.
const (
	maxAddress      = 2048 // bytes
	maxRepositories = 16
)

// payload is every place where the Git servers, and Flux, put what is asked for here.
type payload struct {
	Repository  repository                      `json:"repository"` // all but GitLab and Azure DevOps
	Project     repository                      `json:"project"`    // GitLab
	Resource    struct{ Repository repository } `json:"resource"`   // Azure DevOps
	PullRequest struct {
		ToRef struct{ Repository repository } `json:"toRef"` // Bitbucket Data Center
	} `json:"pullRequest"`
	InvolvedObject struct{ Kind, Namespace, Name string } `json:"involvedObject"` // Flux
}

// repository is one with its addresses, or just its address.
type repository struct {
	CloneURL   string `json:"clone_url"` // GitHub, Gitea
	SSHURL     string `json:"ssh_url"`
	HTMLURL    string `json:"html_url"`
	GitHTTPURL string `json:"git_http_url"` // GitLab
	GitSSHURL  string `json:"git_ssh_url"`
	RemoteURL  string `json:"remoteUrl"` // Azure DevOps
	AzureSSH   string `json:"sshUrl"`
	Links      struct {
		Clone links `json:"clone"` // Bitbucket Data Center
		Self  links `json:"self"`
		HTML  links `json:"html"` // Bitbucket Cloud
	} `json:"links"`
	address string
}

// UnmarshalJSON implements json.Unmarshaler.
func (r *repository) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return json.Unmarshal(text, &r.address)
	}
	type object repository
	return json.Unmarshal(text, (*object)(r))
}

// links are one or several, as the server likes it.
type links []struct{ Href string }

// UnmarshalJSON implements json.Unmarshaler.
func (l *links) UnmarshalJSON(text []byte) error {
	type several links
	if len(text) > 0 && text[0] == '[' {
		return json.Unmarshal(text, (*several)(l))
	}
	*l = make(links, 1)
	return json.Unmarshal(text, &(*l)[0])
}

// addresses are all that a repository has.
func (r repository) addresses() []string {
	all := []string{r.address, r.CloneURL, r.SSHURL, r.HTMLURL, r.GitHTTPURL, r.GitSSHURL, r.RemoteURL, r.AzureSSH}
	for _, link := range slices.Concat(r.Links.Clone, r.Links.HTML) {
		all = append(all, link.Href)
	}
	for _, link := range r.Links.Self {
		all = append(all, dataCenter(link.Href))
	}
	return all
}

// dataCenter is the address that Bitbucket Data Center serves a repository at, by that of its page; empty for any other page.
func dataCenter(page string) string {
	base, rest, found := strings.Cut(page, "/projects/")
	parts := strings.Split(rest, "/")
	if !found || len(parts) < 3 || parts[1] != "repos" {
		return ""
	}
	return base + "/scm/" + strings.ToLower(parts[0]) + "/" + parts[2]
}

// parse reads a body. An error says that it is not what any server sends; a body that is about no repository is none.
func parse(body []byte, form bool) (news, error) {
	if form { // GitHub's default
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return news{}, fmt.Errorf("a form that cannot be read: %w", err)
		}
		body = []byte(values.Get("payload"))
	}
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		return news{}, fmt.Errorf("JSON that cannot be read: %w", err)
	}
	var found news
	var seen []string
	for _, r := range []repository{p.Repository, p.Project, p.Resource.Repository, p.PullRequest.ToRef.Repository} {
		for _, address := range r.addresses() {
			if address == "" || len(address) > maxAddress || len(found.repositories) == maxRepositories {
				continue
			}
			if normal := git.Normalize(address); !slices.Contains(seen, normal) {
				seen = append(seen, normal)
				found.repositories = append(found.repositories, git.Redact(address))
			}
		}
	}
	if o := p.InvolvedObject; o.Kind != "" && o.Name != "" {
		found.target = &sync.Target{Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}
	}
	return found, nil
}
