package simulate

import (
	"bytes"
	_ "embed"
)

//go:generate go test -run TestSchemaIsGenerated -update .

//go:embed schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of Scenarios, for editors. Load holds documents against it.
func Schema() []byte { return bytes.Clone(schema) }
