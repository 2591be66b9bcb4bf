// Package tests reads the test repository: its Suites, Gates and Sites, as one Environment's Kustomize overlay renders them.
//
// In go a tree of files (a commit of the test repository) and the overlay's path; out comes a Set of checked documents with every default
// filled in, or Problems: all that is wrong, each with file, line and remedy. It never runs a test, never writes to the repository, and
// never asks a cluster. What to do while a commit has Problems is the caller's: the last good Set stays good.
//
// # Overlays
//
// The documents look like Kubernetes objects so that Kustomize can patch them, and all of Kustomize works: strategic merge and JSON6902
// patches, components, replacements, generators, labels, images (of Suites), name prefixes and suffixes. A Gate names a Suite or a Site as
// its own file does; the reference follows when the overlay renames what it names. Only Suites, Gates, Sites and ConfigMaps may be
// rendered; a ConfigMap is there for replacements to read from and means nothing to Assay. Secrets are refused: what is in Git is no
// secret, and a Suite refers to one with valueFrom.secretKeyRef.
//
// As for every kind that Kustomize has no merge keys for, a strategic merge patch replaces a list as a whole. To change one item, patch
// with JSON6902, where /spec/env/- appends and /spec/env/0/value sets:
//
//	patches:
//	  - target: {kind: Suite, name: smoke}
//	    patch: |
//	      - {op: add, path: /spec/env/-, value: {name: BASE_URL, value: https://staging.example.com}}
package tests
