package tests_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
	santhosh "github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

// The schema is made of the Go types: their names, doc comments and struct tags.
func TestSchemaIsGenerated(t *testing.T) {
	schema, err := generateSchema()
	require.NoError(t, err)
	golden(t, "schema.json", string(schema))
	require.NotContains(t, string(schema), `"description": ""`)
}

func generateSchema() ([]byte, error) {
	reflector := &jsonschema.Reflector{
		Anonymous: true,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			if t == reflect.TypeFor[tests.Duration]() {
				return &jsonschema.Schema{
					Type: "string", Pattern: `^\+?([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))*$`,
					Not: &jsonschema.Schema{Pattern: `^[^1-9]*$`}, Examples: []any{"30s", "1h30m", "12h"},
				}
			}
			return nil
		},
	}
	if err := reflector.AddGoComments("github.com/assay-dev/assay/sources/tests", ".", jsonschema.WithFullComment()); err != nil {
		return nil, err
	}
	for name, comment := range reflector.CommentMap {
		reflector.CommentMap[name] = strings.ReplaceAll(comment, "\n", " ") // where the source wraps is nothing to editors
	}
	root := &jsonschema.Schema{
		Version:     jsonschema.Version,
		Title:       "Assay",
		Description: "A Suite, a Gate or a Site of an Assay test repository.",
		Definitions: jsonschema.Definitions{},
	}
	for kind, t := range map[string]reflect.Type{
		tests.KindSuite: reflect.TypeFor[tests.Suite](), tests.KindGate: reflect.TypeFor[tests.Gate](), tests.KindSite: reflect.TypeFor[tests.Site](),
	} {
		complete(reflector.ReflectFromType(t).Definitions, root.Definitions, t)
		document := root.Definitions[kind]
		set(document, "apiVersion", func(s *jsonschema.Schema) { s.Const = tests.APIVersion })
		set(document, "kind", func(s *jsonschema.Schema) { s.Const = kind })
	}
	for _, kind := range []string{tests.KindGate, tests.KindSite, tests.KindSuite} {
		root.OneOf = append(root.OneOf, &jsonschema.Schema{Ref: "#/$defs/" + kind})
	}
	set(root.Definitions["EnvVar"], "name", func(s *jsonschema.Schema) { s.Not = &jsonschema.Schema{Pattern: "^ASSAY_"} })
	set(root.Definitions["SuiteSpec"], "matrix", func(s *jsonschema.Schema) {
		name, _ := root.Definitions["EnvVar"].Properties.Get("name")
		s.PropertyNames = &jsonschema.Schema{Pattern: name.Pattern, Not: name.Not}
		s.AdditionalProperties.MinItems, s.AdditionalProperties.UniqueItems = new(uint64), true
		*s.AdditionalProperties.MinItems = 1
	})
	data, err := json.MarshalIndent(root, "", "  ")
	return append(data, '\n'), err
}

// complete adds to the definitions what the struct tags say beyond the reflector's own language.
func complete(from, into jsonschema.Definitions, t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		complete(from, into, t.Elem())
	case reflect.Struct:
		definition := from[t.Name()]
		if definition == nil || into[t.Name()] != nil {
			return
		}
		into[t.Name()] = definition
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			complete(from, into, f.Type)
			if property, ok := definition.Properties.Get(name); ok {
				tag(definition, property, name, f.Tag)
			}
		}
	}
}

func tag(definition, property *jsonschema.Schema, name string, tag reflect.StructTag) {
	if tag.Get("path") != "" {
		text := property
		if property.Items != nil {
			text = property.Items
		}
		text.Not = &jsonschema.Schema{Pattern: `(^|/)\.\.(/|$)`}
	}
	if other := tag.Get("excludes"); other != "" {
		definition.Not = &jsonschema.Schema{Required: []string{name, other}}
	}
	if strings.Contains(tag.Get("jsonschema"), "minProperties=1") {
		property.MinProperties = new(uint64)
		*property.MinProperties = 1
	}
	if strings.Contains(tag.Get("jsonschema"), "enum=true") {
		property.Const = true
	}
}

