package bitbuckettest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
)

// Context is the path that the Data Center's pages and APIs are under.
const Context = "/bitbucket"

// DataCenter starts a server that answers as Bitbucket Data Center 8 does.
func DataCenter(t testing.TB, f *forge.Forge) *httptest.Server {
	d := &dataCenter{Forge: f, comments: map[int64]*comment{}}
	mux := http.NewServeMux()
	for pattern, answer := range map[string]http.HandlerFunc{
		"GET ":                                              d.repository,
		"GET /commits/{commit}":                             d.commit,
		"GET /settings/reviewer-groups":                     d.groups,
		"GET /pull-requests":                                d.list,
		"POST /pull-requests":                               d.open,
		"GET /pull-requests/{number}":                       d.get,
		"PUT /pull-requests/{number}":                       d.put,
		"POST /pull-requests/{number}/comments":             d.say,
		"GET /pull-requests/{number}/comments/{comment}":    d.comment,
		"PUT /pull-requests/{number}/comments/{comment}":    d.comment,
		"DELETE /pull-requests/{number}/comments/{comment}": d.comment,
		"GET /pull-requests/{number}/activities":            d.activities,
		"GET /pull-requests/{number}/merge":                 d.canMerge,
		"POST /pull-requests/{number}/merge":                d.merge,
		"POST /pull-requests/{number}/decline":              d.decline,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+Context+"/rest/api/1.0/projects/{owner}/repos/{name}"+path, d.admitted(answer))
	}
	mux.HandleFunc("GET "+Context+"/rest/build-status/1.0/commits/{commit}", d.admitted(d.statuses))
	mux.HandleFunc("POST "+Context+"/rest/build-status/1.0/commits/{commit}", d.admitted(d.setStatus))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

type dataCenter struct {
	*forge.Forge
	turn     sync.Mutex
	comments map[int64]*comment
}

// comment on a pull request.
type comment struct {
	ID      int64  `json:"id"`
	Version int    `json:"version"`
	Text    string `json:"text"`
}

// Longest is how many characters a description or a comment may have.
const Longest = 32768

// tooLong refuses a text, which it answers itself.
func tooLong(w http.ResponseWriter, text string) bool {
	long := len(utf16.Encode([]rune(text))) > Longest
	if long {
		exception(w, http.StatusBadRequest, "ArgumentValidationException", "Please enter a text that is no longer than 32768 characters.", nil)
	}
	return long
}

func exception(w http.ResponseWriter, status int, name, message string, more map[string]any) {
	said := map[string]any{"context": nil, "message": message, "exceptionName": "com.atlassian.bitbucket." + name}
	for k, v := range more {
		said[k] = v
	}
	forge.Write(w, status, map[string]any{"errors": []any{said}})
}

// admitted looks at the token and the repository first.
func (d *dataCenter) admitted(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := forge.Token(r)
		switch {
		case token != forge.Right && token != forge.Weak:
			exception(w, http.StatusUnauthorized, "IncorrectPasswordAuthenticationException", "Authentication failed. Please check your credentials and try again.", nil)
		case token == forge.Weak && r.Method != http.MethodGet:
			exception(w, http.StatusUnauthorized, "AuthorisationException", "You are not permitted to access this resource", nil)
		case r.PathValue("owner") != "" && r.PathValue("owner")+"/"+r.PathValue("name") != Owner+"/"+Name:
			exception(w, http.StatusNotFound, "repository.NoSuchRepositoryException", "Repository "+r.PathValue("owner")+"/"+r.PathValue("name")+" does not exist.", nil)
		default:
			answer(w, r)
		}
	}
}

