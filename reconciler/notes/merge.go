package notes

import (
	"slices"
	"strings"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
)

// Merge puts the Verdicts of added, a note of Verdicts alone, into a note. Of one Gate the newest Verdict stays, and beside one that did
// not pass the newest that did, which is what a lost history needs. Whatever else is in the note, be it others' words or Verdicts of other
// Gates, stays as it is.
func Merge(note, added []byte) []byte {
	known, fresh := blocks(string(note)), blocks(string(added))
	var keys []history.Key
	for _, b := range fresh {
		if !slices.Contains(keys, b.key) {
			keys = append(keys, b.key)
		}
	}
	rest, at := "", 0
	var tail []string
	for _, b := range known {
		if slices.Contains(keys, b.key) {
			rest += string(note[at:b.start])
			at = b.end
		}
	}
	rest += string(note[at:])
	if rest = strings.Trim(rest, "\n"); rest != "" {
		tail = append(tail, rest+"\n")
	}
	for _, key := range keys {
		for _, b := range standing(slices.Concat(known, fresh), key) {
			tail = append(tail, b.text)
		}
	}
	return []byte(strings.Join(tail, "\n"))
}

// standing are the Verdicts of a Gate that stay, the older first. What cannot be read does not.
func standing(all []block, key history.Key) (stay []block) {
	var newest, passed *block
	for i, b := range all {
		if b.err != nil || b.key != key {
			continue
		}
		if newest == nil || !newest.newer(b.Verdict) {
			newest = &all[i]
		}
		if b.Outcome == gate.Passed && (passed == nil || !passed.newer(b.Verdict)) {
			passed = &all[i]
		}
	}
	if passed != nil && passed != newest {
		stay = append(stay, *passed)
	}
	if newest != nil {
		stay = append(stay, *newest)
	}
	return stay
}
