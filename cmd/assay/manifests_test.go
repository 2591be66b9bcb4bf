package main

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/assay-dev/assay/cmd/assay/internal/settings"
	"github.com/assay-dev/assay/sources/render"
)

// TestSettingsOfTheManifests reads the settings of each overlay as the pod would, so that none is misspelt, and looks for the folders and
// files that they name among what is mounted.
func TestSettingsOfTheManifests(t *testing.T) {
	tree, err := render.OpenDirectory("../../manifests")
	require.NoError(t, err)
	defer tree.Close()
	for _, folder := range []string{"overlays/dev", "overlays/staging", "overlays/prod", "testdata/everything"} {
		t.Run(folder, func(t *testing.T) {
			rendering, err := render.NewBuilder(nil).Build(t.Context(), tree, folder, render.Settings{})
			require.NoError(t, err)
			var said corev1.ConfigMap
			var deployment appsv1.Deployment
			for _, o := range rendering.Objects {
				switch o.Kind {
				case "ConfigMap":
					require.NoError(t, o.Decode(&said))
				case "Deployment":
					require.NoError(t, o.Decode(&deployment))
				}
			}
			container := deployment.Spec.Template.Spec.Containers[0]
			require.Equal(t, said.Name, container.EnvFrom[0].ConfigMapRef.Name)

			var environ []string
			for name, value := range said.Data {
				environ = append(environ, name+"="+value)
				if strings.HasPrefix(value, "/") {
					require.True(t, mounted(container, value), "%s: nothing is mounted at %s", name, value)
				}
			}
			s, err := settings.Read(environ, nil)
			require.NoError(t, err)
			require.NotEmpty(t, s.Environments)
			require.Equal(t, "http://assay."+deployment.Namespace+":9292", s.RunURL)
		})
	}
}

// setting is how documents name one.
var setting = regexp.MustCompile(`\bASSAY_(<[A-Z]+>_|STAGING_)?([A-Z_]*[A-Z])`)

func TestSettingsThatDocumentsNameAreThere(t *testing.T) {
	help := settings.Help()
	for _, file := range []string{"../../README.md", "../../manifests/README.md"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		named := setting.FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, named)
		for _, n := range named {
			variable := settings.Prefix + n[2]
			if n[1] != "" {
				variable = settings.Prefix + "<NAME>_" + n[2]
			}
			require.Contains(t, help, "\n  "+variable+" (", "%s names %s", file, n[0])
		}
	}
}

// mounted tells whether a path is within a mounted folder, or one is within it.
func mounted(container corev1.Container, at string) bool {
	for _, m := range container.VolumeMounts {
		if strings.HasPrefix(at+"/", path.Clean(m.MountPath)+"/") || strings.HasPrefix(m.MountPath+"/", at+"/") {
			return true
		}
	}
	return false
}
