package rollback

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/assay-dev/assay/sources/git"
)

// manifests looks for objects in the YAML files of a tree.
type manifests struct {
	objects git.Objects
	tree    git.Hash
}

// each goes through the objects of a kind, in files that mention it, and tells the file and the document of each. Files that are no YAML of
// objects, such as templates, hold none.
func (m *manifests) each(ctx context.Context, group, kind string, visit func(file string, object *yaml.RNode) error) error {
	tree := git.FS(ctx, m.objects, m.tree)
	return fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, git.ErrUnsafe) || errors.Is(err, git.ErrSubmodule) {
			return nil
		}
		if err != nil || !entry.Type().IsRegular() || path.Ext(name) != ".yaml" && path.Ext(name) != ".yml" {
			return err
		}
		content, err := tree.ReadFile(name)
		if err != nil || !bytes.Contains(content, []byte(kind)) {
			return err
		}
		for _, object := range documents(content) {
			if object.GetKind() == kind && strings.HasPrefix(object.GetApiVersion(), group+"/") {
				if err := visit(name, object); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// documents are the objects of a file, with where in it they stand; none where it cannot be read.
func documents(content []byte) (all []*yaml.RNode) {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	for {
		var node yaml.Node
		if err := decoder.Decode(&node); err != nil {
			return all
		}
		if object := yaml.NewRNode(&node); object.YNode().Kind == yaml.MappingNode {
			all = append(all, object)
		}
	}
}

// fluxAutomations are those that write a file for an image policy, "namespace:name" and maybe what of it. An automation goes by the
// policies of its own namespace, which the manifest may leave to an overlay, and writes below its path.
func (m *manifests) fluxAutomations(ctx context.Context, policy, file string) (found []*automation, err error) {
	namespace, _, _ := strings.Cut(policy, ":")
	err = m.each(ctx, "image.toolkit.fluxcd.io", "ImageUpdateAutomation", func(at string, object *yaml.RNode) error {
		if in := object.GetNamespace(); in != "" && in != namespace {
			return nil
		}
		below, _ := object.GetString("spec.update.path")
		if below = path.Clean("/" + below); below != "/" && !strings.HasPrefix("/"+file, below+"/") {
			return nil
		}
		name := object.GetName()
		a := &automation{hold: Hold{
			Automation: fmt.Sprintf("ImageUpdateAutomation %s/%s", namespace, name), Path: at,
			Lift: fmt.Sprintf("set spec.suspend of ImageUpdateAutomation %s in %s to false, once the image is good", name, at),
		}}
		if suspended, _ := object.GetFieldValue("spec.suspend"); suspended != true {
			a.edit = func(content []byte) ([]byte, error) {
				return setField(content, sameObject(object), "true", "spec", "suspend")
			}
		}
		found = append(found, a)
		return nil
	})
	return found, err
}

// Annotations of Argo CD Image Updater; see https://argocd-image-updater.readthedocs.io/en/stable/configuration/images/.
const (
	updaterPrefix = "argocd-image-updater.argoproj.io/"
	imageList     = updaterPrefix + "image-list"
	ignoreTags    = ".ignore-tags"
)

// imageUpdater is what holds the images of an Application; none where it does not lie here, or where not every image has an alias to hold
// it by.
func (m *manifests) imageUpdater(ctx context.Context, application string) (found []*automation, err error) {
	err = m.each(ctx, "argoproj.io", "Application", func(at string, object *yaml.RNode) error {
		annotations := object.GetAnnotations()
		if object.GetName() != application || annotations[imageList] == "" {
			return nil
		}
		for _, image := range strings.Split(annotations[imageList], ",") {
			alias, _, aliased := strings.Cut(strings.TrimSpace(image), "=")
			if !aliased {
				found = nil
				return fs.SkipAll
			}
			field := updaterPrefix + alias + ignoreTags
			a := &automation{hold: Hold{
				Automation: fmt.Sprintf("Argo CD Image Updater for %s of Application %s", alias, application), Path: at,
				Lift: fmt.Sprintf("take the annotation %s off Application %s in %s, once the image is good", field, application, at),
			}}
			if annotations[field] != "*" {
				a.edit = func(content []byte) ([]byte, error) {
					return setField(content, sameObject(object), `"*"`, "metadata", "annotations", field)
				}
			}
			found = append(found, a)
		}
		return nil
	})
	return found, err
}

// sameObject tells another version of an object.
func sameObject(object *yaml.RNode) func(*yaml.RNode) bool {
	return func(other *yaml.RNode) bool {
		return other.GetKind() == object.GetKind() && other.GetName() == object.GetName() && other.GetNamespace() == object.GetNamespace()
	}
}

// writeHolds commits each hold on top of the reverts, and gathers what the whole changes.
func (p *planning) writeHolds(ctx context.Context) (bool, string, error) {
	tree, tip := p.reverted.Tree, p.reverted.Tip()
	for _, a := range p.automated {
		content, err := git.FS(ctx, p.scratch, tree).ReadFile(a.hold.Path)
		if err != nil {
			return false, fmt.Sprintf("%s must be held for the revert to stay, and %s is gone with the revert: %s",
				a.hold.Automation, a.hold.Path, a.hold.Lift), nil
		}
		edited, err := a.edit(content)
		if err != nil {
			return false, fmt.Sprintf("%s must be held for the revert to stay, and that cannot be written into %s (%s): hold it by hand first",
				a.hold.Automation, a.hold.Path, err), nil
		}
		_, mode, err := git.FS(ctx, p.scratch, tree).Hash(a.hold.Path)
		if err != nil {
			return false, "", err
		}
		entry := git.Entry{Mode: mode, Hash: p.scratch.WriteBlob(edited)}
		if tree, err = p.scratch.EditTree(ctx, tree, map[string]git.Entry{a.hold.Path: entry}); err != nil {
			return false, "", err
		}
		if tip, err = p.scratch.WriteCommit(git.NewCommit{
			Tree: tree, Parents: []git.Hash{tip}, Author: p.Author, Committer: p.Author, Sign: p.Sign, Message: holdMessage(a.hold, p.culprits),
		}); err != nil {
			return false, "", err
		}
		p.holding = append(p.holding, tip)
	}
	var err error
	p.paths, err = git.Diff(ctx, p.scratch, p.head.Tree, tree)
	return true, "", err
}

// tip is the last of all commits.
func (p *planning) tip() git.Hash {
	if len(p.holding) > 0 {
		return p.holding[len(p.holding)-1]
	}
	return p.reverted.Tip()
}

// holdsFor is the trailer by which a commit is known that holds automation for a revert.
const holdsFor = "Assay-Holds-For: "

func holdMessage(h Hold, culprits []*git.Commit) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Hold image automation while %q is reverted\n\n%s wrote what is reverted, and would write it again.\nTo let it go on: %s.\n\n",
		culprits[len(culprits)-1].Subject(), h.Automation, h.Lift)
	for _, c := range culprits {
		fmt.Fprintf(&b, "%s%s\n", holdsFor, c.Hash)
	}
	return b.String()
}
