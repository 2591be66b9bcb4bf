//go:build e2e

package e2e

import (
	"fmt"
	"strings"
)

// shopFiles is a config repository: a base, and for each Environment an overlay that has everything in its namespace.
func shopFiles(w *world) map[string]string {
	files := map[string]string{
		"base/kustomization.yaml": `resources: [deployment.yaml, service.yaml]
configMapGenerator:
- {name: settings, envs: [settings.env]}
- {name: menu, files: [menu]}
`,
		"base/settings.env":    "PRICE=7\n",
		"base/menu":            "soup 5\n",
		"base/deployment.yaml": deployment(shopImage),
		"base/service.yaml": `apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}
`,
	}
	for _, env := range w.envs {
		files["overlays/"+env+"/kustomization.yaml"] = fmt.Sprintf("namespace: %s\nresources: [../../base]\n", w.namespace(env))
	}
	return files
}

// deployment of the shop, with one image or another.
func deployment(image string) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 1
  progressDeadlineSeconds: 30
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 30
      containers:
      - name: shop
        image: %s
        envFrom: [{configMapRef: {name: settings}}]
        ports: [{containerPort: 8080}]
        readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
        volumeMounts: [{name: menu, mountPath: /etc/shop}]
      volumes: [{name: menu, configMap: {name: menu}}]
`, image)
}

// What breaks the shop, so that it is up and yet wrong, or not even up.
var (
	badValue  = map[string]string{"base/settings.env": "PRICE=0\n"}
	badConfig = map[string]string{"base/menu": "soup five\n"}
	badImage  = map[string]string{"base/deployment.yaml": deployment(crashedImage)}
)

// testFiles is a test repository: for each Environment a Suite that visits the shop, and a Gate.
func testFiles(w *world) map[string]string {
	files := map[string]string{}
	for _, env := range w.envs {
		folder := "overlays/" + env + "/"
		files[folder+"kustomization.yaml"] = "resources: [suite.yaml, gate.yaml]\n"
		files[folder+"suite.yaml"] = w.suite("smoke", fmt.Sprintf("command: [/visit, %s, %s]", w.shop(env, "price"), w.shop(env, "menu")))
		files[folder+"gate.yaml"] = w.gate(env, "shop")
	}
	return files
}

// shop is the URL of a page of an Environment's shop, for pods and for this machine.
func (w *world) shop(env, page string) string {
	return strings.Join([]string{w.entrance.URL, w.namespace(env), "shop", page}, "/")
}

// suite is a Suite of the image that visits URLs; its spec ends with these lines.
func (w *world) suite(name string, lines ...string) string {
	return fmt.Sprintf("apiVersion: assay.dev/v1alpha1\nkind: Suite\nmetadata: {name: %s}\nspec:\n  image: %s\n  timeout: 1m\n  %s\n",
		name, visitImage, strings.Join(lines, "\n  "))
}

// gate is a Gate after what the engine syncs to an Environment, with the Suite smoke. It waits for what is not healthy, and reruns what
// fails, as long as a story has time for; its spec ends with these lines.
func (w *world) gate(env, name string, lines ...string) string {
	return fmt.Sprintf(`apiVersion: assay.dev/v1alpha1
kind: Gate
metadata: {name: %s}
spec:
  after: [{kind: %s, namespace: %s, name: shop}]
  suites: [{name: smoke}]
  deadline: 30s
  reruns: {min: 1, spread: 1s, confidence: 0.9}
  %s
`, name, w.engine.kind, w.namespace(env), strings.Join(lines, "\n  "))
}
