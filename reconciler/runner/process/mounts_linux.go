package process

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// emptyDir is what hides a directory: room for the mount points of what is kept in it, and no more.
	emptyDir = "size=64k,nr_inodes=256,mode=755"
	// sharedMemory is /dev/shm.
	sharedMemory = "size=25%,mode=1777"
)

// arrange builds the Run's view of the file system in this process's own mount namespace: all is read-only, processes are its own,
// temporary directories are private, and hidden paths are covered, except for what is kept in them.
func arrange(order order) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("separate mounts: %w", err)
	}
	// What is kept must be held before something covers it.
	tmp, err := detach(place{Path: order.View.Tmp, Writable: true})
	if err != nil {
		return err
	}
	kept := make([]int, len(order.View.Keep))
	for i, keep := range order.View.Keep {
		if kept[i], err = detach(keep); err != nil {
			return err
		}
	}
	if err := protect("/", unix.AT_RECURSIVE); err != nil {
		return fmt.Errorf("make the file system read-only: %w", err)
	}
	if err := mountProc(order.Level); err != nil {
		return err
	}
	if err := mountTemporary(tmp); err != nil {
		return err
	}
	covered, err := cover(order.View.Hide)
	if err != nil {
		return err
	}
	for i, keep := range order.View.Keep {
		if err := attach(kept[i], keep.Path); err != nil {
			return err
		}
	}
	for _, path := range covered {
		if err := protect(path, 0); err != nil {
			return fmt.Errorf("hide %s: %w", path, err)
		}
	}
	return nil
}

// detach holds what is at a path, to be attached where it can be seen again.
func detach(p place) (fd int, err error) {
	fd, err = unix.OpenTree(unix.AT_FDCWD, p.Path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return 0, fmt.Errorf("keep %s: %w", p.Path, err)
	}
	attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}
	if !p.Writable {
		attr.Attr_set |= unix.MOUNT_ATTR_RDONLY
	}
	if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH, &attr); err != nil {
		return 0, fmt.Errorf("keep %s: %w", p.Path, err)
	}
	return fd, nil
}

// attach shows what is held at a path, and creates the path where it has been covered.
func attach(fd int, path string) error {
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return fmt.Errorf("show %s: %w", path, err)
		}
	}
	if err := unix.MoveMount(fd, "", unix.AT_FDCWD, path, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return fmt.Errorf("show %s: %w", path, err)
	}
	return nil
}

func protect(path string, flags uint) error {
	return unix.MountSetattr(unix.AT_FDCWD, path, flags, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID})
}

// mountProc shows the Run's own processes only. A container that hides parts of /proc lets nobody mount another one; in a user namespace
// that can be borne, since it may not look into processes of the outer one.
func mountProc(level Level) error {
	err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	if err != nil && !(level == UserNamespace && errors.Is(err, unix.EPERM)) {
		return fmt.Errorf("mount /proc: %w", err)
	}
	return nil
}

// mountTemporary replaces the directories that all users write to.
func mountTemporary(tmp int) error {
	if exists("/dev/shm") {
		if err := unix.Mount("tmpfs", "/dev/shm", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, sharedMemory); err != nil {
			return fmt.Errorf("mount /dev/shm: %w", err)
		}
	}
	if err := attach(tmp, "/tmp"); err != nil {
		return err
	}
	if !exists("/var/tmp") {
		return nil
	}
	if err := unix.Mount("/tmp", "/var/tmp", "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount /var/tmp: %w", err)
	}
	return nil
}

func exists(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir()
}

// cover hides paths, outermost first, and returns the directories that now hide them. What an outer one hides is gone already.
func cover(paths []string) (covered []string, err error) {
	slices.SortFunc(paths, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	for _, path := range paths {
		info, err := os.Lstat(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("hide %s: %w", path, err)
		}
		if !info.IsDir() {
			if err := unix.Mount("/dev/null", path, "", unix.MS_BIND, ""); err != nil {
				return nil, fmt.Errorf("hide %s: %w", path, err)
			}
			continue
		}
		if err := unix.Mount("tmpfs", path, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, emptyDir); err != nil {
			return nil, fmt.Errorf("hide %s: %w", path, err)
		}
		covered = append(covered, path)
	}
	return covered, nil
}
