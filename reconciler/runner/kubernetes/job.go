package kubernetes

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes/pod"
	"github.com/assay-dev/assay/sources/tests"
)

// component of what this package makes.
const component = "run"

// Labels and annotations of what this package makes, besides those that all runners in a cluster give.
const (
	labelRun  = cluster.Run
	labelGate = "assay.dev/gate"

	annotationRun    = cluster.RunID
	annotationInputs = cluster.Inputs
	annotationSecret = "assay.dev/secret"
)

// Names inside of a pod.
const (
	namePrefix     = "assay-run-"
	fetchContainer = "assay-fetch"
	runContainer   = "suite"
	volume         = "assay"
	tokenKey       = "token"
	caKey          = "ca.crt"
)

// deliveryTime is what a Job gets, over all that its pod is bounded by, until the backstop ends it.
const deliveryTime = time.Minute

// objectName is that of a Run's Job.
func objectName(run string) string { return namePrefix + cluster.Sum(run) }

// secretName is one that no earlier Job of the Run had: what was theirs may still be there.
func secretName(run string) string { return fmt.Sprintf("%s-%08x", objectName(run), rand.Uint32()) }

// jobOf is the Job object of a Run. What its Suite may not have is a *runner.Refusal.
func (r *Runner) jobOf(job runner.Job, inputs string) (*batchv1.Job, error) {
	secret := secretName(job.ID)
	spec, err := r.podOf(job, secret)
	if err != nil {
		return nil, err
	}
	labels := r.labels(job)
	ofPod := metav1.ObjectMeta{Labels: cluster.Joined(job.Suite.Spec.Pod.Labels, labels), Annotations: job.Suite.Spec.Pod.Annotations}
	bounds, limits := r.options.Bounds, r.options.Limits
	deadline := bounds.Start + r.timeout(job) + limits.Grace + limits.Away + deliveryTime
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Name: objectName(job.ID), Namespace: r.options.Namespaces.Of(job.Environment), Labels: labels,
			Annotations: map[string]string{annotationRun: job.ID, annotationInputs: inputs, annotationSecret: secret},
		},
		Spec: batchv1.JobSpec{
			BackoffLimit:            new(int32(0)),
			ActiveDeadlineSeconds:   new(int64(deadline.Seconds())),
			TTLSecondsAfterFinished: new(int32(bounds.TTL.Seconds())),
			PodReplacementPolicy:    new(batchv1.Failed),
			Template:                corev1.PodTemplateSpec{ObjectMeta: ofPod, Spec: spec},
		},
	}, nil
}

func (r *Runner) timeout(job runner.Job) time.Duration {
	if timeout := job.Suite.Spec.Timeout.Duration; timeout > 0 {
		return timeout
	}
	return r.options.Limits.Timeout
}

// own are the labels by which this Assay finds its own.
func (o Options) own() map[string]string { return cluster.Own(o.Instance, component) }

func (r *Runner) labels(job runner.Job) map[string]string {
	labels := cluster.Labels(r.options.Instance, component, job)
	if job.Gate != "" {
		labels[labelGate] = cluster.LabelValue(job.Gate)
	}
	return labels
}

func (r *Runner) podOf(job runner.Job, secret string) (corev1.PodSpec, error) {
	fetch := r.container(fetchContainer, r.options.Image, job.ID, secret)
	fetch.Args = []string{"pod", "fetch"}
	fetch.Resources = corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("32Mi")},
		Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")},
	}
	run := r.container(runContainer, cmp.Or(job.Suite.Spec.Image, r.options.Rules.DefaultImage), job.ID, secret)
	if run.Image == "" {
		return corev1.PodSpec{}, runner.Refuse("the Suite names no image to run in, and the operator has set none for such Suites")
	}
	run.Command = []string{pod.Binary, "pod", "run"}
	for _, v := range job.Suite.Spec.Env {
		if v.ValueFrom == nil {
			continue // is told in the Order, as Assay's own variables are
		}
		ref := v.ValueFrom.SecretKeyRef
		if strings.HasPrefix(ref.Name, namePrefix) {
			return corev1.PodSpec{}, runner.Refuse("env %s: secrets that begin with %s are Assay's own", v.Name, namePrefix)
		}
		run.Env = append(run.Env, fromSecret(v.Name, ref.Name, ref.Key))
	}
	spec := corev1.PodSpec{
		RestartPolicy:                 corev1.RestartPolicyNever,
		EnableServiceLinks:            new(false),
		TerminationGracePeriodSeconds: new(int64((r.options.Limits.Grace + graceToDeliver).Seconds())),
		InitContainers:                []corev1.Container{fetch},
		Containers:                    []corev1.Container{run},
		Volumes: []corev1.Volume{{Name: volume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{
			SizeLimit: resource.NewQuantity(int64(r.options.Limits.Disk)+2*r.options.Limits.Log, resource.BinarySI),
		}}}},
	}
	if err := r.furnish(&spec, job.Suite); err != nil {
		return corev1.PodSpec{}, err
	}
	if r.options.Services != nil {
		if err := r.options.Services(job, &spec); err != nil {
			return corev1.PodSpec{}, err
		}
	} else if slices.ContainsFunc(job.Suite.Spec.Services, func(s tests.Service) bool { return s.Image != "" }) {
		return corev1.PodSpec{}, runner.Refuse("the Suite has services beside it, which this Assay does not run")
	}
	return spec, nil
}

// graceToDeliver is how long a pod that is told to end has to deliver what there is, in addition to its command's grace.
const graceToDeliver = 10 * time.Second

// container is one of Assay's two: both know where Assay is.
func (r *Runner) container(name, image, run, secret string) corev1.Container {
	env := []corev1.EnvVar{{Name: pod.URLVariable, Value: r.options.URL + "/runs/" + run}, fromSecret(pod.TokenVariable, secret, tokenKey)}
	if r.options.CA != "" {
		env = append(env, fromSecret(pod.CAVariable, secret, caKey))
	}
	return corev1.Container{
		Name: name, Image: image, ImagePullPolicy: r.options.Rules.PullPolicy, Env: env,
		VolumeMounts: []corev1.VolumeMount{{Name: volume, MountPath: pod.Dir}},
	}
}

func fromSecret(variable, name, key string) corev1.EnvVar {
	return corev1.EnvVar{Name: variable, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key,
	}}}
}

// secretOf holds what a Job's pod needs to reach Assay. It goes with its Job.
func (r *Runner) secretOf(job *batchv1.Job, token string) *corev1.Secret {
	data := map[string][]byte{tokenKey: []byte(token)}
	if r.options.CA != "" {
		data[caKey] = []byte(r.options.CA)
	}
	owner := metav1.OwnerReference{APIVersion: batchv1.SchemeGroupVersion.String(), Kind: "Job", Name: job.Name, UID: job.UID, Controller: new(true)}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: job.Annotations[annotationSecret], Namespace: job.Namespace, Labels: job.Labels, OwnerReferences: []metav1.OwnerReference{owner},
		},
		Immutable: new(true), Data: data, Type: corev1.SecretTypeOpaque,
	}
}
