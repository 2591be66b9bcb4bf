// Package watch keeps what Assay reads of a cluster in memory, through client-go's informers.
//
// In go kinds of objects, by group, version and resource, and for each a function that cuts an object down to what is used; out come
// the objects as they are now, told of as they change. A kind is listed and watched only while the cluster has it: it is picked up
// when its CustomResourceDefinition appears, and dropped when that goes. Nothing is polled. What cannot be read, be it forbidden or
// that the API server is away, is a Reason, and what was known last stays; client-go comes back to it by itself.
//
// It never writes to the cluster.
package watch
