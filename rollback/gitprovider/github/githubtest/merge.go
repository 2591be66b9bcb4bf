package githubtest

import (
	"errors"
	"net/http"
	"slices"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/bare"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
)

// What the settings call the ways to merge, and what GitHub says where one is not allowed.
var (
	settings = map[bare.Style]string{bare.Merge: "allow_merge_commit", bare.Squash: "allow_squash_merge", bare.Rebase: "allow_rebase_merge"}
	refusals = map[bare.Style]string{
		bare.Merge:  "Merge commits are not allowed on this repository.",
		bare.Squash: "Squash merges are not allowed on this repository.",
		bare.Rebase: "Rebase merges are not allowed on this repository.",
	}
)

func (s *Server) allows(style bare.Style) bool { return slices.Contains(s.Methods, style) }

func (s *Server) merge(w http.ResponseWriter, r *http.Request) {
	asked, err := forge.Read[struct {
		SHA    string
		Method bare.Style `json:"merge_method"`
	}](r)
	if err != nil {
		Say(w, http.StatusBadRequest, "Problems parsing JSON")
		return
	}
	pr, err := s.Get(number(r))
	if err != nil {
		Say(w, http.StatusNotFound, "Not Found")
		return
	}
	if refusal := s.refuses(pr, asked.Method); refusal != "" {
		Say(w, http.StatusMethodNotAllowed, refusal)
		return
	}
	if asked.Method == bare.Merge {
		pr, err = s.Merge(pr.Number, asked.SHA, "assay[bot]")
	} else if asked.SHA != pr.Head {
		err = forge.ErrMoved
	} else {
		pr, err = s.mergeOtherwise(pr, asked.Method)
	}
	switch {
	case errors.Is(err, forge.ErrMoved):
		Say(w, http.StatusConflict, "Head branch was modified. Review and try the merge again.")
	case err != nil:
		Say(w, http.StatusMethodNotAllowed, "Pull Request is not mergeable")
	default:
		forge.Write(w, http.StatusOK, map[string]any{"sha": pr.MergeCommit, "merged": true, "message": "Pull Request successfully merged"})
	}
}

// refuses says what keeps a pull request from being merged in a way.
func (s *Server) refuses(pr forge.PullRequest, style bare.Style) string {
	blocked := s.Blocked(pr.Head)
	switch {
	case !s.allows(style):
		return refusals[style]
	case s.Linear && style == bare.Merge:
		return "Repository rule violations found\n\nThis branch must not contain merge commits."
	case slices.Contains(blocked, forge.Approval):
		return "At least 1 approving review is required by reviewers with write access."
	case len(blocked) > 0:
		return `Required status check "` + blocked[0] + `" is expected.`
	}
	return ""
}

func (s *Server) mergeOtherwise(pr forge.PullRequest, style bare.Style) (forge.PullRequest, error) {
	commit, err := s.Repository.Merge(pr.Target, pr.Head, style, pr.Title)
	if err != nil {
		return pr, err
	}
	return s.Edit(pr.Number, func(pr *forge.PullRequest) {
		pr.State, pr.MergeCommit, pr.By = gitprovider.Merged, commit, "assay[bot]"
	})
}
