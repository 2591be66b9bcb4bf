package githubtest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
)

// Collaborators who may be asked for a review; a team is "team:" and its slug.
var Collaborators = []string{"bo", "team:platform"}

func (s *Server) askReviewers(w http.ResponseWriter, r *http.Request) {
	asked, err := forge.Read[struct {
		Reviewers []string
		Teams     []string `json:"team_reviewers"`
	}](r)
	if err != nil {
		Say(w, http.StatusBadRequest, "Problems parsing JSON")
		return
	}
	for _, team := range asked.Teams {
		asked.Reviewers = append(asked.Reviewers, "team:"+team)
	}
	for _, name := range asked.Reviewers {
		if !slices.Contains(Collaborators, name) {
			Say(w, http.StatusUnprocessableEntity,
				"Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the "+Owner+"/"+Name+" repository.")
			return
		}
	}
	pr, err := s.Edit(number(r), func(pr *forge.PullRequest) {
		for _, name := range asked.Reviewers {
			if !slices.Contains(pr.Reviewers, name) {
				pr.Reviewers = append(pr.Reviewers, name)
			}
		}
	})
	if err != nil {
		Say(w, http.StatusNotFound, "Not Found")
		return
	}
	forge.Write(w, http.StatusCreated, s.pull(r, pr))
}

func (s *Server) label(w http.ResponseWriter, r *http.Request) {
	s.turn.Lock()
	known := s.labels[r.PathValue("label")]
	s.turn.Unlock()
	if !known {
		Say(w, http.StatusNotFound, "Not Found")
		return
	}
	forge.Write(w, http.StatusOK, map[string]any{"name": r.PathValue("label")})
}

func (s *Server) makeLabel(w http.ResponseWriter, r *http.Request) {
	label, err := forge.Read[struct{ Name, Color string }](r)
	s.turn.Lock()
	defer s.turn.Unlock()
	switch {
	case err != nil || len(label.Color) != 6:
		Say(w, http.StatusUnprocessableEntity, "Validation Failed", map[string]string{"resource": "Label", "field": "color", "code": "invalid"})
	case s.labels[label.Name]:
		Say(w, http.StatusUnprocessableEntity, "Validation Failed", map[string]string{"resource": "Label", "field": "name", "code": "already_exists"})
	default:
		s.labels[label.Name] = true
		forge.Write(w, http.StatusCreated, label)
	}
}

func (s *Server) addLabels(w http.ResponseWriter, r *http.Request) {
	names, err := forge.Read[[]string](r)
	if err != nil {
		Say(w, http.StatusUnprocessableEntity, "Invalid request.")
		return
	}
	pr, err := s.Edit(number(r), func(pr *forge.PullRequest) {
		for _, name := range names {
			if !slices.Contains(pr.Labels, name) {
				pr.Labels = append(pr.Labels, name)
			}
		}
	})
	if err != nil {
		Say(w, http.StatusNotFound, "Not Found")
		return
	}
	forge.Write(w, http.StatusOK, s.pull(r, pr)["labels"])
}

func (s *Server) setStatus(w http.ResponseWriter, r *http.Request) {
	status, err := forge.Read[struct {
		State, Context, Description string
		URL                         string `json:"target_url"`
	}](r)
	states := map[string]gitprovider.StatusState{
		"pending": gitprovider.StatusPending, "success": gitprovider.StatusSuccess, "failure": gitprovider.StatusFailure, "error": gitprovider.StatusError,
	}
	switch {
	case err != nil || states[status.State] == "":
		Say(w, http.StatusUnprocessableEntity, "Validation Failed", map[string]string{"resource": "Status", "field": "state", "code": "invalid"})
		return
	case utf8.RuneCountInString(status.Description) > 140:
		Say(w, http.StatusUnprocessableEntity, "Validation Failed",
			map[string]string{"resource": "Status", "code": "custom", "message": "description is too long (maximum is 140 characters)"})
		return
	}
	commit := r.PathValue("commit")
	if err := s.SetStatus(commit, gitprovider.CommitStatus{
		Context: status.Context, State: states[status.State], Description: status.Description, URL: status.URL,
	}); err != nil {
		Say(w, http.StatusUnprocessableEntity, "No commit found for SHA: "+commit)
		return
	}
	forge.Write(w, http.StatusCreated, map[string]any{"state": status.State, "context": status.Context})
}

func (s *Server) statuses(w http.ResponseWriter, r *http.Request) {
	said := s.Statuses(r.PathValue("commit"))
	var all []map[string]any
	for _, context := range slices.Sorted(maps.Keys(said)) {
		all = append(all, map[string]any{"context": context, "state": strings.ToLower(string(said[context].State))})
	}
	page(w, r, all, func(some []map[string]any) any { return map[string]any{"statuses": some, "total_count": len(all)} })
}

func (s *Server) checkRuns(w http.ResponseWriter, r *http.Request) {
	var all []map[string]any
	for _, run := range s.Runs {
		if run.Commit == r.PathValue("commit") {
			all = append(all, map[string]any{"name": run.Name, "status": run.Status, "conclusion": run.Conclusion, "app": map[string]any{"id": run.App}})
		}
	}
	page(w, r, all, func(some []map[string]any) any { return map[string]any{"check_runs": some, "total_count": len(all)} })
}

func (s *Server) branch(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("branch")
	if s.Head(name) == "" {
		Say(w, http.StatusNotFound, "Branch not found")
		return
	}
	checks := []map[string]any{}
	for _, context := range s.Required() {
		checks = append(checks, map[string]any{"context": context, "app_id": nil})
	}
	forge.Write(w, http.StatusOK, map[string]any{
		"name": name, "commit": map[string]any{"sha": s.Head(name)}, "protected": len(checks) > 0,
		"protection": map[string]any{"enabled": len(checks) > 0, "required_status_checks": map[string]any{"enforcement_level": "non_admins", "checks": checks}},
	})
}

func (s *Server) rules(w http.ResponseWriter, r *http.Request) {
	if s.HideRules {
		w.Header().Set("X-Accepted-GitHub-Permissions", "metadata=read")
		Say(w, http.StatusForbidden, "Resource not accessible by integration")
		return
	}
	rule := func(kind string, parameters map[string]any) map[string]any {
		return map[string]any{"type": kind, "ruleset_id": 1, "ruleset_source": Owner, "ruleset_source_type": "Organization", "parameters": parameters}
	}
	all := []map[string]any{rule("deletion", nil)}
	for _, c := range s.Rules {
		check := map[string]any{"context": c.Name}
		if c.App != 0 {
			check["integration_id"] = c.App
		}
		all = append(all, rule("required_status_checks", map[string]any{
			"required_status_checks": []map[string]any{check}, "strict_required_status_checks_policy": false,
		}))
	}
	page(w, r, all, func(some []map[string]any) any { return some })
}
