package kubernetes

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// nobody is the user id of runs that name none: distroless images call it nonroot.
const nobody = 65532

// furnish gives a pod what its Suite says about it, as far as the operator lets it.
func (r *Runner) furnish(spec *corev1.PodSpec, suite *tests.Suite) error {
	asked, rules := suite.Spec.Pod, r.options.Rules
	if err := rules.permit(asked); err != nil {
		return err
	}
	affinity, err := affinityOf(asked.Affinity)
	if err != nil {
		return err
	}
	spec.Affinity = affinity
	spec.ServiceAccountName = asked.ServiceAccountName
	spec.AutomountServiceAccountToken = new(asked.AutomountServiceAccountToken)
	spec.PriorityClassName = asked.PriorityClassName
	if class := cmp.Or(asked.RuntimeClassName, first(rules.RuntimeClasses)); class != "" {
		spec.RuntimeClassName = &class
	}
	spec.NodeSelector = map[string]string{}
	maps.Copy(spec.NodeSelector, asked.NodeSelector)
	maps.Copy(spec.NodeSelector, rules.NodeSelector)
	spec.Tolerations = append(tolerationsOf(asked.Tolerations, r.options.Bounds.Unreachable), rules.Tolerations...)
	for _, secret := range asked.ImagePullSecrets {
		spec.ImagePullSecrets = append(spec.ImagePullSecrets, corev1.LocalObjectReference{Name: secret.Name})
	}
	secure(spec, asked.SecurityContext)
	run := &spec.Containers[0]
	run.Resources, err = rules.resources(suite.Spec.Resources)
	return err
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// permit says what a Suite asks for and the operator does not allow.
func (r Rules) permit(asked tests.Pod) error {
	for _, wish := range []struct {
		field, value string
		allowed      []string
	}{
		{"serviceAccountName", asked.ServiceAccountName, append(r.ServiceAccounts, "default")},
		{"priorityClassName", asked.PriorityClassName, r.PriorityClasses},
		{"runtimeClassName", asked.RuntimeClassName, r.RuntimeClasses},
	} {
		if wish.value != "" && !slices.Contains(wish.allowed, wish.value) {
			return runner.Refuse("pod.%s %s is none that the operator allows", wish.field, wish.value)
		}
	}
	if asked.AutomountServiceAccountToken && !r.Token {
		return runner.Refuse("pod.automountServiceAccountToken is not allowed by the operator")
	}
	for _, id := range []*int{asked.SecurityContext.RunAsUser, asked.SecurityContext.RunAsGroup, asked.SecurityContext.FSGroup} {
		if id != nil && *id == 0 && !r.Root {
			return runner.Refuse("pod.securityContext: the operator does not allow user or group 0")
		}
	}
	return nil
}

// affinityOf reads what the Suite passes on to Kubernetes.
func affinityOf(written map[string]any) (*corev1.Affinity, error) {
	if len(written) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(written)
	if err != nil {
		return nil, runner.Refuse("pod.affinity: %v", err)
	}
	var affinity corev1.Affinity
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&affinity); err != nil {
		return nil, runner.Refuse("pod.affinity is none of Kubernetes': %v", err)
	}
	return &affinity, nil
}

func tolerationsOf(asked []tests.Toleration, unreachable time.Duration) (tolerations []corev1.Toleration) {
	for _, t := range asked {
		toleration := corev1.Toleration{
			Key: t.Key, Operator: corev1.TolerationOperator(t.Operator), Value: t.Value, Effect: corev1.TaintEffect(t.Effect),
		}
		if t.TolerationSeconds != nil {
			toleration.TolerationSeconds = new(int64(*t.TolerationSeconds))
		}
		tolerations = append(tolerations, toleration)
	}
	for _, taint := range []string{corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable} {
		tolerations = append(tolerations, corev1.Toleration{
			Key: taint, Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: new(int64(unreachable.Seconds())),
		})
	}
	return tolerations
}

// secure restricts the pod as the restricted Pod Security Standard has it. Root, where it is allowed, is the one exception.
func secure(spec *corev1.PodSpec, asked tests.PodSecurityContext) {
	user := int64(nobody)
	if asked.RunAsUser != nil {
		user = int64(*asked.RunAsUser)
	}
	group := user
	if asked.RunAsGroup != nil {
		group = int64(*asked.RunAsGroup)
	}
	files := group
	if asked.FSGroup != nil {
		files = int64(*asked.FSGroup)
	}
	spec.SecurityContext = &corev1.PodSecurityContext{
		RunAsNonRoot: new(user != 0), RunAsUser: &user, RunAsGroup: &group, FSGroup: &files,
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	spec.InitContainers[0].SecurityContext = restricted(true)
	spec.Containers[0].SecurityContext = restricted(asked.ReadOnlyRootFilesystem)
}

func restricted(readOnly bool) *corev1.SecurityContext {
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: new(false),
		ReadOnlyRootFilesystem:   &readOnly,
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
}

// resources are the Suite's, and where it names none the operator's.
func (r Rules) resources(asked tests.Resources) (given corev1.ResourceRequirements, err error) {
	if given.Requests, err = amounts("requests", asked.Requests, r.Resources.Requests); err != nil {
		return given, err
	}
	given.Limits, err = amounts("limits", asked.Limits, r.Resources.Limits)
	return given, err
}

func amounts(field string, asked tests.ResourceList, otherwise corev1.ResourceList) (corev1.ResourceList, error) {
	list := maps.Clone(otherwise)
	for name, amount := range map[corev1.ResourceName]string{corev1.ResourceCPU: asked.CPU, corev1.ResourceMemory: asked.Memory} {
		if amount == "" {
			continue
		}
		quantity, err := resource.ParseQuantity(amount)
		if err != nil {
			return nil, runner.Refuse("resources.%s.%s %q is not an amount", field, name, amount)
		}
		if list == nil {
			list = corev1.ResourceList{}
		}
		list[name] = quantity
	}
	return list, nil
}
