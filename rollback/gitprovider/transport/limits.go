package transport

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

// Limited tells an answer that says that the server was asked too often: 429, or 403 with the headers of a limit that is used up, which is
// what GitHub answers.
func Limited(response *http.Response) bool {
	switch response.StatusCode {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		return response.Header.Get("Retry-After") != "" || limit(response.Header, "Remaining") == "0"
	}
	return false
}

// Unavailable is gitprovider.ErrUnavailable with what an answer says about it, or nil for an answer of another kind. The body is not read.
func Unavailable(response *http.Response) error {
	reason := "it answers " + response.Status
	if Limited(response) {
		reason = "it was asked more often than it allows (" + response.Status + ")"
	} else if response.StatusCode < http.StatusInternalServerError {
		return nil
	}
	now := time.Now()
	if told, ok := wait(response, now); ok {
		return Until(reason, now.Add(told))
	}
	return Until(reason, time.Time{})
}

// Until is gitprovider.ErrUnavailable for a reason, until the moment that the server says; zero where it says none.
func Until(reason string, at time.Time) error {
	if !at.IsZero() {
		reason += ", and says to come back at " + at.UTC().Format("15:04:05 UTC on 2 January")
	}
	return fmt.Errorf("%w: %s", gitprovider.ErrUnavailable, reason)
}

// wait is how long from now the server says to wait, where it does. Where a point in time is told, it is on the server's clock, which its
// Date header tells. The headers are those of RFC 9110 (Retry-After), of GitHub (X-RateLimit-Reset, in seconds since 1970), and of GitLab
// and the IETF's draft (RateLimit-Reset, in seconds since 1970 or from now).
func wait(response *http.Response, now time.Time) (time.Duration, bool) {
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		now = date
	}
	if after := response.Header.Get("Retry-After"); after != "" {
		if seconds, err := strconv.ParseInt(after, 10, 32); err == nil && seconds >= 0 {
			return time.Duration(seconds) * time.Second, true
		}
		if at, err := http.ParseTime(after); err == nil {
			return max(0, at.Sub(now)), true
		}
	}
	if limit(response.Header, "Remaining") != "0" && response.StatusCode != http.StatusTooManyRequests {
		return 0, false // the limit's headers are on every answer
	}
	seconds, err := strconv.ParseInt(limit(response.Header, "Reset"), 10, 64)
	switch {
	case err != nil || seconds < 0:
		return 0, false
	case seconds < 1e8: // as a moment, it would be in the early seventies
		return time.Duration(seconds) * time.Second, true
	}
	return max(0, time.Unix(seconds, 0).Sub(now)), true
}

// limit is a header of the limit, by either of its names.
func limit(header http.Header, what string) string {
	for _, name := range []string{"X-RateLimit-", "RateLimit-"} {
		if value := header.Get(name + what); value != "" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