func (d *dataCenter) failed(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, forge.ErrNotFound):
		exception(w, http.StatusNotFound, "pull.NoSuchPullRequestException", "No pull request exists with this ID.", nil)
	case errors.Is(err, forge.ErrNoCommit):
		exception(w, http.StatusNotFound, "commit.NoSuchCommitException", "Commit does not exist in the repository.", nil)
	case errors.Is(err, forge.ErrClosed):
		exception(w, http.StatusConflict, "pull.IllegalPullRequestStateException", "This pull request is not open.", nil)
	default:
		exception(w, http.StatusBadRequest, "ArgumentValidationException", err.Error(), nil)
	}
}

func (d *dataCenter) shown(pr forge.PullRequest) map[string]any {
	ref := func(branch, commit string) map[string]any {
		return map[string]any{
			"id": "refs/heads/" + branch, "displayId": branch, "latestCommit": commit,
			"repository": map[string]any{"slug": Name, "project": map[string]any{"key": Owner}},
		}
	}
	reviewers := []any{}
	for _, name := range pr.Reviewers {
		reviewers = append(reviewers, map[string]any{"user": map[string]any{"name": name}, "role": "REVIEWER"})
	}
	out := map[string]any{
		"id": pr.Number, "version": pr.Version, "title": pr.Title, "description": pr.Text, "state": "OPEN",
		"fromRef": ref(pr.Source, pr.Head), "toRef": ref(pr.Target, d.Head(pr.Target)), "reviewers": reviewers,
		"links": map[string]any{"self": []any{map[string]any{"href": fmt.Sprintf("https://git.example.com/projects/%s/repos/%s/pull-requests/%d", Owner, Name, pr.Number)}}},
	}
	switch pr.State {
	case gitprovider.Merged:
		out["state"], out["properties"] = "MERGED", map[string]any{"mergeCommit": map[string]any{"id": pr.MergeCommit}}
	case gitprovider.Closed:
		out["state"] = "DECLINED"
	}
	return out
}

// dcPaged writes a page of a list, and where the next one starts.
func dcPaged[T any](w http.ResponseWriter, r *http.Request, all []T, show func(T) any) {
	start := forge.Number(r, "start", 0)
	page, more := forge.Page(all, start, forge.Number(r, "limit", 25))
	values := make([]any, len(page))
	for i, v := range page {
		values[i] = show(v)
	}
	out := map[string]any{"values": values, "start": start, "size": len(page), "isLastPage": !more, "nextPageStart": nil}
	if more {
		out["nextPageStart"] = start + len(page)
	}
	forge.Write(w, http.StatusOK, out)
}

func (d *dataCenter) repository(w http.ResponseWriter, _ *http.Request) {
	forge.Write(w, http.StatusOK, map[string]any{"slug": Name})
}

func (d *dataCenter) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	at, state := strings.TrimPrefix(query.Get("at"), "refs/heads/"), query.Get("state")
	list := d.List(func(pr forge.PullRequest) bool {
		branch := pr.Target
		if query.Get("direction") == "OUTGOING" {
			branch = pr.Source
		}
		return branch == at && (state == "ALL" || state == d.shown(pr)["state"])
	})
	if query.Get("order") == "OLDEST" {
		slices.Reverse(list)
	}
	dcPaged(w, r, list, func(pr forge.PullRequest) any { return d.shown(pr) })
}

func (d *dataCenter) open(w http.ResponseWriter, r *http.Request) {
	asked, err := forge.Read[struct {
		Title, Description string
		FromRef, ToRef     struct{ ID string }
	}](r)
	if err != nil {
		d.failed(w, err)
		return
	}
	if tooLong(w, asked.Description) {
		return
	}
	pr, err := d.Open(gitprovider.NewPullRequest{
		Branch: strings.TrimPrefix(asked.FromRef.ID, "refs/heads/"), Base: strings.TrimPrefix(asked.ToRef.ID, "refs/heads/"), Title: asked.Title, Body: asked.Description,
	})
	switch {
	case errors.Is(err, forge.ErrDuplicate):
		exception(w, http.StatusConflict, "pull.DuplicatePullRequestException", "Only one pull request may be open for a given source and target branch",
			map[string]any{"existingPullRequest": d.shown(pr)})
	case errors.Is(err, forge.ErrTitle):
		exception(w, http.StatusBadRequest, "validation.ArgumentValidationException", "The title must be 255 characters or less.", nil)
	case err != nil:
		exception(w, http.StatusNotFound, "repository.NoSuchBranchException", "Branch "+asked.FromRef.ID+" does not exist in this repository.", nil)
	default:
		forge.Write(w, http.StatusCreated, d.shown(pr))
	}
}

