// Package azuretest holds a server that answers as the API documents of Azure DevOps say, for tests. In go requests; out comes
// JSON about the pull requests of a forge, over a real bare repository. It knows one repository, and nothing that this
// module's provider does not ask for.
package azuretest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/google/uuid"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/core"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/git"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/webapi"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
)

// The repository that the server knows, and the people beside the one who asks.
const (
	Organization, Project, Name = "shop", "Web Shop", "config"
	Person                      = "ben@example.com"
	PersonID                    = "6b1ed2c5-6f3e-4c2b-9d0e-2a2f0a8b7c11"
	Me                          = "assay@example.com"
	projectID                   = "0f3ad1d2-9a2b-4c38-8f0a-6d3b7f1b2c55"
)

type server struct {
	*forge.Forge
	turn     sync.Mutex
	comments map[int64][]string // by pull request; each is a thread of its own, and an empty one was deleted
}

// resource is an API that the server has: its ID, area, name, the template of its paths, and what answers to which method.
type resource struct {
	id, area, name, template string
	answers                  map[string]http.HandlerFunc
}

const beneath = "{project}/_apis/{area}/repositories/{repositoryId}/"

func (s *server) resources() []resource {
	return []resource{
		{"e81700f7-3be2-46de-8624-2eb35882fcaa", "Location", "resourceAreas", "_apis/{resource}/{areaId}", map[string]http.HandlerFunc{"GET": s.areas}},
		{"28010c54-d0c0-4c89-a5b0-1c9e188b9fb7", "IMS", "identities", "_apis/{resource}/{identityId}", map[string]http.HandlerFunc{"GET": s.identities}},
		{"9946fd70-0d40-406e-b686-b4744cbbcc37", "git", "pullRequests", beneath + "{resource}/{pullRequestId}",
			map[string]http.HandlerFunc{"GET": s.read, "POST": s.open, "PATCH": s.patch}},
		{"f22387e3-984e-4c52-9c6d-fbb8f14c812d", "git", "pullRequestLabels", beneath + "pullRequests/{pullRequestId}/labels/{labelIdOrName}",
			map[string]http.HandlerFunc{"GET": s.labels, "POST": s.label}},
		{"4b6702c7-aa35-4b89-9c96-b9abf6d3e540", "git", "pullRequestReviewers", beneath + "pullRequests/{pullRequestId}/reviewers/{reviewerId}",
			map[string]http.HandlerFunc{"PUT": s.review}},
		{"ab6e2e5d-a0b7-4153-b64a-a4efe0d49449", "git", "pullRequestThreads", beneath + "pullRequests/{pullRequestId}/threads/{threadId}",
			map[string]http.HandlerFunc{"POST": s.thread}},
		{"965a3ec7-5ed8-455a-bdcb-835a5ea7fe7b", "git", "pullRequestThreadComments", beneath + "pullRequests/{pullRequestId}/threads/{threadId}/comments/{commentId}",
			map[string]http.HandlerFunc{"GET": s.comment, "PATCH": s.comment, "DELETE": s.comment}},
		{"428dd4fb-fda5-4722-af02-9313b80305da", "git", "statuses", beneath + "commits/{commitId}/{resource}", map[string]http.HandlerFunc{"POST": s.status}},
		{"2d874a60-a811-4f62-9c9f-963a6ea0a55b", "git", "refs", beneath + "{resource}", map[string]http.HandlerFunc{"GET": s.refs}},
		{"c23ddff5-229c-4d04-a80b-0fdce9f360c8", "policy", "evaluations", "{project}/_apis/{area}/{resource}/{evaluationId}",
			map[string]http.HandlerFunc{"GET": s.evaluations}},
	}
}

