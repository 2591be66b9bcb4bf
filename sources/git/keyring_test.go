package git_test

import (
	"bytes"
	"crypto"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/assay-dev/assay/sources/git"
)

// pgpKey makes an OpenPGP key, valid for a day from made, and its public half.
func pgpKey(t testing.TB, name string, made time.Time) (git.Signer, []byte) {
	t.Helper()
	entity, err := openpgp.NewEntity(name, "", name+"@example.org", &packet.Config{
		Algorithm:       packet.PubKeyAlgoEdDSA,
		KeyLifetimeSecs: 24 * 60 * 60,
		Time:            func() time.Time { return made },
		DefaultHash:     crypto.SHA256,
	})
	require.NoError(t, err)
	private := armored(t, openpgp.PrivateKeyType, func(w io.Writer) error { return entity.SerializePrivate(w, nil) })
	public := armored(t, openpgp.PublicKeyType, entity.Serialize)
	signer, err := git.NewOpenPGPSigner(private, nil)
	require.NoError(t, err)
	return signer, public
}

func armored(t testing.TB, kind string, serialize func(io.Writer) error) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := armor.Encode(&out, kind, nil)
	require.NoError(t, err)
	require.NoError(t, serialize(w))
	require.NoError(t, w.Close())
	return out.Bytes()
}

// sshSigner makes an SSH key and its public half.
func sshSigner(t testing.TB, comment string) (signer git.Signer, private, public []byte) {
	t.Helper()
	private = sshKey(t)
	signer, err := git.NewSSHSigner(private, nil)
	require.NoError(t, err)
	key, err := ssh.ParsePrivateKey(private)
	require.NoError(t, err)
	line := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey())))
	return signer, private, []byte("# a comment\n\n" + line + " " + comment + "\n")
}

// signed stores a commit and reads it back.
func signed(t testing.TB, by git.Signer) *git.Commit {
	t.Helper()
	s := open(t, newRemoteRepo(t, 0).dir, git.Auth{}).Repository().Scratch()
	who := git.Signature{Name: "a", Email: "a@example.org", When: time.Unix(1_700_000_000, 0)}
	h, err := s.WriteCommit(git.NewCommit{Author: who, Committer: who, Message: "change\n", Sign: by})
	require.NoError(t, err)
	commit, err := s.Commit(t.Context(), h)
	require.NoError(t, err)
	return commit
}

func TestKeyring(t *testing.T) {
	t.Parallel()
	now := time.Now()
	alice, alicePublic := pgpKey(t, "alice", now)
	carol, carolPublic := pgpKey(t, "carol", now)
	bob, _, bobPublic := sshSigner(t, "bob@example.org")
	mallory, _, _ := sshSigner(t, "mallory")
	eve, _ := pgpKey(t, "eve", now)
	entries := map[string][]byte{"author1.asc": alicePublic, "author2.asc": carolPublic, "author3.sshpub": bobPublic, "README": []byte("not a key")}
	keys, err := git.NewKeyring(entries, time.Now)
	require.NoError(t, err)
	later, err := git.NewKeyring(entries, func() time.Time { return now.Add(48 * time.Hour) })
	require.NoError(t, err)

	tampered := func(by git.Signer) *git.Commit {
		c := *signed(t, by)
		c.Signed = append(slices.Clone(c.Signed), "more\n"...)
		return &c
	}
	garbled := *signed(t, bob)
	garbled.Armor = "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"
	x509 := *signed(t, bob)
	x509.Armor = "-----BEGIN SIGNED MESSAGE-----\nAAAA\n-----END SIGNED MESSAGE-----\n"

	for name, tc := range map[string]struct {
		keys   *git.Keyring
		commit *git.Commit
		signer string
		err    error
	}{
		"OpenPGP":             {keys, signed(t, alice), "<alice@example.org>", nil},
		"another OpenPGP key": {keys, signed(t, carol), "<carol@example.org>", nil},
		"SSH":                 {keys, signed(t, bob), "bob@example.org (SHA256:", nil},
		"unsigned":            {keys, signed(t, nil), "", git.ErrUnsigned},
		"unknown OpenPGP key": {keys, signed(t, eve), "", git.ErrUnknownSigner},
		"unknown SSH key":     {keys, signed(t, mallory), "", git.ErrUnknownSigner},
		"X.509":               {keys, &x509, "", git.ErrUnknownSigner},
		"tampered, OpenPGP":   {keys, tampered(alice), "", git.ErrBadSignature},
		"tampered, SSH":       {keys, tampered(bob), "", git.ErrBadSignature},
		"garbled":             {keys, &garbled, "", git.ErrBadSignature},
		"expired":             {later, signed(t, alice), "", git.ErrKeyExpired},
		"SSH does not expire": {later, signed(t, bob), "bob@example.org", nil},
	} {
		t.Run(name, func(t *testing.T) {
			signer, err := tc.keys.Verify(tc.commit)
			require.ErrorIs(t, err, tc.err)
			require.Contains(t, signer, tc.signer)
			if err != nil {
				require.Empty(t, signer)
				require.ErrorContains(t, err, tc.commit.Hash.String())
			}
		})
	}
}

// What the git program signs is verified, and a signature for another purpose is not.
func TestKeyringAgreesWithGit(t *testing.T) {
	t.Parallel()
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("ssh-keygen is not installed, which git signs with")
	}
	r := newRemoteRepo(t, 1)
	_, private, public := sshSigner(t, "bob")
	key := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(key, private, 0o600))
	h := r.git("-c", "gpg.format=ssh", "-c", "gpg.ssh.program="+keygen, "-c", "user.signingkey="+key, "commit-tree", "-S", "-m", "signed", "main^{tree}")
	r.git("update-ref", "refs/heads/main", h)
	m := open(t, r.dir, git.Auth{})
	commit, err := m.Repository().Commit(t.Context(), refreshed(t, m))
	require.NoError(t, err)
	keys, err := git.NewKeyring(map[string][]byte{"bob.sshpub": public}, time.Now)
	require.NoError(t, err)
	signer, err := keys.Verify(commit)
	require.NoError(t, err)
	require.Contains(t, signer, "bob")

	text := filepath.Join(t.TempDir(), "commit")
	require.NoError(t, os.WriteFile(text, commit.Signed, 0o600))
	out, err := exec.CommandContext(t.Context(), keygen, "-Y", "sign", "-n", "file", "-f", key, text).CombinedOutput()
	require.NoError(t, err, "%s", out)
	forFiles, err := os.ReadFile(text + ".sig")
	require.NoError(t, err)
	replayed := *commit
	replayed.Armor = string(forFiles)
	_, err = keys.Verify(&replayed)
	require.ErrorIs(t, err, git.ErrBadSignature)
	require.ErrorContains(t, err, "file")
}

func TestKeyringRefusesBadKeys(t *testing.T) {
	t.Parallel()
	for name, entries := range map[string]map[string][]byte{
		"none":        {},
		"no key file": {"identity": []byte("x")},
		"bad OpenPGP": {"a.asc": []byte("not armoured")},
		"bad SSH":     {"a.sshpub": []byte("ssh-ed25519 ???")},
	} {
		_, err := git.NewKeyring(entries, time.Now)
		require.Error(t, err, name)
		for entry := range entries {
			if strings.HasPrefix(name, "bad") {
				require.ErrorContains(t, err, entry)
			}
		}
	}
}
