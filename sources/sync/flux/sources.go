package flux

import (
	"cmp"
	"path"
	"strings"

	"github.com/fluxcd/pkg/apis/meta"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/assay-dev/assay/sources/sync/watch"
)

// kindGenerator is the kind that makes ExternalArtifacts out of other sources.
const kindGenerator = "ArtifactGenerator"

// sourceResources are the kinds that a Target may be built from, directly or not.
var sourceResources = map[string]schema.GroupVersionResource{
	sourcev1.GitRepositoryKind:    sourcev1.GroupVersion.WithResource("gitrepositories"),
	sourcev1.OCIRepositoryKind:    sourcev1.GroupVersion.WithResource("ocirepositories"),
	sourcev1.BucketKind:           sourcev1.GroupVersion.WithResource("buckets"),
	sourcev1.ExternalArtifactKind: sourcev1.GroupVersion.WithResource("externalartifacts"),
	kindGenerator:                 {Group: "source.extensions.fluxcd.io", Version: "v1beta1", Resource: "artifactgenerators"},
}

// sourceKey names a source.
type sourceKey struct {
	kind string
	watch.Key
}

func (s sourceKey) String() string { return s.kind + "/" + s.Key.String() }

// referredTo is the source that an object in a namespace refers to.
func referredTo(kind, namespace, name, from string) sourceKey {
	return sourceKey{kind, watch.Key{Namespace: cmp.Or(namespace, from), Name: name}}
}

// source is what is used of a source, of whatever kind.
type source struct {
	metav1.ObjectMeta
	url            string
	ref            sourcev1.GitRepositoryRef
	secret, proxy  string // names of Secrets
	provider       string
	ignore         string
	include        []sourcev1.GitRepositoryInclude
	included       []string // revisions of what is included, in the same order
	partial        string   // why its artifact is not just the commit's files
	revision       string   // of its artifact
	originRevision string   // that the artifact's metadata name, and originSource
	originSource   string
	from           sourceKey            // of an ExternalArtifact
	inputs         map[string]sourceKey // of an ArtifactGenerator, by alias
	outputs        []output
}

// IndexKeys implements watch.Indexed: ExternalArtifacts are found by what they were made of.
func (s *source) IndexKeys() []string {
	if s.from.kind == "" {
		return nil
	}
	return []string{s.from.String()}
}