// New starts a server that answers as dev.azure.com does. Its one organization is beneath the path /shop.
func New(t testing.TB, f *forge.Forge) *httptest.Server {
	s := &server{Forge: f, comments: map[int64][]string{}}
	mux := http.NewServeMux()
	var locations []azuredevops.ApiResourceLocation
	for _, r := range s.resources() {
		locations = append(locations, azuredevops.ApiResourceLocation{
			Id: to(uuid.MustParse(r.id)), Area: &r.area, ResourceName: &r.name, RouteTemplate: &r.template,
			MinVersion: to("1.0"), MaxVersion: to("7.2"), ReleasedVersion: to("7.1"), ResourceVersion: to(1),
		})
		path := strings.NewReplacer("{area}", r.area, "{resource}", r.name).Replace(r.template)
		for method, answer := range r.answers {
			mux.HandleFunc(method+" /"+Organization+"/"+path, s.admitted(answer))
			if last := strings.LastIndex(path, "/{"); last > 0 { // the last one may be left out
				mux.HandleFunc(method+" /"+Organization+"/"+path[:last], s.admitted(answer))
			}
		}
	}
	mux.HandleFunc("OPTIONS /"+Organization+"/_apis", s.admitted(func(w http.ResponseWriter, _ *http.Request) { list(w, locations) }))
	listening := httptest.NewServer(mux)
	t.Cleanup(listening.Close)
	return listening
}

func to[T any](v T) *T { return &v }

// list writes a collection.
func list[T any](w http.ResponseWriter, values []T) {
	forge.Write(w, http.StatusOK, map[string]any{"count": len(values), "value": append([]T{}, values...)})
}

func exception(w http.ResponseWriter, status int, key, message string) {
	forge.Write(w, status, map[string]any{"$id": "1", "message": message, "typeKey": key, "errorCode": 0, "eventId": 3000})
}

// admitted looks at the token and the repository first.
func (s *server) admitted(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, repository := forge.Token(r), r.PathValue("repositoryId")
		switch {
		case token != forge.Right && token != forge.Weak:
			w.WriteHeader(http.StatusUnauthorized)
		case token == forge.Weak && r.Method != http.MethodGet && r.Method != http.MethodOptions:
			exception(w, http.StatusForbidden, "GitNeedsPermissionException", "TF401027: You need the Git 'PullRequestContribute' permission to perform this action.")
		case repository != "" && (repository != Name || r.PathValue("project") != Project):
			exception(w, http.StatusNotFound, "GitRepositoryNotFoundException",
				"TF401019: The Git repository with name or identifier "+repository+" does not exist or you do not have permissions for the operation you are attempting.")
		default:
			answer(w, r)
		}
	}
}

func number(r *http.Request) int64 {
	n, _ := strconv.ParseInt(r.PathValue("pullRequestId"), 10, 64)
	return n
}

func failed(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, forge.ErrNotFound):
		exception(w, http.StatusNotFound, "GitPullRequestNotFoundException", "TF401180: The requested pull request was not found.")
	case errors.Is(err, forge.ErrNoCommit):
		exception(w, http.StatusNotFound, "GitCommitDoesNotExistException", "TF401174: The commit does not exist.")
	case errors.Is(err, forge.ErrMoved):
		exception(w, http.StatusConflict, "GitPullRequestStaleException", "TF401192: The pull request has been updated since.")
	case errors.Is(err, forge.ErrBlocked):
		exception(w, http.StatusForbidden, "GitPullRequestUpdateRejectedByPolicyException", "Pull request update was rejected by policy.")
	default:
		exception(w, http.StatusBadRequest, "ArgumentException", err.Error())
	}
}

func commit(name string) *git.GitCommitRef {
	if name == "" {
		return nil
	}
	return &git.GitCommitRef{CommitId: &name}
}

func shown(pr forge.PullRequest) git.GitPullRequest {
	out := git.GitPullRequest{
		PullRequestId: to(int(pr.Number)), Title: &pr.Title, Description: &pr.Text, Status: &git.PullRequestStatusValues.Active,
		SourceRefName: to("refs/heads/" + pr.Source), TargetRefName: to("refs/heads/" + pr.Target), LastMergeSourceCommit: commit(pr.Head),
		MergeStatus: &git.PullRequestAsyncStatusValues.Succeeded,
		Repository:  &git.GitRepository{Name: to(Name), Project: &core.TeamProjectReference{Id: to(uuid.MustParse(projectID)), Name: to(Project)}},
	}
	if pr.State != gitprovider.Open {
		out.ClosedBy = &webapi.IdentityRef{UniqueName: &pr.By}
		out.Status = &git.PullRequestStatusValues.Abandoned
	}
	if pr.State == gitprovider.Merged {
		out.Status, out.LastMergeCommit = &git.PullRequestStatusValues.Completed, commit(pr.MergeCommit)
	}
	var reviewers []git.IdentityRefWithVote
	for _, id := range pr.Reviewers {
		reviewers = append(reviewers, git.IdentityRefWithVote{Id: &id, UniqueName: to(Person), Vote: to(0)})
	}
	out.Reviewers = &reviewers
	return out
}

