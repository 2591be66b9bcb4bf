package render

//lint:file-ignore SA1019 `kustomize edit add label` writes the field that Kustomize deprecates

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
)

// applyArgo changes a kustomization as Argo CD has `kustomize edit` change it, in Argo CD's order.
func (f *filesystem) applyArgo(k *types.Kustomization) error {
	o := f.options
	if o == nil {
		return nil
	}
	for _, option := range []struct {
		value string
		field *string
	}{{o.NamePrefix, &k.NamePrefix}, {o.NameSuffix, &k.NameSuffix}, {o.Namespace, &k.Namespace}} {
		if option.value != "" {
			*option.field = option.value
		}
	}
	for i, text := range o.Images {
		field := fmt.Sprintf("kustomize.images[%d]", i)
		text, err := f.substitute(field, text)
		if err != nil {
			return err
		}
		image, ok := parseImage(text)
		if !ok {
			return &Error{Reason: ReasonInvalid, Field: field, Detail: fmt.Sprintf("%q is no image; write <image>=<newName>:<newTag> or a part of it", text)}
		}
		k.Images = setImage(k.Images, image)
	}
	for i, r := range o.Replicas {
		count, err := strconv.ParseInt(fmt.Sprint(r.Count), 10, 64)
		if err != nil {
			return &Error{Reason: ReasonInvalid, Field: fmt.Sprintf("kustomize.replicas[%d].count", i), Detail: fmt.Sprintf("%v is no number", r.Count)}
		}
		k.Replicas = append(slices.DeleteFunc(k.Replicas, func(known types.Replica) bool { return known.Name == r.Name }),
			types.Replica{Name: r.Name, Count: count})
	}
	if err := f.labelArgo(k, o); err != nil {
		return err
	}
	annotations := o.CommonAnnotations
	if o.CommonAnnotationsEnvsubst {
		var err error
		if annotations, err = f.substituteAll("kustomize.commonAnnotations", annotations); err != nil {
			return err
		}
	}
	var err error
	if k.CommonAnnotations, err = addPairs("kustomize.commonAnnotations", k.CommonAnnotations, annotations, o.ForceCommonAnnotations); err != nil {
		return err
	}
	k.Patches = append(k.Patches, o.Patches...)
	return f.addComponents(k, o.Components, o.IgnoreMissingComponents)
}

// labelArgo adds the labels that the Application has put on everything.
func (f *filesystem) labelArgo(k *types.Kustomization, o *ApplicationKustomize) error {
	const field = "kustomize.commonLabels"
	labels, err := f.substituteAll(field, o.CommonLabels)
	switch {
	case err != nil || len(labels) == 0:
		return err
	case !o.LabelWithoutSelector && o.LabelIncludeTemplates:
		return &Error{Reason: ReasonInvalid, Field: "kustomize.labelIncludeTemplates", Detail: "Kustomize takes it only with labelWithoutSelector"}
	case !o.LabelWithoutSelector:
		k.CommonLabels, err = addPairs(field, k.CommonLabels, labels, o.ForceCommonLabels)
		return err
	}
	for i := range k.Labels {
		if l := &k.Labels[i]; !l.IncludeSelectors && l.IncludeTemplates == o.LabelIncludeTemplates && len(l.FieldSpecs) == 0 {
			l.Pairs, err = addPairs(field, l.Pairs, labels, o.ForceCommonLabels)
			return err
		}
	}
	k.Labels = append(k.Labels, types.Label{Pairs: labels, IncludeTemplates: o.LabelIncludeTemplates})
	return nil
}

func (f *filesystem) substituteAll(field string, pairs map[string]string) (map[string]string, error) {
	substituted := make(map[string]string, len(pairs))
	for key, value := range pairs {
		var err error
		if substituted[key], err = f.substitute(field, value); err != nil {
			return nil, err
		}
	}
	return substituted, nil
}

// addPairs adds labels or annotations to those that a kustomization has, and replaces none unless forced to.
func addPairs(field string, into, pairs map[string]string, force bool) (map[string]string, error) {
	if into == nil && len(pairs) > 0 {
		into = map[string]string{}
	}
	for key, value := range pairs {
		if _, there := into[key]; there && !force {
			return nil, &Error{Reason: ReasonInvalid, Field: field,
				Detail: fmt.Sprintf("the kustomization has %s already; remove it from one of the two, or have the Application force its own", key)}
		}
		into[key] = value
	}
	return into, nil
}

// addComponents adds components that the Target names, relative to the folder.
func (f *filesystem) addComponents(k *types.Kustomization, components []string, ignoreMissing bool) error {
	for i, component := range components {
		if isRemoteFile(component) || isRemoteBase(component) || path.IsAbs(component) {
			return &Error{Reason: ReasonRemote, Field: fmt.Sprintf("components[%d]", i),
				Detail: fmt.Sprintf("the Target adds the component %q; components must be paths relative to the folder", component)}
		}
		if ignoreMissing && !f.Exists(path.Join(mount, f.build, component)) || slices.Contains(k.Components, component) && f.settings.Engine == ArgoCD {
			continue
		}
		k.Components = append(k.Components, component)
	}
	return nil
}

// parseImage reads an image as `kustomize edit set image` takes it: [<image>=][<newName>][:<newTag>][@<digest>], where an asterisk keeps
// what the kustomization says.
func parseImage(text string) (types.Image, bool) {
	name, rest, renamed := strings.Cut(text, "=")
	if !renamed {
		rest = text
	}
	var image types.Image
	rest, image.Digest, _ = strings.Cut(rest, "@")
	if colon := strings.LastIndex(rest, ":"); colon > strings.LastIndex(rest, "/") {
		rest, image.NewTag = rest[:colon], rest[colon+1:]
	}
	image.Name, image.NewName = name, rest
	if !renamed {
		image.Name, image.NewName = rest, ""
	}
	return image, image.Name != "" && (renamed || image.NewTag != "" || image.Digest != "")
}

// setImage puts an image in place of the one of its name, of which it keeps what it has an asterisk for.
func setImage(images []types.Image, image types.Image) []types.Image {
	var before types.Image
	rest := slices.DeleteFunc(slices.Clone(images), func(known types.Image) bool {
		if known.Name == image.Name {
			before = known
		}
		return known.Name == image.Name
	})
	for _, field := range []struct{ now, before *string }{
		{&image.NewName, &before.NewName}, {&image.NewTag, &before.NewTag}, {&image.Digest, &before.Digest},
	} {
		if *field.now == "*" {
			*field.now = *field.before
		}
	}
	return append(rest, image)
}