func set(definition *jsonschema.Schema, name string, change func(*jsonschema.Schema)) {
	property, _ := definition.Properties.Get(name)
	change(property)
}

func validator(t *testing.T) *santhosh.Schema {
	t.Helper()
	value, err := santhosh.UnmarshalJSON(strings.NewReader(string(tests.Schema())))
	require.NoError(t, err)
	compiler := santhosh.NewCompiler()
	require.NoError(t, compiler.AddResource("schema.json", value))
	schema, err := compiler.Compile("schema.json")
	require.NoError(t, err)
	return schema
}

func accepts(t *testing.T, schema *santhosh.Schema, document string) error {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(document))
	require.NoError(t, err)
	value, err := santhosh.UnmarshalJSON(strings.NewReader(string(data)))
	require.NoError(t, err)
	return schema.Validate(value)
}

// beyondSchema are the problems in one document that no schema can tell.
var beyondSchema = []string{
	"a wrong glob", "a glob that matches nothing", "a link that leads nowhere", "an explosion", "selectors that match nothing", "a control that is none",
	"a resource that is none", "a resource without a file", "a resource of two documents", "a resource that is a list", "a wrong condition of a resource",
	"services that do not go together", "a service that is not there", "a service without a pod",
	"a Gate after a Site that is not there", "a wrong wildcard", "reruns", "a wrong expression", "broken YAML", "the second of two documents",
}