// read answers with one, or with a page of a list, in which descriptions are cut.
func (s *server) read(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("pullRequestId") != "" {
		pr, err := s.Get(number(r))
		answered(w, pr, err, http.StatusOK)
		return
	}
	query := r.URL.Query()
	all := s.List(func(pr forge.PullRequest) bool {
		now, wanted := shown(pr), query.Get("searchCriteria.status")
		return (wanted == "all" || wanted == string(*now.Status)) &&
			(!query.Has("searchCriteria.sourceRefName") || query.Get("searchCriteria.sourceRefName") == *now.SourceRefName) &&
			(!query.Has("searchCriteria.targetRefName") || query.Get("searchCriteria.targetRefName") == *now.TargetRefName)
	})
	page, _ := forge.Page(all, forge.Number(r, "$skip", 0), forge.Number(r, "$top", 101))
	var values []git.GitPullRequest
	for _, pr := range page {
		text := []rune(pr.Text)
		pr.Text = string(text[:min(len(text), 400)])
		values = append(values, shown(pr))
	}
	list(w, values)
}

// length is how many characters the server counts.
func length(text string) int { return len(utf16.Encode([]rune(text))) }

func answered(w http.ResponseWriter, pr forge.PullRequest, err error, status int) {
	if err != nil {
		failed(w, err)
		return
	}
	forge.Write(w, status, shown(pr))
}

func (s *server) open(w http.ResponseWriter, r *http.Request) {
	asked, err := forge.Read[git.GitPullRequest](r)
	if err == nil && length(*asked.Description) > 4000 {
		err = errors.New("the description is too long")
	}
	if err != nil {
		failed(w, err)
		return
	}
	branch := func(ref *string) string { return strings.TrimPrefix(*ref, "refs/heads/") }
	pr, err := s.Open(gitprovider.NewPullRequest{
		Branch: branch(asked.SourceRefName), Base: branch(asked.TargetRefName), Title: *asked.Title, Body: *asked.Description,
	})
	switch {
	case errors.Is(err, forge.ErrDuplicate):
		exception(w, http.StatusConflict, "GitPullRequestExistsException", "TF401179: An active pull request for the source and target branch already exists.")
	case errors.Is(err, forge.ErrNoBranch):
		exception(w, http.StatusBadRequest, "GitPullRequestCannotBeActivated",
			"TF401398: The pull request cannot be activated because the source and/or the target branch no longer exists.")
	case errors.Is(err, forge.ErrTitle):
		exception(w, http.StatusBadRequest, "InvalidArgumentValueException", "A title must not be longer than 400 characters.")
	default:
		answered(w, pr, err, http.StatusCreated)
	}
}

// patch edits, abandons or completes. What is completed shows so when it is read the next time.
func (s *server) patch(w http.ResponseWriter, r *http.Request) {
	asked, err := forge.Read[git.GitPullRequest](r)
	if err != nil {
		failed(w, err)
		return
	}
	switch {
	case asked.Status == nil && asked.Description != nil && length(*asked.Description) <= 4000:
		pr, err := s.Edit(number(r), func(pr *forge.PullRequest) { pr.Text = *asked.Description })
		answered(w, pr, err, http.StatusOK)
	case asked.Status != nil && *asked.Status == git.PullRequestStatusValues.Abandoned:
		pr, err := s.Close(number(r), Me)
		answered(w, pr, err, http.StatusOK)
	case asked.Status != nil && *asked.Status == git.PullRequestStatusValues.Completed && asked.LastMergeSourceCommit != nil:
		before, _ := s.Get(number(r))
		if _, err := s.Merge(number(r), *asked.LastMergeSourceCommit.CommitId, Me); err != nil {
			failed(w, err)
			return
		}
		queued := shown(before)
		queued.MergeStatus = &git.PullRequestAsyncStatusValues.Queued
		forge.Write(w, http.StatusOK, queued)
	default:
		failed(w, errors.New("nothing that can be updated"))
	}
}

