package render

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"sigs.k8s.io/yaml"
)

// lastApplied is the annotation in which kubectl keeps a whole object, secrets included.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// conceal returns an object's manifest for people and the digest of its content, given its JSON with sorted keys. A
// Secret's values, encrypted by SOPS or not, and copies of objects in annotations are concealed in both.
func (b *Builder) conceal(o *Object, data []byte) (shown []byte, sum [sha256.Size]byte, err error) {
	if o.Kind != "Secret" && !bytes.Contains(data, []byte(lastApplied)) {
		return o.manifest, sha256.Sum256(data), nil
	}
	var content map[string]any
	if err := json.Unmarshal(data, &content); err != nil {
		return nil, sum, fmt.Errorf("decode %s: %w", o, err)
	}
	// Of a mark, people see 8 digits: enough to see a change, and without the key nothing to test a guess against.
	marked, err := json.Marshal(b.replaced(o, content, func(mark string) string { return "redacted-" + mark[:8] }))
	if err != nil {
		return nil, sum, fmt.Errorf("redact %s: %w", o, err)
	}
	digested, err := json.Marshal(b.replaced(o, content, func(mark string) string { return mark }))
	if err != nil {
		return nil, sum, fmt.Errorf("digest %s: %w", o, err)
	}
	shown, err = yaml.JSONToYAML(marked)
	return shown, sha256.Sum256(digested), err
}

// replaced returns a copy of an object in which every concealed value is what mark makes of its keyed digest.
func (b *Builder) replaced(o *Object, content map[string]any, mark func(string) string) map[string]any {
	conceal := func(values any, concerned func(key string) bool) any {
		object, ok := values.(map[string]any)
		if !ok {
			return mark(b.mark(o, "", values))
		}
		copied := make(map[string]any, len(object))
		for key, value := range object {
			if copied[key] = value; concerned(key) {
				copied[key] = mark(b.mark(o, key, value))
			}
		}
		return copied
	}
	all := func(string) bool { return true }
	out := make(map[string]any, len(content))
	for field, value := range content {
		out[field] = value
		switch {
		case o.Kind == "Secret" && (field == "data" || field == "stringData") && value != nil:
			out[field] = conceal(value, all)
		case field == "metadata":
			metadata, _ := value.(map[string]any)
			if annotations, ok := metadata["annotations"].(map[string]any); ok {
				copied := make(map[string]any, len(metadata))
				for key, value := range metadata {
					copied[key] = value
				}
				copied["annotations"] = conceal(annotations, func(key string) bool { return key == lastApplied })
				out[field] = copied
			}
		}
	}
	return out
}

// mark is the keyed digest of a value. The object and the key are part of it: equal values in different places must not
// show as equal.
func (b *Builder) mark(o *Object, key string, value any) string {
	text, _ := json.Marshal([]any{o.Kind, o.Namespace, o.Name, key, value}) // decoded from JSON, so it encodes
	return hex.EncodeToString(b.keyed(text))
}

// keyed is the digest of what may hold secrets.
func (b *Builder) keyed(text []byte) []byte {
	mac := hmac.New(sha256.New, b.key)
	mac.Write(text)
	return mac.Sum(nil)
}
