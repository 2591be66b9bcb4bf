package gitlab

// What GitLab says of whether a merge request can be merged: https://docs.gitlab.com/api/merge_requests/#merge-status.

// undecided are the merge statuses with which a refusal is not the last word: GitLab is still checking, or has
// found meanwhile that all is well.
var undecided = map[string]bool{"": true, "unchecked": true, "checking": true, "preparing": true, "approvals_syncing": true, "mergeable": true}

// awaitsPipeline are the merge statuses with which GitLab waits for the pipeline of the head, whatever the last
// one that it tells of came to.
var awaitsPipeline = map[string]bool{"ci_must_pass": true, "ci_still_running": true}

// missing are what people or other programs have yet to do, by merge status.
var missing = map[string]string{
	"not_approved":               "an approval",
	"requested_changes":          "the changes that a reviewer asked for",
	"discussions_not_resolved":   "discussions to be resolved",
	"status_checks_must_pass":    "external status checks",
	"security_policy_violations": "the security policies",
	"jira_association_missing":   "a Jira issue in title or text",
	"merge_request_blocked":      "another merge request that comes first",
	"merge_time":                 "the time that it may be merged at",
	"locked_paths":               "files that somebody locked",
	"locked_lfs_files":           "LFS files that somebody locked",
	"title_regex":                "a title as the project asks for",
}

// reasonOf is a merge status in words.
func reasonOf(status string) string {
	if what := missing[status]; what != "" {
		return "it waits for " + what + " (" + status + ")"
	}
	switch status {
	case "ci_must_pass":
		return "its pipeline must succeed (ci_must_pass)"
	case "ci_still_running":
		return "its pipeline is still running (ci_still_running)"
	case "conflict":
		return "it conflicts with the target branch (conflict)"
	case "need_rebase":
		return "it must be rebased first (need_rebase)"
	case "draft_status":
		return "it is a draft (draft_status)"
	case "", "mergeable":
		return "GitLab does not say why"
	}
	return "GitLab says " + status
}
