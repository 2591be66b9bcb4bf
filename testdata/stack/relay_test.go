package stack

import (
	"bufio"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRelay(t *testing.T) {
	echo := startEcho(t)
	r, err := startRelay("127.0.0.1", func() string { return echo })
	require.NoError(t, err)
	client, err := net.Dial("tcp", r.address)
	require.NoError(t, err)
	defer client.Close()
	answers := bufio.NewReader(client)
	ask := func() time.Duration {
		began := time.Now()
		_, err := io.WriteString(client, "ping\n")
		require.NoError(t, err)
		answer, err := answers.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "ping\n", answer)
		return time.Since(began)
	}

	ask()
	r.delay.Store(int64(100 * time.Millisecond))
	require.GreaterOrEqual(t, ask(), 100*time.Millisecond)
	r.delay.Store(0)
	ask()

	require.NoError(t, r.close())
	_, err = answers.ReadString('\n')
	require.ErrorIs(t, err, io.EOF, "a relay that is closed keeps no connection open")
	_, err = net.Dial("tcp", r.address)
	require.Error(t, err)
}

func TestRelayChooses(t *testing.T) {
	var to atomic.Value // of string
	to.Store("")
	address := StartRelay(t, "127.0.0.1", func() string { return to.Load().(string) })
	ask := func() error {
		client, err := net.Dial("tcp", address)
		require.NoError(t, err)
		defer client.Close()
		_, err = io.WriteString(client, "ping\n")
		require.NoError(t, err)
		_, err = bufio.NewReader(client).ReadString('\n')
		return err
	}
	require.Error(t, ask(), "there is nowhere to go")
	to.Store(startEcho(t))
	require.NoError(t, ask())
}

// startEcho is a server that says back what it hears.
func startEcho(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				io.Copy(connection, connection)
			}()
		}
	}()
	return listener.Addr().String()
}