func TestSchemaAgreesWithLoad(t *testing.T) {
	schema := validator(t)
	builder := render.NewBuilder(nil)
	for _, tt := range wrong {
		for _, file := range slices.Sorted(maps.Keys(tt.files)) {
			content := tt.files[file]
			if !strings.HasPrefix(file, "base/") || strings.HasSuffix(file, "@") || slices.Contains(beyondSchema, tt.name) || tt.name == "a wrong name" && file == "base/gate.yaml" {
				continue
			}
			require.Error(t, accepts(t, schema, content), "%s: the schema takes what Load refuses", tt.name)
		}
	}
	env := "env: [{name: A}, {name: B, value: ''}, {name: C, valueFrom: {secretKeyRef: {name: s, key: k}}}]"
	for name, content := range map[string]string{
		"the least Suite": suite("smoke"),
		"a full Suite":    document("Suite", "smoke", []string{"command: [go, test]", "files: ['*', lib/**]", "workingDirectory: lib/a..b", env, "image: alpine", "resources: {requests: {cpu: 500m, memory: 64Mi}, limits: {cpu: '1.5', memory: 1G}}", "timeout: 1h30m", "retries: 2", "shards: 3", "matrix: {BROWSER: [firefox, chrome]}", "reports: [{path: 'out/*.xml', format: junit}, {stdout: true}]", "artifacts: [shots/**]"}),
		"a resource":      document("Suite", "smoke", []string{"resource: {file: lib/x.yaml, success: 'true', failure: 'false', inconclusive: 'false', message: 'a', cases: '[]', metrics: '{}'}", "env: [{name: A, value: b}]", "services: [{name: db, path: lib}]"}),
		"a template":      document("Suite", "smoke", []string{"resource: {template: {apiVersion: a/v1, kind: B, spec: {list: [1, null, {a: true}], none: null}}}"}),
		"services":        suite("smoke", "services: [{name: db, image: postgres, command: [a], args: [b], "+env+", ports: [5432, 1], resources: {limits: {cpu: '1'}}, ready: {exec: [pg_isready]}, timeout: 1m}, {name: web, image: a, ready: {http: {port: 80, path: /healthz}}}, {name: mq, image: a, ready: {tcp: 81}}, {name: kafka, path: lib}]"),
		"durations":       suite("smoke", "timeout: 1.5h0.5s"),
		"the least Gate":  gate("shop", "[{name: smoke}]"),
		"a full Gate":     document("Gate", "shop", []string{"after: [{kind: HelmRelease, name: 'shop-*', namespace: a, cluster: b, labels: {a: b}}]", "exercises: [{labels: {a: b}}]", "suites: [{matchLabels: {tier: smoke}}]", "control: [{name: network}]", "order: Ordered", "deadline: 1m", "pass: [{expr: 'true'}, {name: x, expr: some.thing}]", "reruns: {min: 0, max: 3, spread: 5m, confidence: 0.9}", "flakes: Fail", "every: 1h", "baselineMaxAge: 48h", "rollback: {mode: merge, otherTargets: true}", "protect: {paths: [a/**], kinds: [Secret]}", "notes: hello"}),
		"the least Site":  document("Site", "shop", []string{"repository: {url: /srv/git/shop}", "path: .", "live: {command: [cat, /rev]}"}),
		"a full Site":     document("Site", "shop", []string{"repository: {url: 'git@example.com:shop.git', revision: v1}", "path: deploy/prod", "build: {engine: flux, targetNamespace: a, namePrefix: p-, nameSuffix: -s, patches: [{patch: 'a: b', target: {kind: A}}], images: [{name: a, newTag: b}], components: [../c], ignoreMissingComponents: true, postBuild: {substitute: {a: b}, strict: true}, commonMetadata: {labels: {a: b}}, ignore: '*.md'}", "live: {http: {url: 'http://x', jsonPath: '{.a}'}, interval: 1s, timeout: 1s}", "deploy: {command: [sh], " + env + ", timeout: 5m, bisect: true}"}),
		"labels and more": "apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata: {name: smoke, namespace: a, labels: {tier: smoke}, annotations: {a: b}}\nspec: {script: exit}\n",
	} {
		require.NoError(t, accepts(t, schema, content), "%s: the schema refuses", name)
		tree := sound.with(map[string]string{"kustomization.yaml": kustomization("[d.yaml]"), "d.yaml": content, "lib/x.yaml": "kind: X"})
		if strings.Contains(content, "kind: Gate") {
			tree = tree.with(map[string]string{"kustomization.yaml": kustomization("[d.yaml, smoke.yaml, network.yaml]"), "network.yaml": suite("network"), "smoke.yaml": strings.Replace(suite("smoke"), "  name:", "  labels: {tier: smoke}\n  name:", 1)})
		}
		_, err := tests.Load(t.Context(), builder, tree, ".", tests.Options{})
		require.NoError(t, err, "%s: Load refuses", name)
	}
	for name, content := range map[string]string{
		"a duration of zero": suite("smoke", "timeout: 0m0s"), "a negative duration": suite("smoke", "timeout: -1s"), "a duration without unit": suite("smoke", "timeout: '10'"),
		"a path with ..": suite("smoke", "workingDirectory: a/.."), "an empty environment variable": suite("smoke", "env: [{name: ''}]"),
		"labels that are no strings": gate("shop", "[{matchLabels: {a: 1}}]"), "empty labels": gate("shop", "[{matchLabels: {}}]"),
	} {
		require.Error(t, accepts(t, schema, content), "%s: the schema takes it", name)
		tree := sound.with(map[string]string{"kustomization.yaml": kustomization("[d.yaml]"), "d.yaml": content})
		_, err := tests.Load(t.Context(), builder, tree, ".", tests.Options{})
		require.Error(t, err, "%s: Load takes it", name)
	}
}

func TestScaffoldFollowsTheSchema(t *testing.T) {
	schema := validator(t)
	dir := t.TempDir()
	written, err := tests.Scaffold(dir)
	require.NoError(t, err)
	checked := 0
	for _, file := range written {
		content := readFile(t, dir, file)
		header, _, found := strings.Cut(content, "\n")
		if _, relative, ok := strings.Cut(header, "# yaml-language-server: $schema="); ok && found {
			require.NoError(t, accepts(t, schema, content), file)
			require.JSONEq(t, string(tests.Schema()), readFile(t, dir, file+"/../"+relative), "the header of %s leads to the schema", file)
			checked++
		}
	}
	require.Equal(t, 3, checked)
}
