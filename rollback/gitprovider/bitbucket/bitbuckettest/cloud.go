// Package bitbuckettest holds servers that answer as the API documents of Bitbucket Cloud and Bitbucket Data Center say, for tests. In go
// requests; out comes JSON about the pull requests of a forge, over a real bare repository. They know one repository, and nothing that this
// module's provider does not ask for.
package bitbuckettest

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
)

// The repository that the servers know, and the people beside the one who asks.
const (
	Owner, Name = "shop", "config"
	Person      = "ben"
	Me          = "assay"
)

// Cloud starts a server that answers as api.bitbucket.org does.
func Cloud(t testing.TB, f *forge.Forge) *httptest.Server {
	f.OnePerBranches = false
	c := &cloud{f}
	mux := http.NewServeMux()
	for pattern, answer := range map[string]http.HandlerFunc{
		"GET /refs/branches/{branch...}":         c.branch,
		"GET /commit/{commit}":                   c.commit,
		"GET /commit/{commit}/statuses":          c.statuses,
		"POST /commit/{commit}/statuses/build":   c.setStatus,
		"GET /branch-restrictions":               c.restrictions,
		"GET /pullrequests":                      c.list,
		"POST /pullrequests":                     c.open,
		"GET /pullrequests/{number}":             c.get,
		"PUT /pullrequests/{number}":             c.put,
		"POST /pullrequests/{number}/comments":   c.comment,
		"POST /pullrequests/{number}/merge":      c.merge,
		"POST /pullrequests/{number}/decline":    c.decline,
		"GET /workspaces/" + Owner + "/members":  c.members,
		"GET /workspaces/{workspace}/{whatever}": http.NotFound,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		if !strings.HasPrefix(path, "/workspaces") {
			path = "/repositories/{owner}/{name}" + path
		}
		mux.HandleFunc(method+" /2.0"+path, c.admitted(answer))
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

type cloud struct{ *forge.Forge }

func cloudError(w http.ResponseWriter, status int, message string, detail any) {
	said := map[string]any{"message": message}
	if detail != nil {
		said["detail"] = detail
	}
	forge.Write(w, status, map[string]any{"type": "error", "error": said})
}

// admitted looks at the token and the repository first.
func (c *cloud) admitted(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, admin := forge.Token(r), strings.HasSuffix(r.URL.Path, "/branch-restrictions")
		switch {
		case token != forge.Right && token != forge.Weak:
			cloudError(w, http.StatusUnauthorized, "Token is invalid, expired, or not supported for this endpoint.", nil)
		case token == forge.Weak && (r.Method != http.MethodGet || admin):
			required := "pullrequest:write"
			if admin {
				required = "repository:admin"
			}
			cloudError(w, http.StatusForbidden, "Your credentials lack one or more required privilege scopes.",
				map[string]any{"granted": []string{"pullrequest", "repository"}, "required": []string{required}})
		case r.PathValue("owner") != "" && r.PathValue("owner")+"/"+r.PathValue("name") != Owner+"/"+Name:
			cloudError(w, http.StatusNotFound, "Repository "+r.PathValue("owner")+"/"+r.PathValue("name")+" not found", nil)
		default:
			answer(w, r)
		}
	}
}

func number(r *http.Request) int64 {
	n, _ := strconv.ParseInt(r.PathValue("number"), 10, 64)
	return n
}

func (c *cloud) failed(w http.ResponseWriter, err error) {
	status, message := http.StatusBadRequest, err.Error()
	switch {
	case errors.Is(err, forge.ErrNotFound), errors.Is(err, forge.ErrNoCommit):
		status = http.StatusNotFound
	case errors.Is(err, forge.ErrBlocked):
		message = "Your changes can't be merged until 1 merge check is resolved"
	}
	cloudError(w, status, message, nil)
}

// short is a commit as pull requests show it.
func short(commit string) any {
	if commit == "" {
		return nil
	}
	return map[string]any{"type": "commit", "hash": commit[:12]}
}

func user(name string) map[string]any {
	return map[string]any{"type": "user", "uuid": "{" + name + "-uuid}", "account_id": "557058:" + name, "nickname": name, "display_name": name}
}

func (c *cloud) shown(pr forge.PullRequest, listed bool) map[string]any {
	repository := map[string]any{"full_name": Owner + "/" + Name}
	out := map[string]any{
		"type": "pullrequest", "id": pr.Number, "title": pr.Title, "description": pr.Text, "state": "OPEN",
		"source":       map[string]any{"branch": map[string]any{"name": pr.Source}, "commit": short(pr.Head), "repository": repository},
		"destination":  map[string]any{"branch": map[string]any{"name": pr.Target}, "repository": repository},
		"merge_commit": short(pr.MergeCommit), "closed_by": nil,
		"links": map[string]any{"html": map[string]any{"href": "https://bitbucket.org/" + Owner + "/" + Name + "/pull-requests/" + strconv.FormatInt(pr.Number, 10)}},
	}
	switch pr.State {
	case gitprovider.Merged:
		out["state"], out["closed_by"] = "MERGED", user(pr.By)
	case gitprovider.Closed:
		out["state"], out["closed_by"] = "DECLINED", user(pr.By)
	}
	if !listed {
		reviewers := []any{}
		for _, name := range pr.Reviewers {
			reviewers = append(reviewers, user(name))
		}
		out["reviewers"] = reviewers
	}
	return out
}

// paged writes a page of a list, and where the next one is.
func paged[T any](w http.ResponseWriter, r *http.Request, all []T, show func(T) any) {
	at, size := forge.Number(r, "page", 1), forge.Number(r, "pagelen", 10)
	page, more := forge.Page(all, (at-1)*size, size)
	values := make([]any, len(page))
	for i, v := range page {
		values[i] = show(v)
	}
	out := map[string]any{"values": values, "page": at, "pagelen": size, "size": len(all)}
	if more {
		query := r.URL.Query()
		query.Set("page", strconv.Itoa(at+1))
		out["next"] = (&url.URL{Scheme: "https", Host: "api.bitbucket.org", Path: r.URL.Path, RawQuery: query.Encode()}).String()
	}
	forge.Write(w, http.StatusOK, out)
}

// term is one of a query in the language of Bitbucket's filters.
var term = regexp.MustCompile(`(source|destination)\.branch\.name = "([^"]*)"`)

func (c *cloud) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	states := query["state"]
	if len(states) == 0 {
		states = []string{"OPEN"}
	}
	list := c.List(func(pr forge.PullRequest) bool {
		for _, t := range term.FindAllStringSubmatch(query.Get("q"), -1) {
			if t[1] == "source" && pr.Source != t[2] || t[1] == "destination" && pr.Target != t[2] {
				return false
			}
		}
		return slices.Contains(states, c.shown(pr, true)["state"].(string))
	})
	if query.Get("sort") != "-id" {
		slices.Reverse(list)
	}
	paged(w, r, list, func(pr forge.PullRequest) any { return c.shown(pr, true) })
}

