package process

import "runtime"

// Level is how Runs are kept apart from Assay and from each other.
type Level string

// The levels, best first.
const (
	// Namespaces: a user id of each Run's own, and its own processes and mounts. Needs root.
	Namespaces Level = "namespaces"
	// UserNamespace: Assay's user id without its rights, and each Run's own processes and mounts. Needs unprivileged user namespaces.
	UserNamespace Level = "user-namespace"
	// OwnUser: a user id of each Run's own. Needs root.
	OwnUser Level = "own-user"
	// None: nothing but a process group.
	None Level = "none"
)

// separate says whether Runs see their own processes and mounts only.
func (l Level) separate() bool { return l == Namespaces || l == UserNamespace }

// ownUser says whether each Run has a user id of its own.
func (l Level) ownUser() bool { return l == Namespaces || l == OwnUser }

func (l Level) describe() (text string, isolated bool) {
	switch l {
	case Namespaces:
		return "runs are isolated: each has its own user id, processes and view of the files; what is not its own is read-only or hidden", true
	case UserNamespace:
		return "runs are isolated: each has its own user namespace, processes and view of the files; what is not its own is read-only or hidden", true
	case OwnUser:
		return "runs are isolated by a user id of their own; they see Assay's process, and cannot read or signal it", true
	}
	text = "runs are NOT isolated: they can read and change what Assay's user can, Assay's own files included"
	if runtime.GOOS != "linux" {
		return text + "; isolation needs Linux: run Assay there, or use the kubernetes runner", false
	}
	return text + "; run Assay as root, or allow unprivileged user namespaces (sysctl user.max_user_namespaces, " +
		"kernel.apparmor_restrict_unprivileged_userns=0; in a container: a seccomp profile that lets clone and mount pass), or use the kubernetes runner", false
}
