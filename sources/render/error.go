package render

import (
	"fmt"
	"strings"
)

// Reason says in a word why a folder cannot be built.
type Reason string

const (
	ReasonRemote    Reason = "remote"    // something is fetched from a Git server or over HTTP
	ReasonPlugin    Reason = "plugin"    // a generator or transformer that is not built into Kustomize
	ReasonChart     Reason = "chart"     // a Helm chart is inflated
	ReasonMissing   Reason = "missing"   // no folder, or no kustomization file in it
	ReasonVariables Reason = "variables" // variables cannot be substituted
	ReasonLimit     Reason = "limit"     // building it would take too much time or memory
	ReasonUnknown   Reason = "unknown"   // Settings.Unknown: something that goes into the build is not known here
	ReasonInvalid   Reason = "invalid"   // Kustomize says that it does not build
)

// Error says why a folder of this tree cannot be built. Building it again gives the same answer; what may pass, such as a
// cancelled context or an unreadable object, is not an *Error.
type Error struct {
	Reason Reason
	Path   string   // the folder that was to be built
	File   string   // the file at fault, relative to the tree; empty when only Kustomize's message is known
	Line   int      // 1-based; 0 when unknown
	Field  string   // the field at fault, such as resources[2]; empty when unknown
	Detail string   // what is wrong, and what to do about it
	Files  []string // the closure up to the error, sorted; see Rendering.Files
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "build %s: ", e.Path)
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
		}
		b.WriteString(": ")
	}
	if e.Field != "" {
		fmt.Fprintf(&b, "%s: ", e.Field)
	}
	b.WriteString(e.Detail)
	return b.String()
}
