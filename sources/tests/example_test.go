package tests_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

func ExampleLoad() {
	dir, err := os.MkdirTemp("", "tests")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if _, err := tests.Scaffold(dir); err != nil {
		log.Fatal(err)
	}
	tree, err := render.OpenDirectory(dir) // or git.FS, for a commit
	if err != nil {
		log.Fatal(err)
	}
	defer tree.Close()

	set, err := tests.Load(context.Background(), render.NewBuilder(nil), tree, "overlays/prod", tests.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, gate := range set.Gates {
		fmt.Printf("Gate %s is verified every %s:\n", gate.Name(), gate.Spec.Every)
		for _, suite := range set.SuitesOf(gate) {
			fmt.Printf("  Suite %s runs %v with %s=%s\n", suite.Name(), suite.Spec.Command, suite.Spec.Env[0].Name, suite.Spec.Env[0].Value)
		}
	}
	// Output:
	// Gate shop is verified every 1h0m0s:
	//   Suite smoke runs [./smoke.sh] with BASE_URL=https://shop.example.com
}

func ExampleProblems() {
	tree := treeOf(map[string]string{
		"kustomization.yaml": "resources: [suite.yaml]\n",
		"suite.yaml": `apiVersion: assay.dev/v1alpha1
kind: Suite
metadata:
  name: smoke
spec:
  script: ./smoke.sh
  timeout: 5 minutes
  retires: 2
`})
	_, err := tests.Load(context.Background(), render.NewBuilder(nil), tree, ".", tests.Options{})
	var problems tests.Problems
	if errors.As(err, &problems) {
		for _, problem := range problems {
			fmt.Printf("%s:%d %s: %s\n", problem.File, problem.Line, problem.Field, problem.Remedy)
		}
	}
	// Output:
	// suite.yaml:7 spec.timeout: write one such as 30s, 1h30m or 12h
	// suite.yaml:8 spec.retires: did you mean retries?
}
