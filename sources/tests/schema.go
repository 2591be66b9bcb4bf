package tests

import (
	"bytes"
	_ "embed"
)

//go:generate go test -run "TestSchemaIsGenerated|TestProblems" -update .

//go:embed schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of Suites, Gates and Sites, for editors. It says about one document what Load says, as
// far as a schema can: not what lies in other documents or files, and not whether an expression is sound.
func Schema() []byte { return bytes.Clone(schema) }
