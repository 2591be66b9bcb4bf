package tests

import "github.com/assay-dev/assay/sources/render"

// kustomizeConfiguration tells Kustomize where our documents refer to each other, and where a Suite's image is. A Gate's references to
// Sites are not here: Kustomize cannot tell a selector of kind Site from one of another kind with the same name.
const kustomizeConfiguration = `
nameReference:
  - kind: Suite
    group: assay.dev
    fieldSpecs:
      - {kind: Gate, group: assay.dev, path: spec/suites/name}
      - {kind: Gate, group: assay.dev, path: spec/control/name}
images:
  - {kind: Suite, group: assay.dev, path: spec/image}
`

func buildSettings() render.Settings {
	return render.Settings{Configurations: []string{kustomizeConfiguration}, Origins: true}
}