type branchOf struct{ Branch struct{ Name string } }

func (c *cloud) open(w http.ResponseWriter, r *http.Request) {
	asked, err := forge.Read[struct {
		Title, Description  string
		Source, Destination branchOf
	}](r)
	if err != nil {
		cloudError(w, http.StatusBadRequest, err.Error(), nil)
		return
	}
	pr, err := c.Open(gitprovider.NewPullRequest{
		Branch: asked.Source.Branch.Name, Base: asked.Destination.Branch.Name, Title: asked.Title, Body: asked.Description,
	})
	if err != nil {
		wrong := map[string]any{"source": []string{"branch not found"}}
		if errors.Is(err, forge.ErrTitle) {
			wrong = map[string]any{"title": []string{"Ensure this value has at most 255 characters."}}
		}
		forge.Write(w, http.StatusBadRequest, map[string]any{"type": "error", "error": map[string]any{"message": "Bad request", "fields": wrong}})
		return
	}
	forge.Write(w, http.StatusCreated, c.shown(pr, false))
}

func (c *cloud) get(w http.ResponseWriter, r *http.Request) {
	pr, err := c.Get(number(r))
	c.answer(w, pr, err)
}

func (c *cloud) answer(w http.ResponseWriter, pr forge.PullRequest, err error) {
	if err != nil {
		c.failed(w, err)
		return
	}
	forge.Write(w, http.StatusOK, c.shown(pr, false))
}

func (c *cloud) put(w http.ResponseWriter, r *http.Request) {
	asked, err := forge.Read[struct {
		Title, Description string
		Reviewers          []struct {
			UUID      string
			AccountID string `json:"account_id"`
		}
	}](r)
	if err != nil || asked.Title == "" {
		cloudError(w, http.StatusBadRequest, "title: this field is required", nil)
		return
	}
	var reviewers []string
	for _, who := range asked.Reviewers {
		if who.UUID != user(Person)["uuid"] && who.AccountID != user(Person)["account_id"] {
			cloudError(w, http.StatusBadRequest, "reviewers: Malformed reviewers list", nil)
			return
		}
		reviewers = append(reviewers, Person)
	}
	pr, err := c.Edit(number(r), func(pr *forge.PullRequest) {
		pr.Title, pr.Text, pr.Reviewers = asked.Title, asked.Description, reviewers
	})
	c.answer(w, pr, err)
}

