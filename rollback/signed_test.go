package rollback_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
)

// TestGitVerifiesSignedReverts signs reverts, and the hold that goes with them, and has git and the Keyring look at each.
func TestGitVerifiesSignedReverts(t *testing.T) {
	for file, key := range map[string]func(t *testing.T) (signer git.Signer, public []byte, verify func(t *testing.T, dir, commit string) string){
		"assay.asc": openPGP, "assay.sshpub": openSSH,
	} {
		t.Run(file, func(t *testing.T) {
			signer, public, verify := key(t)
			w, r := robot(t, map[string]string{"clusters/automation.yaml": automation}, newImage)
			r.Sign, r.Author.When = signer, time.Now()
			plan := w.plan(r)
			require.Len(t, plan.Commits, 2)
			require.NoError(t, w.mirror.Push(t.Context(), git.RefUpdate{Ref: "refs/heads/" + plan.Branch, New: plan.Head}))
			keyring, err := git.NewKeyring(map[string][]byte{file: public}, time.Now)
			require.NoError(t, err)
			for _, h := range plan.Commits {
				c, err := w.mirror.Repository().Commit(t.Context(), h)
				require.NoError(t, err)
				_, err = keyring.Verify(c)
				require.NoError(t, err)
				require.Contains(t, verify(t, w.bare, h.String()), "ood ", "what git says of %s", h)
			}
			reland, err := rollback.NewReland(t.Context(), w.mirror, rollback.RelandRequest{
				Reverted: proposed(plan, rollback.Opened{Head: plan.Head}), Title: plan.Title, Head: plan.Head, Author: r.Author, Sign: signer,
			})
			require.NoError(t, err)
			c, err := w.mirror.Repository().Commit(t.Context(), reland.Head)
			require.NoError(t, err)
			_, err = keyring.Verify(c)
			require.NoError(t, err)
		})
	}
}

// needs skips where a program that git asks is not there.
func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("git asks %s about signatures, which is not on this machine", program)
	}
}

// says is all that git says about the signature of a commit.
func says(t *testing.T, dir, commit string, env []string, config ...string) string {
	t.Helper()
	var args []string
	for _, c := range config {
		args = append(args, "-c", c)
	}
	cmd := gittest.Command(dir, append(args, "verify-commit", "--raw", commit)...)
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	cmd = gittest.Command(dir, append(args, "verify-commit", commit)...)
	cmd.Env = append(cmd.Env, env...)
	out, err = cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

func openPGP(t *testing.T) (git.Signer, []byte, func(t *testing.T, dir, commit string) string) {
	needs(t, "gpg")
	entity, err := openpgp.NewEntity("Assay", "", "assay@example.com", &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA})
	require.NoError(t, err)
	private := armored(t, openpgp.PrivateKeyType, func(w io.Writer) error { return entity.SerializePrivate(w, nil) })
	public := armored(t, openpgp.PublicKeyType, entity.Serialize)
	signer, err := git.NewOpenPGPSigner(private, nil)
	require.NoError(t, err)
	home, err := os.MkdirTemp("", "gpg") // the path of its socket must be short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(home)) })
	env := []string{"GNUPGHOME=" + home}
	cmd := exec.Command("gpg", "--batch", "--quiet", "--no-autostart", "--import")
	cmd.Env, cmd.Stdin = append(os.Environ(), env...), bytes.NewReader(public)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return signer, public, func(t *testing.T, dir, commit string) string { return says(t, dir, commit, env) }
}

func armored(t *testing.T, kind string, serialize func(io.Writer) error) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := armor.Encode(&out, kind, nil)
	require.NoError(t, err)
	require.NoError(t, serialize(w))
	require.NoError(t, w.Close())
	return out.Bytes()
}

func openSSH(t *testing.T) (git.Signer, []byte, func(t *testing.T, dir, commit string) string) {
	needs(t, "ssh-keygen")
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	block, err := ssh.MarshalPrivateKey(private, "")
	require.NoError(t, err)
	signer, err := git.NewSSHSigner(pem.EncodeToMemory(block), nil)
	require.NoError(t, err)
	key, err := ssh.NewPublicKey(public)
	require.NoError(t, err)
	line := ssh.MarshalAuthorizedKey(key)
	allowed := filepath.Join(t.TempDir(), "allowed")
	require.NoError(t, os.WriteFile(allowed, append([]byte("assay@example.com "), line...), 0o600))
	return signer, line, func(t *testing.T, dir, commit string) string {
		return says(t, dir, commit, nil, "gpg.ssh.allowedSignersFile="+allowed)
	}
}
