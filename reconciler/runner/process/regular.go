package process

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// openRegular opens a file if it is a regular one. Others are never opened: opening a pipe may wait for ever, opening a device may act.
func openRegular(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, errors.New("it is not a regular file")
	}
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	if info, err = file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, nil, errors.Join(err, errors.New("it is not a regular file"), file.Close())
	}
	return file, info, nil
}
