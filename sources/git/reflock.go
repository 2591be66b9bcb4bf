package git

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// ownLock begins the names of the files that our locks are links to.
const ownLock = "assay-lock-"

// refLock is Git's own lock, NAME.lock, which excludes git programs and us alike.
// Git cannot tell the lock of a program that died from one that is held. Ours is a
// hard link to a file that its holder has locked with the system, and the system
// lets go of that when the holder dies, however it does: so what a crash of ours
// leaves behind is known as such, and taken away.
type refLock struct {
	*os.File
	path string // of the lock
	own  string // what it is linked to; empty where there are no hard links
}

// errSwept says that somebody took our file for left behind before it was locked.
var errSwept = errors.New("swept away")

const (
	// lockPatience is how long a lock is waited for that somebody else has, which
	// is what Git does too (core.filesRefLockTimeout): nobody needs one for longer.
	lockPatience = 100 * time.Millisecond
	// lockPause is between two looks at it.
	lockPause = 2 * time.Millisecond
)

// takeLock takes the lock at path, in a repository whose folder is dir. The error
// is fs.ErrExist where somebody else has it and keeps it.
func takeLock(dir, path string) (*refLock, error) {
	sweepLocks(dir)
	clearLock(path)
	for until := time.Now().Add(lockPatience); ; {
		lock, err := newLock(dir, path)
		switch {
		case errors.Is(err, errSwept):
		case errors.Is(err, fs.ErrExist) && time.Now().Before(until):
			time.Sleep(lockPause)
		default:
			return lock, err
		}
	}
}

func newLock(dir, path string) (_ *refLock, err error) {
	f, err := os.CreateTemp(dir, ownLock)
	if err != nil {
		return nil, err
	}
	l := &refLock{File: f, own: f.Name()}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.release())
		}
	}()
	if held, err := tryLock(f); err != nil || !held {
		return nil, errors.Join(errSwept, err)
	}
	if err := f.Chmod(0o644); err != nil {
		return nil, err
	}
	switch err := os.Link(l.own, path); {
	case err == nil:
		l.path = path
		return l, nil
	case !exists(l.own):
		return nil, errSwept
	case errors.Is(err, fs.ErrExist), errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return plainLock(l, path)
}

// plainLock takes the lock as Git does, where there are no hard links.
func plainLock(without *refLock, path string) (*refLock, error) {
	if err := without.release(); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	return &refLock{File: f, path: path}, nil
}

// release gives the lock up. A lock that was renamed to what it guards stays there.
func (l *refLock) release() error {
	var errs []error
	if sameFile(l.File, l.path) {
		errs = append(errs, os.Remove(l.path))
	}
	if l.own != "" {
		errs = append(errs, ignoreAbsent(os.Remove(l.own)))
	}
	return errors.Join(append(errs, l.Close())...)
}

// clearLock removes a lock of ours whose holder is dead. Whoever looks at it holds
// it meanwhile, so that a lock that was taken since is left alone.
func clearLock(path string) {
	withDead(path, func(f *os.File, isLinked bool) {
		if isLinked && sameFile(f, path) {
			os.Remove(path) // or it is found left behind again
		}
	})
}

// sweepLocks removes the files of dead holders that no lock is linked to any more.
func sweepLocks(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, ownLock+"*")) // the pattern is well formed
	for _, own := range left {
		withDead(own, func(_ *os.File, isLinked bool) {
			if !isLinked {
				os.Remove(own) // or it is swept another time
			}
		})
	}
}

// withDead calls f with a file that no process has locked, and holds its lock meanwhile.
func withDead(path string, f func(file *os.File, isLinked bool)) {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return
	}
	if free, err := tryLock(file); err == nil && free {
		f(file, linked(info))
	}
}

func sameFile(f *os.File, path string) bool {
	there, err := os.Lstat(path)
	if err != nil {
		return false
	}
	open, err := f.Stat()
	return err == nil && os.SameFile(open, there)
}

// lockError says what a reference's lock failed for.
func lockError(name string, err error) error {
	return fmt.Errorf("locking %s: somebody else is changing it, or has left its lock behind: %w", name, err)
}
