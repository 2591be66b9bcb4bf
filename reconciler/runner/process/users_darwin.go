package process

import "io"

// hold takes a user id for this process. There is nothing here by which other processes would know; operators who start several Assays as
// root give each its own range.
func hold(int) (io.Closer, bool) { return io.NopCloser(nil), true }
