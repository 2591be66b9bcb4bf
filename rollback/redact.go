package rollback

import "regexp"

// redacted stands where a secret was.
const redacted = "***"

// secretShapes are what credentials look like, wherever they come from. The secret stands between the first group and the second, which may
// be left out. A pull request is read by more people than the report of a test, so what looks like one is left out, though it may be none.
var secretShapes = []*regexp.Regexp{
	regexp.MustCompile(`()-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)`),
	regexp.MustCompile(`()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?`),                    // JSON Web Tokens
	regexp.MustCompile(`()\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk_live_|hvs\.)[A-Za-z0-9_.-]{10,}`), // GitHub, GitLab, Slack, Stripe, Vault
	regexp.MustCompile(`()\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`),                                                     // AWS
	regexp.MustCompile(`(?i)(\b(?:bearer|basic)\s+)[A-Za-z0-9+/_.=~-]{8,}`),
	regexp.MustCompile(`([a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(@)`),
	regexp.MustCompile(`(?i)(\b[\w.-]*(?:password|passwd|secret|token|api[_-]?key|credential)s?["']?\s*[:=]\s*["']?)[^\s"',;&]{4,}`),
}

// withoutSecrets leaves out of a text what looks like credentials.
func withoutSecrets(text string) string {
	for _, shape := range secretShapes {
		text = shape.ReplaceAllString(text, "${1}"+redacted+"${2}")
	}
	return text
}