func (s *server) labels(w http.ResponseWriter, r *http.Request) {
	pr, err := s.Get(number(r))
	if err != nil {
		failed(w, err)
		return
	}
	var labels []core.WebApiTagDefinition
	for _, name := range pr.Labels {
		labels = append(labels, core.WebApiTagDefinition{Name: &name, Active: to(true)})
	}
	list(w, labels)
}

func (s *server) label(w http.ResponseWriter, r *http.Request) {
	asked, err := forge.Read[core.WebApiCreateTagRequestData](r)
	if err == nil {
		_, err = s.Edit(number(r), func(pr *forge.PullRequest) { pr.Label(*asked.Name) })
	}
	if err != nil {
		failed(w, err)
		return
	}
	forge.Write(w, http.StatusOK, core.WebApiTagDefinition{Name: asked.Name, Active: to(true)})
}

func (s *server) review(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("reviewerId")
	if id != PersonID {
		exception(w, http.StatusNotFound, "IdentityNotFoundException", "The identity does not exist.")
		return
	}
	_, err := s.Edit(number(r), func(pr *forge.PullRequest) { pr.Reviewers = append(pr.Reviewers, id) })
	if err != nil {
		failed(w, err)
		return
	}
	forge.Write(w, http.StatusOK, git.IdentityRefWithVote{Id: &id, Vote: to(0)})
}

func (s *server) refs(w http.ResponseWriter, r *http.Request) {
	var refs []git.GitRef
	if branch := strings.TrimPrefix(r.URL.Query().Get("filter"), "heads/"); s.Head(branch) != "" {
		refs = append(refs, git.GitRef{Name: to("refs/heads/" + branch)})
	}
	list(w, refs)
}

func (s *server) areas(w http.ResponseWriter, r *http.Request) {
	list(w, []azuredevops.ResourceAreaInfo{{
		Id: to(uuid.MustParse("8a3d49b8-91f0-46ef-b33d-dda338c25db3")), Name: to("IMS"), LocationUrl: to("http://" + r.Host + "/" + Organization),
	}})
}

func (s *server) identities(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Query().Get("filterValue") {
	case Person, fmt.Sprintf(`[%s]\sre`, Project):
		list(w, []map[string]string{{"id": PersonID}})
	default:
		list(w, []map[string]string{})
	}
}

// thread begins one with a comment.
func (s *server) thread(w http.ResponseWriter, r *http.Request) {
	asked, err := forge.Read[git.GitPullRequestCommentThread](r)
	if err == nil {
		_, err = s.Get(number(r))
	}
	if err != nil {
		failed(w, err)
		return
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	s.comments[number(r)] = append(s.comments[number(r)], *(*asked.Comments)[0].Content)
	asked.Id, (*asked.Comments)[0].Id = to(len(s.comments[number(r)])), to(1)
	forge.Write(w, http.StatusOK, asked)
}

// comment reads, edits or deletes the one of a thread.
func (s *server) comment(w http.ResponseWriter, r *http.Request) {
	s.turn.Lock()
	defer s.turn.Unlock()
	said := s.comments[number(r)]
	thread, err := strconv.Atoi(r.PathValue("threadId"))
	if err != nil || thread < 1 || thread > len(said) || r.PathValue("commentId") != "1" {
		failed(w, forge.ErrNotFound)
		return
	}
	var change git.Comment
	switch r.Method {
	case http.MethodDelete:
		said[thread-1] = ""
	case http.MethodPatch:
		if err := json.NewDecoder(r.Body).Decode(&change); err != nil {
			failed(w, err)
			return
		}
		if said[thread-1] == "" {
			failed(w, forge.ErrNotFound)
			return
		}
		said[thread-1] = *change.Content
	}
	answer := git.Comment{Id: to(1), Content: &said[thread-1]}
	if said[thread-1] == "" {
		answer.Content, answer.IsDeleted = nil, to(true)
	}
	forge.Write(w, http.StatusOK, answer)
}
