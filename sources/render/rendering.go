package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/yaml"
)

// Rendering is what a folder of a tree renders. It is shared between callers and must not be changed.
type Rendering struct {
	Objects []Object // in the order in which they are applied
	// Digest is "sha256:" and 64 hex digits; equal when the objects are, whatever their order. Values of Secrets enter it
	// keyed with the Builder's key, so digests of Builders with different keys do not compare.
	Digest string
	// Files is the closure, sorted: every file that was read, every path where something was looked for in vain, and every
	// directory that was listed. A change elsewhere in the tree cannot change the rendering.
	Files []string
}

// Object is one Kubernetes object of a Rendering.
type Object struct {
	APIVersion, Kind, Namespace, Name string
	// Origin is the file, relative to the tree, that the object is written in, or whose generator makes it. Empty unless
	// Settings.Origins asked for it.
	Origin string

	manifest []byte            // YAML
	shown    []byte            // YAML without secrets; the same slice where there are none
	sum      [sha256.Size]byte // of the content, secrets keyed
}

// YAML returns the object's manifest, secrets included.
func (o *Object) YAML() []byte { return bytes.Clone(o.manifest) }

// Decode stores the object into a pointer, as encoding/json does with the object's JSON.
func (o *Object) Decode(into any) error {
	if err := yaml.Unmarshal(o.manifest, into); err != nil {
		return fmt.Errorf("decode %s: %w", o, err)
	}
	return nil
}

// String names the object for people: Kind namespace/name.
func (o *Object) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// YAML returns all manifests, secrets included, byte for byte as `kustomize build` prints them.
func (r *Rendering) YAML() []byte {
	return r.join(func(o *Object) []byte { return o.manifest })
}

// Redacted returns all manifests for people: a Secret's values are replaced by marks that differ when the values do.
func (r *Rendering) Redacted() []byte {
	return r.join(func(o *Object) []byte { return o.shown })
}

func (r *Rendering) join(manifest func(*Object) []byte) []byte {
	var b bytes.Buffer
	for i := range r.Objects {
		if i > 0 {
			b.WriteString("---\n")
		}
		b.Write(manifest(&r.Objects[i]))
	}
	return b.Bytes()
}

// size estimates the memory that the rendering holds, in bytes.
func (r *Rendering) size() int {
	const perObject, perFile = 256, 64
	n := len(r.Objects)*perObject + len(r.Files)*perFile
	for i := range r.Objects {
		n += 2 * len(r.Objects[i].manifest)
	}
	return n
}

// rendering takes the objects out of what was built.
func (b *Builder) rendering(f *filesystem, built []*resource.Resource) (*Rendering, error) {
	resources, err := narrow(built, f.settings.Only)
	if err != nil {
		return nil, err
	}
	r := &Rendering{Objects: make([]Object, 0, len(resources)), Files: f.seen.files()}
	sums := make([][]byte, 0, len(resources))
	for _, res := range resources {
		object, err := b.object(f, res)
		if err != nil {
			return nil, err
		}
		r.Objects = append(r.Objects, object)
		sums = append(sums, object.sum[:])
	}
	slices.SortFunc(sums, bytes.Compare)
	if besides := f.settings.Besides; besides != "" {
		sums = append(sums, b.keyed([]byte(besides)))
	}
	whole := sha256.Sum256(slices.Concat(sums...))
	r.Digest = "sha256:" + hex.EncodeToString(whole[:])
	return r, nil
}

func (b *Builder) object(f *filesystem, res *resource.Resource) (Object, error) {
	o := Object{APIVersion: res.GetApiVersion(), Kind: res.GetKind(), Namespace: res.GetNamespace(), Name: res.GetName()}
	if f.settings.Origins {
		origin, err := takeOrigin(f, res)
		if err != nil {
			return o, fmt.Errorf("find where %s comes from: %w", &o, err)
		}
		o.Origin = origin
	}
	var data []byte
	var err error
	if data, o.manifest, err = manifest(res); err != nil {
		return o, &Error{Reason: ReasonInvalid, Detail: fmt.Sprintf("%s: %v", &o, err)}
	}
	o.shown, o.sum, err = b.conceal(&o, data)
	return o, err
}

// takeOrigin reads the annotation that says which file an object comes from, and removes it unless the build itself asks
// for it.
func takeOrigin(f *filesystem, res *resource.Resource) (string, error) {
	origin, err := res.GetOrigin()
	if err != nil || origin == nil {
		return "", err
	}
	if !f.keepOrigins {
		if err := res.SetOrigin(nil); err != nil {
			return "", err
		}
	}
	from := origin.Path
	if from == "" {
		from = origin.ConfiguredIn
	}
	return path.Join(f.build, from), nil
}
