package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
)

// sshRemote runs git-upload-pack and git-receive-pack over SSH. It is not
// go-git's SSH client because that one takes no context while it connects,
// reads the user's own SSH configuration and knows no HTTP proxy.
type sshRemote struct {
	location location
	dialer   *dialer
	config   *ssh.ClientConfig
}

func newSSHRemote(l location, auth Auth, d *dialer) (remote, error) {
	hosts, err := readKnownHosts(l, auth.KnownHosts)
	if err != nil {
		return nil, err
	}
	user := auth.Username
	if user == "" {
		user = "git"
	}
	config := &ssh.ClientConfig{
		User:              user,
		HostKeyCallback:   hosts.HostKeyCallback(),
		HostKeyAlgorithms: hosts.HostKeyAlgorithms(l.address()),
		Timeout:           dialTimeout,
	}
	if len(auth.SSHKey) == 0 && auth.Password != "" {
		config.Auth = []ssh.AuthMethod{ssh.Password(auth.Password)}
		return &sshRemote{location: l, dialer: d, config: config}, nil
	}
	signer, err := auth.signer()
	if err != nil {
		return nil, err
	}
	config.Auth = []ssh.AuthMethod{ssh.PublicKeys(signer)}
	return &sshRemote{location: l, dialer: d, config: config}, nil
}

