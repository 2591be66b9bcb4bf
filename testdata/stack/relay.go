package stack

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// relay stands between a client and a server on TCP, and can hold back what the client says.
type relay struct {
	address string

	listener net.Listener
	to       func() string // asked for each connection; empty is nowhere
	delay    atomic.Int64  // nanoseconds

	mu     sync.Mutex
	open   map[net.Conn]struct{} // nil when the relay is closed
	served sync.WaitGroup
}

// StartRelay passes on what comes to a free port of one of this machine's addresses, for the time of a test. Where it goes is asked for
// each connection, as the Service of a cluster chooses; empty is nowhere. It returns the address with the port.
func StartRelay(t testing.TB, host string, to func() string) (address string) {
	t.Helper()
	r, err := startRelay(host, to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.close(); err != nil {
			t.Errorf("close the relay: %v", err)
		}
	})
	return r.address
}

func startRelay(host string, to func() string) (*relay, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, err
	}
	r := &relay{address: listener.Addr().String(), listener: listener, to: to, open: map[net.Conn]struct{}{}}
	r.served.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			r.served.Go(func() { r.serve(client) })
		}
	})
	return r, nil
}

// serve passes on both directions until either ends.
func (r *relay) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", r.to())
	if err != nil {
		return
	}
	defer server.Close()
	if !r.keep(client, server) {
		return
	}
	defer r.forget(client, server)
	var both sync.WaitGroup
	both.Go(func() {
		defer server.Close()
		io.Copy(late{Writer: server, delay: &r.delay}, client)
	})
	both.Go(func() {
		defer client.Close()
		io.Copy(client, server)
	})
	both.Wait()
}

func (r *relay) keep(connections ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range connections {
		if r.open == nil {
			return false
		}
		r.open[c] = struct{}{}
	}
	return true
}

func (r *relay) forget(connections ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range connections {
		delete(r.open, c)
	}
}

// close ends every connection and waits until nothing is passed on any more.
func (r *relay) close() error {
	err := r.listener.Close()
	r.mu.Lock()
	for c := range r.open {
		err = errors.Join(err, ignoreClosed(c.Close()))
	}
	r.open = nil
	r.mu.Unlock()
	r.served.Wait()
	return err
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// late holds back each write for as long as the delay is at that moment.
type late struct {
	io.Writer
	delay *atomic.Int64
}

func (l late) Write(b []byte) (int, error) {
	time.Sleep(time.Duration(l.delay.Load()))
	return l.Writer.Write(b)
}