func (c *cloud) comment(w http.ResponseWriter, r *http.Request) {
	asked, err := forge.Read[struct{ Content struct{ Raw string } }](r)
	if err == nil {
		_, err = c.Edit(number(r), func(pr *forge.PullRequest) { pr.Comments = append(pr.Comments, asked.Content.Raw) })
	}
	if err != nil {
		c.failed(w, err)
		return
	}
	forge.Write(w, http.StatusCreated, map[string]any{"id": 1, "content": map[string]any{"raw": asked.Content.Raw}})
}

func (c *cloud) merge(w http.ResponseWriter, r *http.Request) {
	pr, err := c.Merge(number(r), "", Me)
	c.answer(w, pr, err)
}

func (c *cloud) decline(w http.ResponseWriter, r *http.Request) {
	pr, err := c.Close(number(r), Me)
	c.answer(w, pr, err)
}

func (c *cloud) branch(w http.ResponseWriter, r *http.Request) {
	if c.Head(r.PathValue("branch")) == "" {
		cloudError(w, http.StatusNotFound, "Branch \""+r.PathValue("branch")+"\" not found", nil)
		return
	}
	forge.Write(w, http.StatusOK, map[string]any{"name": r.PathValue("branch")})
}

func (c *cloud) commit(w http.ResponseWriter, r *http.Request) {
	whole := c.Resolve(r.PathValue("commit"))
	if whole == "" {
		cloudError(w, http.StatusNotFound, "Resource not found", nil)
		return
	}
	parents := []any{}
	for _, p := range c.Parents(whole) {
		parents = append(parents, map[string]any{"hash": p})
	}
	forge.Write(w, http.StatusOK, map[string]any{"hash": whole, "parents": parents})
}

func (c *cloud) setStatus(w http.ResponseWriter, r *http.Request) {
	asked, err := forge.Read[map[string]string](r)
	if err == nil && (asked["url"] == "" || asked["key"] == "" || len(asked["key"]) > 40) {
		err = errors.New("url and key are required, the key has 40 characters at most")
	}
	if err == nil {
		err = c.SetStatus(r.PathValue("commit"), statusOf(asked))
	}
	if err != nil {
		c.failed(w, err)
		return
	}
	forge.Write(w, http.StatusCreated, asked)
}

// states are what builds are called by both.
var states = map[gitprovider.StatusState]string{
	gitprovider.StatusPending: "INPROGRESS", gitprovider.StatusSuccess: "SUCCESSFUL", gitprovider.StatusFailure: "FAILED", gitprovider.StatusError: "STOPPED",
}

func statusOf(asked map[string]string) gitprovider.CommitStatus {
	s := gitprovider.CommitStatus{Context: asked["name"], Description: asked["description"], URL: asked["url"]}
	for state, name := range states {
		if name == asked["state"] {
			s.State = state
		}
	}
	return s
}

// statusesOf are those of a commit, in the order of their names.
func statusesOf(f *forge.Forge, commit string) (list []map[string]string) {
	said := f.Statuses(commit)
	for _, name := range slices.Sorted(maps.Keys(said)) {
		s := said[name]
		list = append(list, map[string]string{"key": name, "name": name, "state": states[s.State], "description": s.Description, "url": s.URL})
	}
	return list
}

func (c *cloud) statuses(w http.ResponseWriter, r *http.Request) {
	paged(w, r, statusesOf(c.Forge, r.PathValue("commit")), func(s map[string]string) any { return s })
}

func (c *cloud) restrictions(w http.ResponseWriter, r *http.Request) {
	var rules []map[string]any
	if count := len(c.Required()); count > 0 {
		rules = append(rules, map[string]any{
			"kind": "require_passing_builds_to_merge", "branch_match_kind": "glob", "pattern": "main", "value": count,
		})
	}
	paged(w, r, rules, func(rule map[string]any) any { return rule })
}

func (c *cloud) members(w http.ResponseWriter, r *http.Request) {
	paged(w, r, []string{Me, Person}, func(name string) any { return map[string]any{"user": user(name)} })
}
