package flux

import (
	"regexp"
	"strings"

	"github.com/assay-dev/assay/sources/git"
)

// revision is what Flux writes as one, taken apart.
type revision struct {
	ref    string // branch, tag or OCI tag; empty where none is said
	commit string // 40 hex digits; empty for the revision of something else than a Git commit
}

var (
	objectID = regexp.MustCompile(`^[0-9a-f]{40}$`)
	// A branch may hold slashes: what follows the last one is the commit.
	legacyRevision = regexp.MustCompile(`^(.+)/([0-9a-f]{40})$`)
)

// parseRevision reads main@sha1:<id>, refs/heads/main@sha1:<id>, sha1:<id>, a bare <id>, main/<id> as Flux wrote it before v2.0, and
// latest@sha256:<digest>, sha256:<digest> of what is not Git, which have no commit.
func parseRevision(text string) revision {
	ref, id := "", text
	if at := strings.LastIndex(text, "@"); at >= 0 {
		ref, id = text[:at], text[at+1:]
	} else if parts := legacyRevision.FindStringSubmatch(text); parts != nil {
		ref, id = parts[1], parts[2]
	}
	id = strings.TrimPrefix(id, "sha1:")
	if !objectID.MatchString(id) {
		return revision{ref: ref}
	}
	return revision{ref: ref, commit: id}
}

// hash is the commit's; ok says that there is one.
func (r revision) hash() (h git.Hash, ok bool) {
	h, err := git.ParseHash(r.commit)
	return h, err == nil
}
