package rollback

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Claim says on whose behalf a Proposal is open. Several environments, also of several instances of Assay, may share one.
type Claim struct {
	Environment string `json:"environment"`
	Gate        string `json:"gate"`
	Incident    string `json:"incident"`
	// ByItself says that as far as this claim goes, policy may merge the Proposal.
	ByItself bool `json:"byItself"`
}

// A claim stands in the body as a comment that the page does not show.
const (
	claimBegin = "<!-- assay:claim "
	claimEnd   = " -->"
)

var claimLine = regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(claimBegin) + `(.*)$`)

// String is the claim as it stands in a body. JSON escapes the angle brackets, so that no name can end the comment.
func (c Claim) String() string {
	text, _ := json.Marshal(c) // strings and a bool, so it encodes
	return claimBegin + string(text) + claimEnd
}

// claims reads the claims in a body.
func claims(body string) (all []Claim, err error) {
	for _, match := range claimLine.FindAllStringSubmatch(strings.ReplaceAll(body, "\r\n", "\n"), -1) {
		var c Claim
		if err := json.Unmarshal([]byte(strings.TrimSuffix(match[1], claimEnd)), &c); err != nil {
			return nil, fmt.Errorf("read the claim %q: %w", match[1], err)
		}
		all = append(all, c)
	}
	return all, nil
}

// claimsAgainst says which claim leaves a Proposal to a person. What cannot be read, or is gone from the text, is against it.
func claimsAgainst(body string) string {
	all, err := claims(body)
	if err != nil {
		return "what environments say about this proposal cannot be read: " + err.Error()
	}
	if len(all) == 0 {
		return "the text no longer says on whose behalf the proposal is open, which leaves the merge to a person"
	}
	for _, c := range all {
		if !c.ByItself {
			return fmt.Sprintf("gate %s in %s leaves the merge to a person", c.Gate, c.Environment)
		}
	}
	return ""
}

// maxBody is the length of a body that all providers take, in bytes.
const maxBody = 60_000

// separator stands between what several claims say in one body.
const separator = "\n\n---\n\n"

// addClaim joins a body to that of a Proposal that is open already. What stands there on behalf of the same claim gives way to it where
// anew is set; else only the claim itself is brought up to date. Where all becomes too long, nothing is added but the claim.
func addClaim(there, body string, anew bool) string {
	there, body = strings.ReplaceAll(there, "\r\n", "\n"), strings.TrimSpace(body)
	if strings.TrimSpace(there) == "" {
		return body
	}
	_, err := claims(there)
	added, addedErr := claims(body)
	if err != nil || addedErr != nil || len(added) != 1 {
		return there // and claimsAgainst keeps it from being merged
	}
	own := added[0]
	parts := strings.Split(there, separator)
	for i, part := range parts {
		known, _ := claims(part)
		at := slices.IndexFunc(known, own.about)
		switch {
		case at < 0:
			continue
		case anew && len(known) == 1:
			parts[i] = said(part, body)
		default:
			parts[i] = strings.Replace(part, known[at].String(), own.String(), 1)
		}
		if together := strings.Join(parts, separator); len(together) <= maxBody {
			return together
		}
		return strings.Replace(there, known[at].String(), own.String(), 1)
	}
	if together := there + separator + body; len(together) <= maxBody {
		return together
	}
	return there + "\n" + own.String() + "\n"
}

// ClaimsOtherwise tells whether a body holds a claim on the same behalf that says something else. One that people took out is not missed.
func ClaimsOtherwise(body string, c Claim) bool {
	all, err := claims(body)
	return err == nil && slices.ContainsFunc(all, func(known Claim) bool { return known.about(c) && known != c })
}

// removeClaim takes a claim out of a body and says why it is gone; left counts the others.
func removeClaim(there string, own Claim, why string) (body string, left int) {
	there = strings.ReplaceAll(there, "\r\n", "\n")
	all, err := claims(there)
	if err != nil {
		return there, 0
	}
	for _, c := range all {
		if !own.about(c) {
			left++
			continue
		}
		there = strings.Replace(there, c.String(), fmt.Sprintf("**Gate %s in %s no longer asks for this:** %s",
			code(own.Gate), code(own.Environment), inert(why)), 1)
	}
	return there, left
}

// A note stands in a body, unseen on the page, of what was said in a comment, so that it is said once.
const noteBegin = "<!-- assay:said "

var noteLine = regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(noteBegin) + `.*$`)

func note(key string) string { return noteBegin + strings.ReplaceAll(key, "--", "") + claimEnd }

// said keeps the notes of a text that gives way to another.
func said(before, now string) string {
	if notes := noteLine.FindAllString(before, -1); len(notes) > 0 {
		return now + "\n" + strings.Join(notes, "\n")
	}
	return now
}

// about tells whether two claims are on the same behalf.
func (c Claim) about(other Claim) bool {
	other.ByItself = c.ByItself
	return c == other
}
