package process

import (
	"cmp"
	"path/filepath"
	"time"
)

// Options are the operator's. Only Dir is needed.
type Options struct {
	// Dir is where Runs work and caches are kept. It belongs to one Assay at a time, and is created when absent.
	Dir string
	// Cache is where the Environments' caches are kept. Default: cache in Dir.
	Cache string
	// Secrets resolves env[].valueFrom.secretKeyRef. Without it there are no secrets.
	Secrets SecretSource
	// Path are directories of programs, searched before the system's.
	Path []string
	// Environ is what Runs find in their environment besides what is declared, as NAME=value: that of a container's image, PATH included.
	Environ []string
	// Hide are paths that no Run may see, besides the usual ones (homes, /run/secrets, container sockets), Dir, and the places of
	// Secrets. Assay's data belongs here.
	Hide []string
	// Show are paths that Runs may read although they lie in a hidden one, such as tools in a home directory.
	Show []string
	// Isolation is how Runs are kept apart. Default: the best that works here.
	Isolation Level
	// Users are the user ids that Runs are given, one at a time each, where Assay is root.
	Users UserRange
	// Limits of each Run.
	Limits Limits
	// MaxOutput is how many bytes of what a Run prints are kept. Default 1 MiB.
	MaxOutput int
	// DefaultTimeout of a Suite that names none. Default 10m.
	DefaultTimeout time.Duration
	// Grace is the time between SIGTERM and SIGKILL. Default 5s.
	Grace time.Duration
}

// UserRange is Count user ids from First on.
type UserRange struct{ First, Count int }

// Limits of a Run. Zero is the default.
type Limits struct {
	// Memory in bytes of a whole Run; a Suite may ask for less, not for more. Default: no limit but the Suite's.
	Memory int64
	// Processes and threads. Default 4096. Only where Runs have a user id or namespace of their own.
	Processes uint64
	// OpenFiles per process. Default 65536.
	OpenFiles uint64
	// FileSize in bytes, of each file that is written. Default 4 GiB.
	FileSize uint64
	// Disk in bytes, that a Run's own directory may take. It is measured about once a second, so that a fast writer gets some further; the
	// cache is not counted, nor files that are deleted while they are open, nor what a Run writes elsewhere where it may. Default 16 GiB.
	Disk uint64
	// Report and Artifact are the largest file in bytes that is kept. Defaults 64 MiB and 256 MiB.
	Report, Artifact int64
	// Files is how many reports, and how many artifacts, are kept. Default 1000.
	Files int
}

func (o Options) withDefaults() Options {
	o.Cache = cmp.Or(o.Cache, filepath.Join(o.Dir, "cache"))
	o.Users = cmp.Or(o.Users, UserRange{First: 60706, Count: 478}) // what systemd leaves unused between its own ranges
	o.MaxOutput = cmp.Or(o.MaxOutput, 1<<20)
	o.DefaultTimeout = cmp.Or(o.DefaultTimeout, 10*time.Minute)
	o.Grace = cmp.Or(o.Grace, 5*time.Second)
	o.Limits.Processes = cmp.Or(o.Limits.Processes, 4096)
	o.Limits.OpenFiles = cmp.Or(o.Limits.OpenFiles, 65536)
	o.Limits.FileSize = cmp.Or(o.Limits.FileSize, 4<<30)
	o.Limits.Disk = cmp.Or(o.Limits.Disk, 16<<30)
	o.Limits.Report = cmp.Or(o.Limits.Report, 64<<20)
	o.Limits.Artifact = cmp.Or(o.Limits.Artifact, 256<<20)
	o.Limits.Files = cmp.Or(o.Limits.Files, 1000)
	if o.Secrets == nil {
		o.Secrets = SecretDirs(nil)
	}
	return o
}
