package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	// lockName is the file that writers lock. It also marks a folder as a mirror,
	// which may be emptied.
	lockName = "assay-mirror.lock"
	// urlName is the file that says whose mirror it is, as Normalize spells it.
	urlName = "assay-mirror.url"
)

// mirrorDir is the folder of a mirror on disk.
type mirrorDir struct {
	path string
	of   location
}

// lock waits until no other process writes to the folder.
func (d mirrorDir) lock(ctx context.Context) (release func(), err error) {
	return lockFile(ctx, filepath.Join(d.path, lockName))
}

// prepare makes the folder a mirror in good order and opens it. The lock is held.
func (d mirrorDir) prepare(ctx context.Context) (*Repository, error) {
	if err := tidy(d.path); err != nil {
		return nil, err
	}
	if repo, err := d.inspect(ctx); err == nil {
		return repo, nil
	}
	if err := d.create(); err != nil {
		return nil, err
	}
	return d.inspect(ctx)
}

// claim makes sure that dir is a mirror or may become one.
func claim(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) == 0 {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, lockName)); err != nil {
		return errors.New("the folder holds something else than a mirror: name an empty one")
	}
	return nil
}

// create empties the folder, but for the lock, and lays out a bare repository.
// The file that inspect asks for first is written last.
func (d mirrorDir) create() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == lockName {
			continue
		}
		if err := os.RemoveAll(filepath.Join(d.path, entry.Name())); err != nil {
			return fmt.Errorf("removing the damaged mirror: %w", err)
		}
	}
	for _, folder := range []string{"objects/pack", "objects/info", "refs/heads", "refs/tags"} {
		if err := os.MkdirAll(filepath.Join(d.path, filepath.FromSlash(folder)), 0o755); err != nil {
			return err
		}
	}
	for _, file := range [][2]string{
		{"HEAD", "ref: refs/heads/main\n"},
		{"config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"},
		{urlName, Normalize(d.of.String()) + "\n"},
	} {
		if err := replaceFile(filepath.Join(d.path, file[0]), file[1]); err != nil {
			return err
		}
	}
	return nil
}

// tidy removes what a writer that died left behind. The lock is held, so no
// writer is alive.
func tidy(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == lockName {
			return ignoreAbsent(err)
		}
		stem, isPack := strings.CutSuffix(path, ".pack")
		half := strings.HasPrefix(entry.Name(), "tmp_") || strings.HasSuffix(entry.Name(), ".lock") || isPack && !exists(stem+".idx")
		if !half {
			return nil
		}
		if err := os.Remove(path); ignoreAbsent(err) != nil {
			return fmt.Errorf("removing leftovers: %w", err)
		}
		return nil
	})
}

// inspect opens the mirror if it is whole: of this remote, packs as long as their
// indexes say, and every reference at a commit that is there with its tree.
func (d mirrorDir) inspect(ctx context.Context) (*Repository, error) {
	owner, err := os.ReadFile(filepath.Join(d.path, urlName))
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(string(owner)) != Normalize(d.of.String()) {
		return nil, errors.New("it is the mirror of another repository")
	}
	head, err := os.ReadFile(filepath.Join(d.path, "HEAD"))
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(string(head), "ref: refs/heads/") {
		return nil, fmt.Errorf("HEAD: %w", ErrCorrupt)
	}
	if err := checkPacks(filepath.Join(d.path, "objects", "pack")); err != nil {
		return nil, err
	}
	if _, err := readShallow(d.path); err != nil {
		return nil, err
	}
	repo, err := Open(d.path)
	if err != nil {
		return nil, err
	}
	refs, err := repo.refs.all()
	if err != nil {
		return nil, err
	}
	for name, h := range refs {
		commit, err := repo.Commit(ctx, h)
		if err == nil {
			_, err = repo.Entries(ctx, commit.Tree)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return repo, nil
}

// checkPacks compares each pack's last bytes, its checksum, with the copy in its
// index: a pack that was cut short, or is of another index, does not agree.
func checkPacks(dir string) error {
	indexes, err := filepath.Glob(filepath.Join(dir, "*.idx"))
	if err != nil {
		return err
	}
	for _, index := range indexes {
		pack := strings.TrimSuffix(index, ".idx") + ".pack"
		inPack, err := tail(pack, packTrailer)
		if err != nil {
			return err
		}
		inIndex, err := tail(index, 2*packTrailer)
		if err != nil {
			return err
		}
		if string(inPack) != string(inIndex[:packTrailer]) {
			return fmt.Errorf("%s: %w", filepath.Base(pack), ErrCorrupt)
		}
	}
	return nil
}

// tail reads the last n bytes of a file.
func tail(path string, n int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < n {
		return nil, fmt.Errorf("%s has only %d bytes: %w", filepath.Base(path), info.Size(), ErrCorrupt)
	}
	data := make([]byte, n)
	_, err = f.ReadAt(data, info.Size()-n)
	return data, err
}

// replaceFile writes a file that is never seen half-written, by way of Git's
// lock file.
func replaceFile(path, content string) error {
	lock, err := os.OpenFile(path+".lock", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	defer os.Remove(lock.Name())
	defer lock.Close()
	_, err = lock.WriteString(content)
	if err = errors.Join(err, lock.Sync()); err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	return os.Rename(lock.Name(), path)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
