package services

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

// folder is a service that was rendered.
type folder struct {
	tests.Service
	namespace string
	objects   []object
}

type object struct {
	*unstructured.Unstructured
	resource schema.GroupVersionResource
}

func (o object) String() string { return o.GetKind() + " " + o.GetName() }

// render builds the folders of a Job, and finds the API of each object. What may not be is a *runner.Refusal.
func (r *Runner) render(ctx context.Context, job runner.Job) ([]folder, error) {
	tree, ok := job.Files.(render.Tree)
	if !ok {
		return nil, runner.Refuse("the files of the run are no tree that Kustomize can build from")
	}
	var folders []folder
	seen := map[string]string{}
	for _, service := range job.Suite.Spec.Services {
		if service.Path == "" {
			continue
		}
		f := folder{Service: service, namespace: namespaceOf(job.ID)}
		rendering, err := r.options.Builder.Build(ctx, tree, path.Join(job.Suite.Origin.Folder(), service.Path), render.Settings{TargetNamespace: f.namespace})
		if refused := (*render.Error)(nil); errors.As(err, &refused) {
			return nil, runner.Refuse("%s: %v", service.Name, err)
		} else if err != nil {
			return nil, fmt.Errorf("build service %s: %w", service.Name, err)
		}
		if outside := outside(rendering.Files, job.Suite.Origin.Folder()); outside != "" {
			return nil, runner.Refuse("%s: it reads %s, which lies outside of the Suite's folder, so that a change of it would go unseen: move it into the folder", service.Name, outside)
		}
		if f.objects, err = r.objectsOf(ctx, rendering, f.namespace); err != nil {
			return nil, fmt.Errorf("%s: %w", service.Name, err)
		}
		for _, o := range f.objects {
			if other, twice := seen[o.resource.String()+o.GetName()]; twice {
				return nil, runner.Refuse("%s and %s both have a %s", other, service.Name, o)
			}
			seen[o.resource.String()+o.GetName()] = service.Name
		}
		folders = append(folders, f)
	}
	return folders, nil
}

// outside is the first file that does not lie in the Suite's folder.
func outside(files []string, folder string) string {
	for _, file := range files {
		if folder != "." && file != folder && !strings.HasPrefix(file, folder+"/") {
			return file
		}
	}
	return ""
}

func (r *Runner) objectsOf(ctx context.Context, rendering *render.Rendering, namespace string) ([]object, error) {
	var objects []object
	for i := range rendering.Objects {
		o := object{Unstructured: &unstructured.Unstructured{}}
		if err := rendering.Objects[i].Decode(&o.Object); err != nil {
			return nil, runner.Refuse("%v", err)
		}
		var err error
		if o.resource, err = cluster.Locate(ctx, r.mapper, o.GroupVersionKind()); err != nil {
			return nil, fmt.Errorf("%s: %w", o, err)
		}
		if o.GetNamespace() != namespace {
			return nil, runner.Refuse("%s names the namespace %s, and belongs into the one that is made for the run: remove it", o, o.GetNamespace())
		}
		objects = append(objects, o)
	}
	if len(objects) == 0 {
		return nil, runner.Refuse("it renders nothing")
	}
	return objects, nil
}

// createAll creates what a folder renders, each object once. The objects are afterwards as the cluster has them.
func (r *Runner) createAll(ctx context.Context, f folder) error {
	for i, o := range f.objects {
		client := r.options.Client.Resource(o.resource).Namespace(f.namespace)
		var there *unstructured.Unstructured
		err := cluster.Patiently(ctx, func() (err error) {
			there, err = client.Create(ctx, o.Unstructured, metav1.CreateOptions{FieldManager: cluster.Manager})
			if apierrors.IsAlreadyExists(err) {
				there, err = client.Get(ctx, o.GetName(), metav1.GetOptions{})
				if apierrors.IsForbidden(err) { // as of Secrets: that it is there is all that there is to know
					there, err = o.Unstructured, nil
				}
			}
			return err
		})
		switch {
		case apierrors.IsForbidden(err):
			return runner.Refuse("%s: Assay may not create %s, or the cluster forbids this one: %v", f.Name, o, err)
		case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsNotFound(err), apierrors.IsRequestEntityTooLargeError(err):
			return runner.Refuse("%s: the cluster does not take %s: %v", f.Name, o, err)
		case err != nil:
			return fmt.Errorf("%s: create %s: %w", f.Name, o, err)
		}
		f.objects[i].Unstructured = there
	}
	return nil
}

// addresses are the variables that say where the folder's Kubernetes Services are.
func (f folder) addresses() map[string]string {
	found := map[string]string{}
	for _, o := range f.objects {
		if o.GroupVersionKind() != (schema.GroupVersionKind{Version: "v1", Kind: "Service"}) {
			continue
		}
		address := o.GetName() + "." + f.namespace + ".svc"
		ports, _, _ := unstructured.NestedSlice(o.Object, "spec", "ports")
		if len(ports) > 0 {
			first, _ := ports[0].(map[string]any)
			if port, ok := first["port"]; ok {
				address += fmt.Sprintf(":%v", port)
			}
		}
		found[tests.ServiceVariable(o.GetName())] = address
	}
	return found
}
