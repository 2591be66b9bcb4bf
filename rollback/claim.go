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

// addClaim joins a body to that of a Proposal that is open already. A claim that stands there already is brought up to date; where all do, or
// the text would become too long, nothing else is added but the claims themselves.
func addClaim(there, body string) string {
	if there == "" {
		return body
	}
	known, err := claims(there)
	added, addedErr := claims(body)
	if err != nil || addedErr != nil {
		return there // and claimsAgainst keeps it from being merged
	}
	var missing []string
	for _, c := range added {
		i := slices.IndexFunc(known, c.about)
		if i < 0 {
			missing = append(missing, c.String())
			continue
		}
		there = strings.Replace(there, known[i].String(), c.String(), 1)
	}
	switch together := there + "\n\n---\n\n" + body; {
	case len(missing) == 0:
		return there
	case len(together) > maxBody:
		return there + "\n" + strings.Join(missing, "\n") + "\n"
	default:
		return together
	}
}

// about tells whether two claims are on the same behalf.
func (c Claim) about(other Claim) bool {
	other.ByItself = c.ByItself
	return c == other
}