func (d *dataCenter) answer(w http.ResponseWriter, pr forge.PullRequest, err error) {
	if err != nil {
		d.failed(w, err)
		return
	}
	forge.Write(w, http.StatusOK, d.shown(pr))
}

func (d *dataCenter) get(w http.ResponseWriter, r *http.Request) {
	pr, err := d.Get(number(r))
	d.answer(w, pr, err)
}

// current refuses a request for an older version of a pull request, which it answers itself.
func (d *dataCenter) current(w http.ResponseWriter, number int64, version int) bool {
	pr, err := d.Get(number)
	switch {
	case err != nil:
		d.failed(w, err)
	case pr.Version != version:
		exception(w, http.StatusConflict, "pull.PullRequestOutOfDateException", "You are attempting to modify a pull request based on out-of-date information.",
			map[string]any{"currentVersion": pr.Version, "expectedVersion": version})
	default:
		return true
	}
	return false
}

func (d *dataCenter) put(w http.ResponseWriter, r *http.Request) {
	asked, err := forge.Read[struct {
		Version            int
		Title, Description string
		Reviewers          []struct{ User struct{ Name string } }
	}](r)
	if err != nil {
		d.failed(w, err)
		return
	}
	if tooLong(w, asked.Description) || !d.current(w, number(r), asked.Version) {
		return
	}
	var reviewers []string
	for _, who := range asked.Reviewers {
		if who.User.Name != Person {
			exception(w, http.StatusConflict, "pull.InvalidPullRequestReviewersException", who.User.Name+" is not a user.", nil)
			return
		}
		reviewers = append(reviewers, who.User.Name)
	}
	pr, err := d.Edit(number(r), func(pr *forge.PullRequest) {
		pr.Title, pr.Text, pr.Reviewers = asked.Title, asked.Description, reviewers
	})
	d.answer(w, pr, err)
}

func (d *dataCenter) say(w http.ResponseWriter, r *http.Request) {
	asked, err := forge.Read[comment](r)
	if err == nil {
		_, err = d.Get(number(r))
	}
	if err != nil {
		d.failed(w, err)
		return
	}
	if tooLong(w, asked.Text) {
		return
	}
	d.turn.Lock()
	defer d.turn.Unlock()
	asked.ID = int64(len(d.comments) + 1)
	d.comments[asked.ID] = &asked
	forge.Write(w, http.StatusCreated, asked)
}

// comment reads, edits or deletes one.
func (d *dataCenter) comment(w http.ResponseWriter, r *http.Request) {
	d.turn.Lock()
	defer d.turn.Unlock()
	id, err := strconv.ParseInt(r.PathValue("comment"), 10, 64)
	said := d.comments[id]
	if err != nil || said == nil {
		exception(w, http.StatusNotFound, "comment.NoSuchCommentException", "The comment does not exist.", nil)
		return
	}
	asked, version := *said, forge.Number(r, "version", -1)
	if r.Method == http.MethodPut {
		if asked, err = forge.Read[comment](r); err != nil {
			d.failed(w, err)
			return
		}
		version = asked.Version
	}
	switch {
	case r.Method != http.MethodGet && version != said.Version:
		exception(w, http.StatusConflict, "comment.CommentOutOfDateException", "You are attempting to modify a comment based on out-of-date information.", nil)
		return
	case r.Method == http.MethodDelete:
		delete(d.comments, id)
		w.WriteHeader(http.StatusNoContent)
		return
	case r.Method == http.MethodPut && tooLong(w, asked.Text):
		return
	case r.Method == http.MethodPut:
		said.Text, said.Version = asked.Text, said.Version+1
	}
	forge.Write(w, http.StatusOK, said)
}

