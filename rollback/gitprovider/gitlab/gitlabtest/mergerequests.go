package gitlabtest

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
)

// states are GitLab's words.
var states = map[gitprovider.State]string{gitprovider.Open: "opened", gitprovider.Merged: "merged", gitprovider.Closed: "closed"}

// request is a merge request as a list tells it.
func (s *Server) request(r *http.Request, pr forge.PullRequest) map[string]any {
	number := strconv.FormatInt(pr.Number, 10)
	reviewers := []map[string]any{}
	for _, name := range pr.Reviewers {
		reviewers = append(reviewers, map[string]any{"id": People[name], "username": name})
	}
	out := map[string]any{
		"id": 1000 + pr.Number, "iid": pr.Number, "state": states[pr.State], "title": pr.Title, "description": pr.Text,
		"source_branch": pr.Source, "target_branch": pr.Target, "source_project_id": 31, "target_project_id": 31,
		"labels": append([]string{}, pr.Labels...), "reviewers": reviewers, "sha": nil, "merge_commit_sha": nil,
		"detailed_merge_status": s.mergeStatus(pr), "web_url": "http://" + r.Host + "/" + Path + "/-/merge_requests/" + number,
	}
	if pr.Head != "" {
		out["sha"] = pr.Head
	}
	by := map[string]any{"id": 7, "username": pr.By}
	switch pr.State {
	case gitprovider.Merged:
		out["merge_user"] = by
		if !s.FastForward {
			out["merge_commit_sha"] = pr.MergeCommit
		}
	case gitprovider.Closed:
		out["closed_by"] = by
	}
	return out
}

// mergeStatus is what GitLab says of whether it would merge.
func (s *Server) mergeStatus(pr forge.PullRequest) string {
	s.turn.Lock()
	unchecked := s.Unchecked > 0
	s.turn.Unlock()
	blocked := s.Blocked(pr.Head)
	switch {
	case pr.State != gitprovider.Open:
		return "not_open"
	case unchecked:
		return "checking"
	case s.Status != "":
		return s.Status
	case s.FastForward && !s.Contains(pr.Head, s.Head(pr.Target)):
		return "need_rebase"
	case slices.Contains(blocked, forge.Approval):
		return "not_approved"
	case len(blocked) > 0:
		return "ci_must_pass"
	}
	return "mergeable"
}

func number(r *http.Request) int64 {
	n, _ := strconv.ParseInt(r.PathValue("number"), 10, 64)
	return n
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	fits := func(name, value string) bool { return !query.Has(name) || query.Get(name) == value }
	var all []map[string]any
	for _, pr := range s.List(func(pr forge.PullRequest) bool {
		return (query.Get("state") == "all" || fits("state", states[pr.State])) && fits("source_branch", pr.Source) && fits("target_branch", pr.Target)
	}) {
		all = append(all, s.request(r, pr))
	}
	page(w, r, all)
}

func (s *Server) open(w http.ResponseWriter, r *http.Request) {
	n, err := forge.Read[struct {
		Source                     string `json:"source_branch"`
		Target                     string `json:"target_branch"`
		Title, Description, Labels string
	}](r)
	if err != nil || n.Title == "" {
		Say(w, http.StatusBadRequest, "400 Bad request")
		return
	}
	pr, err := s.Open(gitprovider.NewPullRequest{Branch: n.Source, Base: n.Target, Title: n.Title, Body: n.Description, Labels: split(n.Labels)})
	switch {
	case errors.Is(err, forge.ErrDuplicate):
		Say(w, http.StatusConflict, []string{"Another open merge request already exists for this source branch: !" + strconv.FormatInt(pr.Number, 10)})
	case errors.Is(err, forge.ErrTitle):
		Say(w, http.StatusBadRequest, map[string]any{"title": []string{"is too long (maximum is 255 characters)"}})
	case err != nil:
		Say(w, http.StatusBadRequest, map[string]any{"target_branch": []string{"does not exist"}})
	default:
		forge.Write(w, http.StatusCreated, s.detailed(r, pr))
	}
}

func split(labels string) []string {
	return strings.FieldsFunc(labels, func(r rune) bool { return r == ',' })
}

// detailed is a merge request as it is told alone.
func (s *Server) detailed(r *http.Request, pr forge.PullRequest) map[string]any {
	out := s.request(r, pr)
	if status := s.pipeline(pr.Head); status != "" {
		out["head_pipeline"] = map[string]any{"id": 99, "status": status, "sha": pr.Head}
	}
	return out
}

// pipeline is the status of a commit's pipeline, which statuses make; "" where there is none.
func (s *Server) pipeline(commit string) string {
	if s.Pipeline != "" {
		return s.Pipeline
	}
	var said []string
	for _, status := range s.Statuses(commit) {
		said = append(said, statusStates[status.State])
	}
	for _, decisive := range []string{"failed", "canceled", "pending", "success"} {
		if slices.Contains(said, decisive) {
			return decisive
		}
	}
	return ""
}

// answer writes a merge request, or that there is none.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, pr forge.PullRequest, err error) {
	if err != nil {
		Say(w, http.StatusNotFound, "404 Not found")
		return
	}
	forge.Write(w, http.StatusOK, s.detailed(r, pr))
}

func (s *Server) get(w http.ResponseWriter, r *http.Request) {
	pr, err := s.Get(number(r))
	s.answer(w, r, pr, err)
}

func (s *Server) update(w http.ResponseWriter, r *http.Request) {
	change, err := forge.Read[struct {
		Description *string
		Event       string   `json:"state_event"`
		Labels      string   `json:"add_labels"`
		Reviewers   *[]int64 `json:"reviewer_ids"`
	}](r)
	if err != nil {
		Say(w, http.StatusBadRequest, "400 Bad request")
		return
	}
	if change.Event == "close" {
		s.Close(number(r), "assay-bot")
	}
	pr, err := s.Edit(number(r), func(pr *forge.PullRequest) {
		if change.Description != nil {
			pr.Text = *change.Description
		}
		for _, label := range split(change.Labels) {
			if !slices.Contains(pr.Labels, label) {
				pr.Labels = append(pr.Labels, label)
			}
		}
		if change.Reviewers != nil {
			pr.Reviewers = named(*change.Reviewers)
		}
	})
	s.answer(w, r, pr, err)
}

func (s *Server) note(w http.ResponseWriter, r *http.Request) {
	n, err := forge.Read[struct{ Body string }](r)
	if err == nil {
		_, err = s.Edit(number(r), func(pr *forge.PullRequest) { pr.Comments = append(pr.Comments, n.Body) })
	}
	if err != nil {
		Say(w, http.StatusNotFound, "404 Not found")
		return
	}
	forge.Write(w, http.StatusCreated, map[string]any{"id": 1, "body": n.Body})
}
