// Package incidents holds the incident Scenarios that Assay is shipped with, so that `assay simulate` works anywhere. In goes nothing; out
// come their files. README.md beside them tells how to write another one.
package incidents

import "embed"

// Scenarios are the shipped *.yaml files.
//
//go:embed *.yaml
var Scenarios embed.FS