// readKnownHosts parses known_hosts lines. The parser reads files only, so they
// pass through one.
func readKnownHosts(l location, lines []byte) (*knownhosts.HostKeyDB, error) {
	if len(bytes.TrimSpace(lines)) == 0 {
		return nil, fmt.Errorf("no known_hosts for %s: the server's key must be known beforehand; take it from `%s`, compare it with what the host publishes, and set it as known_hosts", l, keyscan(l))
	}
	file, err := os.CreateTemp("", "known_hosts")
	if err != nil {
		return nil, fmt.Errorf("storing known_hosts: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.Write(lines)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("storing known_hosts: %w", err)
	}
	hosts, err := knownhosts.NewDB(file.Name())
	if err != nil {
		return nil, fmt.Errorf("reading known_hosts: %s", strings.ReplaceAll(err.Error(), file.Name(), "line"))
	}
	return hosts, nil
}

func keyscan(l location) string {
	if l.port != "" {
		return "ssh-keyscan -p " + l.port + " " + l.host
	}
	return "ssh-keyscan " + l.host
}

func (r *sshRemote) fetching(ctx context.Context) (fetchSession, error) {
	return r.start(ctx, transport.UploadPackServiceName)
}

func (r *sshRemote) pushing(ctx context.Context) (pushSession, error) {
	return r.start(ctx, transport.ReceivePackServiceName)
}

// start connects and runs service; the connection ends with ctx.
func (r *sshRemote) start(ctx context.Context, service string) (*sshSession, error) {
	conn, err := r.dialer.DialThrough(ctx, "tcp", r.location.address())
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	session, err := r.run(conn, service)
	if err != nil {
		stop()
		conn.Close()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, r.explain(err)
	}
	session.stop = stop
	return session, nil
}

func (r *sshRemote) run(conn net.Conn, service string) (*sshSession, error) {
	c, channels, requests, err := ssh.NewClientConn(conn, r.location.address(), r.config)
	if err != nil {
		return nil, err
	}
	s := &sshSession{client: ssh.NewClient(c, channels, requests), pushing: service == transport.ReceivePackServiceName}
	session, err := s.client.NewSession()
	if err != nil {
		return nil, err
	}
	session.Stderr = &s.complaint
	if s.in, err = session.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := session.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out, s.wait = bufio.NewReader(out), session.Wait
	return s, session.Start(service + " " + shellQuote(r.location.path))
}

// explain says what to do about a failed handshake.
func (r *sshRemote) explain(err error) error {
	switch {
	case knownhosts.IsHostKeyChanged(err):
		return fmt.Errorf("the key of %s is not the one in known_hosts; if the host has really changed it, replace the line with what `%s` prints: %w", r.location.host, keyscan(r.location), err)
	case knownhosts.IsHostUnknown(err):
		return fmt.Errorf("known_hosts has no key for %s; add what `%s` prints, once it is compared with what the host publishes: %w", r.location.host, keyscan(r.location), err)
	case strings.Contains(err.Error(), "no common algorithm for host key"):
		return fmt.Errorf("known_hosts has no key of a kind that %s offers; add what `%s` prints, once it is compared with what the host publishes: %w", r.location.host, keyscan(r.location), err)
	case strings.Contains(err.Error(), "unable to authenticate"):
		return fmt.Errorf("%w: %w", ErrDenied, err)
	}
	return err
}

// shellQuote quotes a path for the shell that the server may hand it to.
func shellQuote(path string) string {
	return "'" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(path) + "'"
}

// sshSession is a running git-upload-pack or git-receive-pack.
type sshSession struct {
	client    *ssh.Client
	in        io.WriteCloser
	out       *bufio.Reader
	wait      func() error
	stop      func() bool
	complaint complaint
	pushing   bool
	talked    bool
}

func (s *sshSession) AdvertisedReferencesContext(context.Context) (*packp.AdvRefs, error) {
	refs := packp.NewAdvRefs()
	err := refs.Decode(&listing{s.out, maxListing})
	switch {
	case errors.Is(err, packp.ErrEmptyAdvRefs), err == nil && refs.IsEmpty():
		if !s.pushing {
			return nil, transport.ErrEmptyRemoteRepository
		}
	case errors.Is(err, packp.ErrEmptyInput):
		return nil, s.refusal()
	case err != nil:
		return nil, err
	}
	transport.FilterUnsupportedCapabilities(refs.Capabilities)
	return refs, nil
}

// refusal explains a service that ended without a word on its output.
func (s *sshSession) refusal() error {
	// The exit status arrives after all of the error output.
	err := s.wait()
	said := s.complaint.String()
	for _, absent := range []string{"not found", "not exist", "no such repository", "not appear to be a git repository", "could not be found"} {
		if strings.Contains(strings.ToLower(said), absent) {
			return fmt.Errorf("%w: the server says %q", ErrNoRepository, said)
		}
	}
	if said != "" {
		return fmt.Errorf("%w: the server says %q", ErrDenied, said)
	}
	return errors.Join(io.ErrUnexpectedEOF, err)
}

func (s *sshSession) UploadPack(_ context.Context, request *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	s.talked = true
	if err := request.UploadRequest.Encode(s.in); err != nil {
		return nil, fmt.Errorf("asking for commits: %w", err)
	}
	if err := request.UploadHaves.Encode(s.in, true); err != nil {
		return nil, fmt.Errorf("saying what is here already: %w", err)
	}
	if err := pktline.NewEncoder(s.in).EncodeString("done\n"); err != nil {
		return nil, err
	}
	response := packp.NewUploadPackResponse(request)
	if err := response.Decode(io.NopCloser(s.out)); err != nil {
		return nil, err
	}
	return response, nil
}

func (s *sshSession) ReceivePack(_ context.Context, request *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	s.talked = true
	if err := request.Encode(s.in); err != nil {
		return nil, fmt.Errorf("sending commits: %w", err)
	}
	out := io.Reader(s.out)
	if request.Capabilities.Supports(capability.Sideband64k) {
		out = sideband.NewDemuxer(sideband.Sideband64k, out)
	}
	report := packp.NewReportStatus()
	if err := report.Decode(out); err != nil {
		return nil, fmt.Errorf("reading the server's answer: %w", err)
	}
	return report, report.Error()
}

// Close ends the connection, with a goodbye where nothing was asked for.
func (s *sshSession) Close() error {
	s.stop()
	if !s.talked {
		pktline.NewEncoder(s.in).Flush()
	}
	s.client.Close()
	return nil
}

// complaint keeps the beginning of what a server writes to its error output.
type complaint struct {
	mu   sync.Mutex
	text []byte
}

func (c *complaint) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = append(c.text, p[:min(len(p), maxReason-len(c.text))]...)
	return len(p), nil
}

func (c *complaint) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.TrimSpace(string(c.text))
}
