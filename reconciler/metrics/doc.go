// Package metrics counts for Prometheus what Assay does. In go the loop's Events and what other rooms report; out comes what
// /metrics answers. It decides nothing, and what it counts is lost with the process: history is the record, and the gauges that
// people alert on are read from it.
//
// README.md lists every metric. Labels hold names of Environments and Gates, and words from short lists; never a commit, a case, an error
// or anything else that people write.
package metrics
