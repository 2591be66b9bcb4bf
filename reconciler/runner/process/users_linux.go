package process

import (
	"fmt"
	"io"
	"net"
)

// hold takes a user id for this process, machine-wide as far as the network namespace reaches: by an abstract socket, which nothing but the
// end of its holder leaves behind. It returns false where somebody else has it.
func hold(id int) (io.Closer, bool) {
	held, err := net.Listen("unix", fmt.Sprintf("@assay-user-%d", id))
	return held, err == nil
}
