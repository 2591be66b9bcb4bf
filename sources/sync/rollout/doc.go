// Package rollout says when what was applied is what serves: every workload of an inventory is at its newest version, is available, and no
// pod of an older version is left, not even one that is going.
//
// In go the references of an inventory, whole; what is no workload is passed over. Out comes one Result for all of them, with the reason
// in words that people can act on, such as the image that cannot be pulled. Workloads are judged by kstatus, as Flux does, and by stricter
// rules where kstatus is content with less: Jobs must be complete, pods are looked at one by one. Where Flagger or Argo Rollouts bring a
// version out, theirs is the word.
//
// Objects are judged as they arrive and only the judgement is kept, so that thousands of workloads cost little memory. A kind is
// followed from when it is first asked about. What may not be read is a reason to wait for the kinds of Kubernetes itself; custom resources
// that may not be read are passed over. It never writes to the cluster.
package rollout