// input is a source that an ArtifactGenerator takes files from.
type input struct {
	Alias     string `json:"alias"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

// output is an artifact that an ArtifactGenerator makes.
type output struct {
	Name           string `json:"name"`
	OriginRevision string `json:"originRevision"` // @<alias>
	Copy           []struct {
		From string `json:"from"` // @<alias>/<glob>
		To   string `json:"to"`   // @artifact/<path>
	} `json:"copy"`
}

// Annotations of OCI artifacts, which Flux copies to its own.
const (
	originRevision = "org.opencontainers.image.revision"
	originSource   = "org.opencontainers.image.source"
)

func (s *source) artifact(a *meta.Artifact) {
	if a != nil {
		s.revision, s.originRevision, s.originSource = a.Revision, a.Metadata[originRevision], a.Metadata[originSource]
	}
}

func decode(u *unstructured.Unstructured, into any) {
	_ = runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, into) // what cannot be read stays empty, which leads nowhere
}

// trims are how each kind of source is cut down.
var trims = map[string]func(*unstructured.Unstructured) *source{
	sourcev1.GitRepositoryKind: func(u *unstructured.Unstructured) *source {
		var o sourcev1.GitRepository
		decode(u, &o)
		s := &source{ObjectMeta: watch.Meta(u), url: o.Spec.URL, provider: o.Spec.Provider, include: o.Spec.Include}
		if o.Spec.Reference != nil {
			s.ref = *o.Spec.Reference
		}
		if o.Spec.SecretRef != nil {
			s.secret = o.Spec.SecretRef.Name
		}
		if o.Spec.ProxySecretRef != nil {
			s.proxy = o.Spec.ProxySecretRef.Name
		}
		if o.Spec.Ignore != nil {
			s.ignore = *o.Spec.Ignore
		}
		switch {
		case o.Spec.RecurseSubmodules:
			s.partial = "spec.recurseSubmodules of its GitRepository brings files of other repositories"
		case len(o.Spec.SparseCheckout) > 0:
			s.partial = "spec.sparseCheckout of its GitRepository leaves files out"
		}
		for _, a := range o.Status.IncludedArtifacts {
			s.included = append(s.included, a.Revision)
		}
		s.artifact(o.Status.Artifact)
		return s
	},
	sourcev1.OCIRepositoryKind: func(u *unstructured.Unstructured) *source {
		var o sourcev1.OCIRepository
		decode(u, &o)
		s := &source{ObjectMeta: watch.Meta(u), url: o.Spec.URL}
		if o.Spec.Ignore != nil {
			s.ignore = *o.Spec.Ignore
		}
		s.artifact(o.Status.Artifact)
		return s
	},
	sourcev1.BucketKind: func(u *unstructured.Unstructured) *source {
		var o sourcev1.Bucket
		decode(u, &o)
		s := &source{ObjectMeta: watch.Meta(u)}
		s.artifact(o.Status.Artifact)
		return s
	},
	sourcev1.ExternalArtifactKind: func(u *unstructured.Unstructured) *source {
		var o sourcev1.ExternalArtifact
		decode(u, &o)
		s := &source{ObjectMeta: watch.Meta(u)}
		if r := o.Spec.SourceRef; r != nil {
			s.from = referredTo(r.Kind, r.Namespace, r.Name, u.GetNamespace())
		}
		s.artifact(o.Status.Artifact)
		return s
	},
	kindGenerator: func(u *unstructured.Unstructured) *source {
		var o struct {
			Spec struct {
				Inputs  []input  `json:"sources"`
				Outputs []output `json:"artifacts"`
			} `json:"spec"`
		}
		decode(u, &o)
		s := &source{ObjectMeta: watch.Meta(u), inputs: map[string]sourceKey{}, outputs: o.Spec.Outputs}
		for _, i := range o.Spec.Inputs {
			s.inputs[i.Alias] = referredTo(i.Kind, i.Namespace, i.Name, u.GetNamespace())
		}
		return s
	},
}

// branch that a GitRepository follows; empty when it is pinned. A commit wins over a name, that over a semver range, and so on.
func (s *source) branch() string {
	switch r := s.ref; {
	case r.Commit != "":
		return ""
	case r.Name != "":
		branch, isBranch := strings.CutPrefix(r.Name, "refs/heads/")
		if !isBranch {
			return ""
		}
		return branch
	case r.SemVer != "" || r.Tag != "":
		return ""
	default:
		return cmp.Or(r.Branch, "master") // as source-controller does where nothing is said
	}
}

// folders are where in the files of an input a folder of an output may come from, by what is copied.
func (o *output) folders(alias, folder string) []string {
	var found []string
	for _, c := range o.Copy {
		from, isFrom := strings.CutPrefix(c.From, "@"+alias+"/")
		to, isTo := strings.CutPrefix(c.To, "@artifact")
		if !isFrom || !isTo {
			continue
		}
		to = path.Clean("./" + to)
		base := strings.TrimSuffix(strings.TrimSuffix(from, "*"), "*")
		base = path.Clean("./" + base)
		if strings.ContainsAny(base, "*?[{") {
			continue
		}
		if rest, inside := within(to, folder); inside {
			found = append(found, path.Join(base, rest))
		}
	}
	return found
}

// within is a folder's path below another.
func within(outer, folder string) (rest string, inside bool) {
	if outer == "." {
		return folder, true
	}
	if folder == outer {
		return ".", true
	}
	return strings.CutPrefix(folder, outer+"/")
}
