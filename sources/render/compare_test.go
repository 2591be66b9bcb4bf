package render

import (
	"encoding/base64"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden diff anew")

func TestUnifiedIsReadable(t *testing.T) {
	builder, tree := NewBuilder([]byte("key")), open(t, "testdata/shop")
	before, err := builder.Build(t.Context(), tree, "base", Settings{TargetNamespace: "shop"})
	require.NoError(t, err)
	after, err := builder.Build(t.Context(), tree, "overlays/prod", Settings{})
	require.NoError(t, err)
	got, golden := Compare(before, after).Unified(), "testdata/golden/base-to-prod.diff"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func TestCompare(t *testing.T) {
	object := func(apiVersion, kind, name, rest string) string {
		return "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {name: " + name + "}\n" + rest
	}
	builder := NewBuilder(nil)
	build := func(objects ...string) *Rendering {
		r, err := builder.Build(t.Context(), files(map[string]string{
			"kustomization.yaml": "resources: [a.yaml]\nsortOptions: {order: fifo}", "a.yaml": strings.Join(objects, "---\n"),
		}), ".", Settings{})
		require.NoError(t, err)
		return r
	}
	claim := object("v1", "PersistentVolumeClaim", "data", "")
	set := object("apps/v1", "StatefulSet", "db", "spec: {replicas: 1}\n")
	service := object("v1", "Service", "db", "spec: {ports: [{port: 1}, {port: 2}]}\n")
	swapped := object("v1", "Service", "db", "spec: {ports: [{port: 2}, {port: 1}]}\n")
	ingress := object("extensions/v1beta1", "Ingress", "i", "spec: {a: 1}\n")
	newer := object("networking.k8s.io/v1", "Ingress", "i", "spec: {a: 1}\n")
	beta, stable := object("example.dev/v1beta1", "Any", "x", ""), object("example.dev/v1", "Any", "x", "")

	names := func(diffs []ObjectDiff) (names []string) {
		for _, d := range diffs {
			name := d.Object().String()
			if d.HoldsData {
				name += " (data)"
			}
			names = append(names, name)
		}
		return names
	}
	for name, test := range map[string]struct {
		before, after           *Rendering
		added, removed, changed []string
	}{
		"the order of objects": {build(claim, set, service), build(service, claim, set), nil, nil, nil},
		"the order in a list":  {build(service), build(swapped), nil, nil, []string{"Service db"}},
		"deletions":            {build(service, set, claim), build(service), nil, []string{"PersistentVolumeClaim data (data)", "StatefulSet db (data)"}, nil},
		"another group":        {build(ingress), build(newer), []string{"Ingress i"}, []string{"Ingress i"}, nil},
		"another version":      {build(beta), build(stable), nil, nil, []string{"Any x"}},
		"two versions":         {build(stable, beta), build(stable), nil, []string{"Any x"}, nil},
		"from nothing":         {nil, build(service), []string{"Service db"}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := Compare(test.before, test.after)
			require.Equal(t, test.added, names(d.Added))
			require.Equal(t, test.removed, names(d.Removed))
			require.Equal(t, test.changed, names(d.Changed))
			equal := test.before != nil && test.before.Digest == test.after.Digest
			require.Equal(t, equal, d.Equal())
			require.Equal(t, equal, d.Unified() == "")
		})
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	secret := func(value string) *memory {
		return files(map[string]string{
			"kustomization.yaml": "resources: [s.yaml]",
			"s.yaml": "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations:\n    note: plain\n    " + lastApplied + ": '{\"x\": \"" + value + "\"}'\n" +
				"data: {a: " + base64.StdEncoding.EncodeToString([]byte(value)) + "}\nstringData: {b: " + value + ", c: " + value + ", d: same}\n",
		})
	}
	builder := NewBuilder([]byte("key"))
	build := func(b *Builder, value string) *Rendering {
		r, err := b.Build(t.Context(), secret(value), ".", Settings{})
		require.NoError(t, err)
		return r
	}
	one, two := build(builder, "hunter2"), build(builder, "tr0ub4dor")
	require.Contains(t, string(one.YAML()), "hunter2")

	shown := string(one.Redacted()) + Compare(one, two).Unified()
	for _, value := range []string{"hunter2", "tr0ub4dor", base64.StdEncoding.EncodeToString([]byte("hunter2"))} {
		require.NotContains(t, shown, value)
	}
	require.Contains(t, shown, "note: plain")
	require.Equal(t, 2, strings.Count(Compare(one, two).Unified(), "\n-  a: redacted-")+strings.Count(Compare(one, two).Unified(), "\n+  a: redacted-"), "a change shows as one")
	require.Contains(t, Compare(one, two).Unified(), "\n   d: redacted-", "and what is the same as the same")

	var marks struct{ StringData map[string]string }
	require.NoError(t, (&Object{manifest: one.Redacted()}).Decode(&marks))
	require.NotEqual(t, marks.StringData["b"], marks.StringData["c"], "equal values in different places do not show as equal")

	require.NotEqual(t, one.Digest, two.Digest)
	require.Equal(t, one.Digest, build(NewBuilder([]byte("key")), "hunter2").Digest)
	require.NotEqual(t, one.Digest, build(NewBuilder([]byte("other")), "hunter2").Digest)
	require.NotEqual(t, build(NewBuilder(nil), "hunter2").Digest, build(NewBuilder(nil), "hunter2").Digest)
}
