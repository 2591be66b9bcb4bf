// Package stack starts the real servers that end-to-end tests talk to, as processes of this machine: Kubernetes from etcd to the kubelet,
// Flux, Argo CD and Gitea. The programs are built from the modules beneath this folder into bin/ (make peers) or come from Debian
// (debian.sh says which are missing); nothing is downloaded here, and there is no image registry.
//
// A test that has a cluster to itself calls [StartCluster]; a package whose tests share one calls [Start] in TestMain, and gives each test
// a namespace of its own. [Options] say what the cluster has: etcd and an API server alone are ready in about 4 s, with controllers in 6,
// with pods in 10, with pods, Flux, Argo CD and a Gitea in 15, on two cores. Everything that a test waits for is bounded in time, and a
// failure shows what the process said.
//
// # Where things are
//
// Without pods all of it listens on loopback, at free ports, and any number of clusters may run at once. With pods, which need root on
// Linux, there is a node: containerd and a kubelet in namespaces of their own, joined to this machine by one wire with free addresses; up
// to 16 of them at once. Pods reach the API server and what listens at [Cluster.BridgeAddress], and nothing else: no internet, no names, no
// addresses of Services. No NetworkPolicy is enforced; [Cluster.InNode] with iptables is how a test cuts traffic.
//
// # What is left behind
//
// Nothing that runs. Every process of this machine dies with the one that started it, even when that one is killed with -9, for the kernel
// sees to it (PR_SET_PDEATHSIG). The node's first process ends when the pipe to its stdin does: it kills all processes of the node, those
// in containers included, removes their cgroups and ends; with it the kernel removes the mounts, the pods' networks and the wire. What
// containerd and the kubelet write to /run and /var, and what they demand of the kernel's settings, exists only in the node. After a kill
// the folder with the state remains in the temporary folder, and if the node's first process is itself killed with -9, so do empty cgroups
// named assayN, which the next node takes over.
//
// # What is not real
//
// helm-controller and notification-controller cannot be built here, since their modules cannot be had. The kind HelmRelease is
// installed, from a CRD generated from helm-controller's API (crds), and tests write the status that the controller's documentation
// shows. Options.FluxEvents has Flux's own controllers send their events to a test. Argo CD runs without its web server,
// ApplicationSets, notifications and hydrator. etcd does not wait for the disk. Argo CD and Flux run beside the cluster, as its
// administrators, rather than in pods.
package stack

//go:generate go -C crds tool controller-gen crd paths=github.com/fluxcd/helm-controller/api/v2 output:crd:dir=.
