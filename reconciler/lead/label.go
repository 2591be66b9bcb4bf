package lead

import (
	"context"
	"encoding/json"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Label is what the pod of the leader has, and what the Service of Assay selects: webhooks and the pods of Suites talk to who works. All
// replicas are ready, so that a rollout does not wait for those that stand by.
const Label = "assay.dev/leader"

// mark puts the label on the own pod. It tries until that is done, or this Assay leads no more.
func (o *Options) mark(ctx context.Context) {
	value := "true"
	_ = o.until(ctx, func() error { return o.label(ctx, &value) })
}

// unmark takes the label off, and tries until that is done. An error means that ctx ended.
func (o *Options) unmark(ctx context.Context) error {
	return o.until(ctx, func() error { return o.label(ctx, nil) })
}

func (o *Options) until(ctx context.Context, do func() error) error {
	again := time.NewTicker(o.retry())
	defer again.Stop()
	for {
		err := do()
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			o.Log.Error("the label of the leader cannot be changed", "pod", o.Pod, "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-again.C:
		}
	}
}

// label gives the own pod the label with a value, or removes it.
func (o *Options) label(ctx context.Context, value *string) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": map[string]*string{Label: value}}})
	if err != nil {
		return err
	}
	_, err = o.Client.CoreV1().Pods(o.Namespace).Patch(ctx, o.Pod, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}
