package simulate

import (
	"context"
	"errors"
	"strings"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
)

// facts are the values of all settings that a Target renders, by setting.key.
type facts map[string]string

// rendered is what a Target came to at a commit.
type rendered struct {
	digest  string
	facts   facts
	claims  int           // volumes that hold data
	refusal *render.Error // why it does not build
}

// render builds a Target's folder at a commit.
func (w *world) render(ctx context.Context, t *target, at git.Hash, settings render.Settings) rendered {
	rendering, err := w.builder.Build(ctx, t.app.repository.tree(ctx, at), t.app.folder(t.environment.name), settings)
	var refusal *render.Error
	if errors.As(err, &refusal) {
		return rendered{refusal: refusal}
	}
	must(err)
	known, there := w.facts[rendering.Digest]
	if !there {
		known = factsOf(rendering)
		w.facts[rendering.Digest] = known
	}
	return rendered{digest: rendering.Digest, facts: known, claims: claimsIn(rendering)}
}

func factsOf(r *render.Rendering) facts {
	found := facts{}
	for i := range r.Objects {
		object := &r.Objects[i]
		switch object.Kind {
		case "ConfigMap":
			var content struct {
				Data map[string]string `json:"data"`
			}
			must(object.Decode(&content))
			for name, v := range content.Data {
				found[object.Name+"/"+name] = v
			}
		case "Deployment":
			for line := range strings.Lines(string(object.YAML())) {
				if match := imageTag.FindStringSubmatch(line); match != nil {
					found[object.Name+"/"+imageSetting] = match[2]
				}
			}
		}
	}
	return found
}

func claimsIn(r *render.Rendering) (n int) {
	for i := range r.Objects {
		if r.Objects[i].Kind == "PersistentVolumeClaim" {
			n++
		}
	}
	return n
}
