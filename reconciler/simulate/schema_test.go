package simulate

import (
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/tests"
)

var update = flag.Bool("update", false, "write the generated files anew")

// The schema is made of the Go types: their names, doc comments and struct tags.
func TestSchemaIsGenerated(t *testing.T) {
	generated, err := generateSchema()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile("schema.json", generated, 0o644))
		return
	}
	require.Equal(t, string(generated), string(Schema()), "go generate ./reconciler/simulate writes it anew")
	require.NotContains(t, string(generated), `"description": ""`)
}

func generateSchema() ([]byte, error) {
	reflector := &jsonschema.Reflector{
		Anonymous: true, ExpandedStruct: true,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			if t == reflect.TypeFor[tests.Duration]() {
				return &jsonschema.Schema{Type: "string", Pattern: `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`, Examples: []any{"30s", "1h30m", "12h"}}
			}
			return nil
		},
	}
	if err := reflector.AddGoComments("github.com/assay-dev/assay/reconciler/simulate", ".", jsonschema.WithFullComment()); err != nil {
		return nil, err
	}
	for name, comment := range reflector.CommentMap {
		reflector.CommentMap[name] = strings.ReplaceAll(comment, "\n", " ") // where the source wraps is nothing to editors
	}
	root := reflector.ReflectFromType(reflect.TypeFor[Scenario]())
	root.Title = "Scenario"
	for name, value := range map[string]string{"apiVersion": tests.APIVersion, "kind": KindScenario} {
		property, _ := root.Properties.Get(name)
		property.Const = value
	}
	data, err := json.MarshalIndent(root, "", "  ")
	return append(data, '\n'), err
}