func (d *dataCenter) activities(w http.ResponseWriter, r *http.Request) {
	pr, err := d.Get(number(r))
	if err != nil {
		d.failed(w, err)
		return
	}
	happened := []map[string]any{{"action": "OPENED", "user": map[string]any{"name": Me}}}
	if action := d.shown(pr)["state"]; action != "OPEN" {
		happened = append([]map[string]any{{"action": action, "user": map[string]any{"name": pr.By}}}, happened...)
	}
	dcPaged(w, r, happened, func(a map[string]any) any { return a })
}

func (d *dataCenter) vetoes(pr forge.PullRequest) (vetoes []any) {
	for _, reason := range d.Blocked(pr.Head) {
		vetoes = append(vetoes, map[string]any{"summaryMessage": "Not all required checks are successful: " + reason, "detailedMessage": "You cannot merge this pull request."})
	}
	return vetoes
}

func (d *dataCenter) canMerge(w http.ResponseWriter, r *http.Request) {
	pr, err := d.Get(number(r))
	if err != nil || pr.State != gitprovider.Open {
		d.failed(w, errors.Join(err, forge.ErrClosed))
		return
	}
	vetoes := d.vetoes(pr)
	forge.Write(w, http.StatusOK, map[string]any{"canMerge": len(vetoes) == 0, "conflicted": false, "outcome": "CLEAN", "vetoes": append([]any{}, vetoes...)})
}

func (d *dataCenter) merge(w http.ResponseWriter, r *http.Request) {
	if !d.current(w, number(r), forge.Number(r, "version", -1)) {
		return
	}
	pr, err := d.Merge(number(r), "", Me)
	if errors.Is(err, forge.ErrBlocked) {
		now, _ := d.Get(number(r))
		exception(w, http.StatusConflict, "pull.PullRequestMergeVetoedException", "Merging the pull request was vetoed.", map[string]any{"vetoes": d.vetoes(now)})
		return
	}
	d.answer(w, pr, err)
}

func (d *dataCenter) decline(w http.ResponseWriter, r *http.Request) {
	if !d.current(w, number(r), forge.Number(r, "version", -1)) {
		return
	}
	pr, err := d.Close(number(r), Me)
	d.answer(w, pr, err)
}

func (d *dataCenter) commit(w http.ResponseWriter, r *http.Request) {
	if !d.Has(r.PathValue("commit")) {
		d.failed(w, forge.ErrNoCommit)
		return
	}
	parents := []any{}
	for _, p := range d.Parents(r.PathValue("commit")) {
		parents = append(parents, map[string]any{"id": p})
	}
	forge.Write(w, http.StatusOK, map[string]any{"id": r.PathValue("commit"), "parents": parents})
}

func (d *dataCenter) groups(w http.ResponseWriter, r *http.Request) {
	dcPaged(w, r, []string{"sre"}, func(name string) any {
		return map[string]any{"id": strconv.Itoa(len(name)), "name": name, "users": []any{map[string]any{"name": Person}}}
	})
}

func (d *dataCenter) statuses(w http.ResponseWriter, r *http.Request) {
	dcPaged(w, r, statusesOf(d.Forge, r.PathValue("commit")), func(s map[string]string) any { return s })
}

// setStatus takes a status of a commit that it does not know, too.
func (d *dataCenter) setStatus(w http.ResponseWriter, r *http.Request) {
	asked, err := forge.Read[map[string]string](r)
	if err == nil && (asked["url"] == "" || asked["key"] == "" || asked["state"] == "") {
		err = errors.New("url, key and state are required")
	}
	if err == nil {
		err = d.SetStatus(r.PathValue("commit"), statusOf(asked))
	}
	if err != nil && !errors.Is(err, forge.ErrNoCommit) {
		d.failed(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
