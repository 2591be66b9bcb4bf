// Package services brings the throw-away dependencies of Suites up, and takes them down again. In go a Runner and what a Suite's services
// are; out comes a Runner that gives each Run a namespace of its own, with what the Suite's Kustomize folders render, ready before the Run
// starts, and deleted after it however it ends.
//
// A namespace's name follows from the Run's ID, so that a Run that is asked for again after a restart finds its own. Namespaces that an
// Assay which died left behind are deleted when no Run asks for them. Evidence is of the namespace that the Run began with: what began
// beside one that is gone is not adopted beside the next, and a Run whose namespace goes meanwhile has none.
//
// Only what belongs into a namespace may be rendered, and nothing that names another one. What Assay may create there is for the operator's
// RBAC to say; the API server lets nobody hand out rights that he does not have.
//
// Services that are containers are none of this package's business: they are beside the Run in its pod (see package kubernetes).
package services
