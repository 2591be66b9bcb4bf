package flux

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"strings"

	sourcev1 "github.com/fluxcd/source-controller/api/v1"

	"github.com/assay-dev/assay/sources/git"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// origin is where what a Kustomization renders comes from.
type origin struct {
	// revisions that are rendered, the one that holds the Kustomization's folder first; none where no Git commit is behind them.
	revisions []syncs.Revision
	ignore    string
	// unknown is what goes into the build besides the files of the first revision.
	unknown string
	// folders of the first revision, of which one is what is built, if any; only Flux's own digest can tell. Nil where it is known.
	folders []string
}

// origin finds where the state of a Kustomization comes from that Flux calls by this revision and origin revision. The reason says why
// that is not known.
func (s *Source) origin(k *kustomization, revision, originRevision string) (o origin, reason string) {
	key := k.source()
	if s.options.NoCrossNamespaceRefs && key.Namespace != k.Namespace {
		return o, fmt.Sprintf("its source %s is in another namespace, which Flux is set up not to allow", key)
	}
	from, reason := s.source(key)
	if reason != "" {
		return o, reason
	}
	folder := folderOf(k.spec.Path)
	switch key.kind {
	case sourcev1.GitRepositoryKind:
		return s.fromGit(from, revision, folder)
	case sourcev1.OCIRepositoryKind:
		return fromOCI(from, originRevision, []string{folder}), ""
	case sourcev1.ExternalArtifactKind:
		return s.fromArtifact(from, originRevision, folder)
	}
	return o, "" // a Bucket
}

// source looks a source up.
func (s *Source) source(key sourceKey) (found *source, reason string) {
	kind, known := s.sources[key.kind]
	if !known {
		return nil, fmt.Sprintf("its source %s is of a kind that is not known here", key)
	}
	if found, there := kind.Get(key.Key); there {
		return found, ""
	}
	return nil, cmp.Or(kind.Reason(), fmt.Sprintf("its source %s is not there", key))
}

// folderOf is a spec.path as a path in a tree.
func folderOf(path_ string) string {
	return strings.TrimPrefix(path.Clean("/"+path_), "/")
}

func (s *Source) fromGit(from *source, rev, folder string) (origin, string) {
	own, reason := from.at(rev, folder)
	if reason != "" {
		return origin{}, reason
	}
	o := origin{revisions: []syncs.Revision{own}, ignore: from.ignore, unknown: from.partial}
	for i, include := range from.include {
		included, reason := s.source(sourceKey{sourcev1.GitRepositoryKind, watch.Key{Namespace: from.Namespace, Name: include.GitRepositoryRef.Name}})
		switch {
		case reason != "":
			return o, reason
		case i >= len(from.included):
			return o, fmt.Sprintf("what its source includes of %s is not there yet", include.GitRepositoryRef.Name)
		}
		to := folderOf(include.GetToPath())
		if rest, inside := within(to, folder); inside && to != "" {
			held := path.Join(folderOf(include.FromPath), rest)
			if own, reason = included.at(from.included[i], held); reason != "" {
				return o, reason
			}
			return origin{revisions: []syncs.Revision{own}, ignore: included.ignore, folders: []string{held}}, ""
		}
		other, reason := included.at(from.included[i], folderOf(include.FromPath))
		if reason != "" {
			return o, reason
		}
		o.revisions = append(o.revisions, other)
		o.unknown = "spec.include of its GitRepository brings files of another repository"
	}
	return o, ""
}

// at is a GitRepository's state as a Revision.
func (s *source) at(rev, folder string) (syncs.Revision, string) {
	parsed := parseRevision(rev)
	if _, ok := parsed.hash(); !ok {
		return syncs.Revision{}, fmt.Sprintf("its revision %q names no commit", rev)
	}
	branch := s.branch()
	if parsed.ref != "" && strings.TrimPrefix(parsed.ref, "refs/heads/") != branch {
		branch = "" // it is of what the source followed before
	}
	return revisionAt(s.url, branch, parsed.commit, folder), ""
}

func revisionAt(url, branch, commit, folder string) syncs.Revision {
	if folder == "" {
		folder = "."
	}
	return syncs.Revision{Repository: git.Normalize(url), URL: git.Redact(url), Branch: branch, Commit: commit, Path: folder}
}

// version is how tags look that people release by. A branch and a tag look alike in an origin revision; these are taken for tags.
var version = regexp.MustCompile(`^v?\d+\.\d+`)

// fromOCI follows the annotations of an artifact to the commit that it was made of. Which folder of the repository it holds nobody says.
func fromOCI(from *source, originRevision string, folders []string) origin {
	parsed := parseRevision(originRevision)
	if _, ok := parsed.hash(); !ok || from.originSource == "" {
		return origin{}
	}
	branch := strings.TrimPrefix(parsed.ref, "refs/heads/")
	if version.MatchString(branch) || strings.HasPrefix(branch, "refs/") {
		branch = ""
	}
	return origin{revisions: []syncs.Revision{revisionAt(from.originSource, branch, parsed.commit, folders[0])}, ignore: from.ignore, folders: folders}
}

// fromArtifact follows an ExternalArtifact to what it was made of.
func (s *Source) fromArtifact(from *source, originRevision, folder string) (origin, string) {
	input, folders := from.from, []string{folder}
	if input.kind == kindGenerator {
		generator, reason := s.source(input)
		if reason != "" {
			return origin{}, reason
		}
		alias := generator.origin(from.Name)
		if input = generator.inputs[alias.name]; input.kind == "" {
			return origin{}, "" // made of several, none of which gave it its revision
		}
		if folders = alias.output.folders(alias.name, folder); len(folders) == 0 {
			folders = []string{folder}
		}
	}
	if s.sources[input.kind] == nil {
		return origin{}, "" // made by something that nobody knows here
	}
	made, reason := s.source(input)
	switch {
	case reason != "":
		return origin{}, reason
	case input.kind == sourcev1.OCIRepositoryKind:
		return fromOCI(made, originRevision, folders), ""
	case input.kind != sourcev1.GitRepositoryKind:
		return origin{}, ""
	}
	own, reason := made.at(originRevision, folders[0])
	if reason != "" {
		return origin{}, reason
	}
	return origin{revisions: []syncs.Revision{own}, ignore: made.ignore, unknown: made.partial, folders: folders}, ""
}

// madeOf is the input that an output got its revision from.
type madeOf struct {
	name   string // the input's alias
	output output
}

// origin finds the input that an artifact of a generator got its revision from.
func (s *source) origin(artifact string) madeOf {
	for _, o := range s.outputs {
		if o.Name == artifact {
			return madeOf{strings.TrimPrefix(o.OriginRevision, "@"), o}
		}
	}
	return madeOf{}
}
