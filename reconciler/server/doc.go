// Package server is Assay's HTTP: what the cluster asks of it, and what tells it to look. In go the small things that other rooms serve;
// out come three listeners, as whoever runs Flux expects them:
//
//	:8080  /metrics             package metrics
//	:9440  /healthz, /readyz    this package
//	:9292  /hooks/, /runs/, ... package webhook, and what a runner serves to its pods
//
// Only the last one can have TLS, with a certificate that is read anew when its files change. Nothing is ever logged of a request but its
// endpoint and what was answered: headers and bodies hold signatures, tokens and what tests print.
package server
