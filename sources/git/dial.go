package git

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"golang.org/x/net/proxy"
)

// dialTimeout bounds connecting and every handshake.
const dialTimeout = 30 * time.Second

// dialer opens connections that end with an error after idle without a byte, so
// that a peer that falls silent does not hold a caller forever.
type dialer struct {
	idle  time.Duration
	proxy *url.URL // used by DialThrough only: net/http speaks to its proxy itself
	tls   *tls.Config
}

// DialContext connects directly.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &idleConn{Conn: conn, idle: d.idle}, nil
}

// Dial makes a dialer fit where a proxy's client wants the old interface.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialThrough connects by way of the proxy, where there is one.
func (d *dialer) DialThrough(ctx context.Context, network, address string) (net.Conn, error) {
	if d.proxy == nil {
		return d.DialContext(ctx, network, address)
	}
	var conn net.Conn
	var err error
	switch d.proxy.Scheme {
	case "socks5", "socks5h":
		conn, err = d.dialSOCKS(ctx, network, address)
	default:
		conn, err = d.dialConnect(ctx, network, address)
	}
	if err != nil {
		return nil, fmt.Errorf("proxy %s: %w", d.proxy.Host, err)
	}
	return conn, nil
}

func (d *dialer) dialSOCKS(ctx context.Context, network, address string) (net.Conn, error) {
	var login *proxy.Auth
	if d.proxy.User != nil {
		password, _ := d.proxy.User.Password()
		login = &proxy.Auth{User: d.proxy.User.Username(), Password: password}
	}
	socks, err := proxy.SOCKS5("tcp", d.proxy.Host, login, d)
	if err != nil {
		return nil, err
	}
	through, ok := socks.(proxy.ContextDialer)
	if !ok {
		return nil, errors.New("the SOCKS5 client takes no context")
	}
	return through.DialContext(ctx, network, address)
}

// dialConnect asks an HTTP proxy for a tunnel.
func (d *dialer) dialConnect(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.DialContext(ctx, network, d.proxyAddress())
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	tunnel, err := d.tunnel(conn, address)
	if err != nil {
		conn.Close()
		return nil, errors.Join(err, context.Cause(ctx))
	}
	return tunnel, nil
}

func (d *dialer) tunnel(conn net.Conn, address string) (net.Conn, error) {
	if d.proxy.Scheme == "https" {
		config := d.tls.Clone()
		config.ServerName = d.proxy.Hostname()
		conn = tls.Client(conn, config)
	}
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if user := d.proxy.User; user != nil {
		password, _ := user.Password()
		login := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
		request.Header.Set("Proxy-Authorization", "Basic "+login)
	}
	if err := request.Write(conn); err != nil {
		return nil, err
	}
	// SSH speaks first on both sides: what the reader holds beyond the answer
	// belongs to the tunnel.
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("refused a tunnel to %s: %s", address, response.Status)
	}
	return &bufferedConn{Conn: conn, reader: reader}, nil
}

func (d *dialer) proxyAddress() string {
	if d.proxy.Port() != "" {
		return d.proxy.Host
	}
	return net.JoinHostPort(d.proxy.Hostname(), defaultPorts[d.proxy.Scheme])
}

type bufferedConn struct {
	net.Conn
	reader *bufio.Reader
}

func (c *bufferedConn) Read(p []byte) (int, error) { return c.reader.Read(p) }

// idleConn fails a read or a write during which nothing moved for idle.
type idleConn struct {
	net.Conn
	idle time.Duration
}

func (c *idleConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.idle)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	return n, c.explain(err)
}

func (c *idleConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.idle)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(p)
	return n, c.explain(err)
}

func (c *idleConn) explain(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%w: nothing moved for %s", ErrStalled, c.idle)
	}
	return err
}
