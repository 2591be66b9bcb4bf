package manifests

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

// TestSecretsAreOnlyReferredTo finds values of secrets in the one place where they could hide: what reaches Assay as a variable.
func TestSecretsAreOnlyReferredTo(t *testing.T) {
	for _, folder := range append(overlays, everything) {
		t.Run(folder, func(t *testing.T) {
			for _, o := range build(t, folder).Objects {
				require.NotEqual(t, "Secret", o.Kind, o.Name)
				if o.Kind != "ConfigMap" {
					continue
				}
				var settings corev1.ConfigMap
				require.NoError(t, o.Decode(&settings))
				for name, value := range settings.Data {
					if u, err := url.Parse(value); err == nil {
						require.Nil(t, u.User, name)
					}
				}
			}
			d, c := deployment(t, folder)
			for _, e := range c.Env {
				require.NotNil(t, e.ValueFrom, "%s: a setting belongs in settings.env", e.Name)
				require.Nil(t, e.ValueFrom.SecretKeyRef, "%s: whoever may read the process may read it; mount the secret", e.Name)
			}
			for _, from := range c.EnvFrom {
				require.Nil(t, from.SecretRef)
			}
			mounted := map[string]corev1.VolumeMount{}
			for _, m := range c.VolumeMounts {
				mounted[m.Name] = m
			}
			for _, v := range d.Spec.Template.Spec.Volumes {
				if v.Secret != nil {
					require.True(t, mounted[v.Name].ReadOnly, v.Name)
					require.Equal(t, int32(0o440), *v.Secret.DefaultMode, v.Name)
				}
			}
		})
	}
}
