package git

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// Errors of signatures, to be found with errors.Is.
var (
	// ErrUnsigned: the commit has no signature.
	ErrUnsigned = errors.New("not signed")
	// ErrUnknownSigner: the signature is of a key that is not in the keyring.
	ErrUnknownSigner = errors.New("signed with a key that is not trusted")
	// ErrBadSignature: the signature is not one of this content.
	ErrBadSignature = errors.New("the signature does not fit the content")
	// ErrKeyExpired: the key, or the signature, has expired or was revoked.
	ErrKeyExpired = errors.New("signed with a key that is not valid any more")
)

// Keyring holds the public keys whose signatures are trusted. It is safe for
// concurrent use.
type Keyring struct {
	pgp openpgp.EntityList
	ssh []trustedKey
	now func() time.Time
}

type trustedKey struct {
	key  ssh.PublicKey
	name string
}

// NewKeyring reads public keys as the secrets of Flux's spec.verify hold them:
// armoured OpenPGP keys in entries named *.asc, SSH keys (lines as in
// authorized_keys) in entries named *.sshpub. Entries of other names are passed
// over; a key that cannot be read and a keyring without a key are errors. now says
// at what time keys must be valid.
func NewKeyring(entries map[string][]byte, now func() time.Time) (*Keyring, error) {
	k := &Keyring{now: now}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		var err error
		switch path.Ext(name) {
		case ".asc":
			err = k.addOpenPGP(entries[name])
		case ".sshpub":
			err = k.addSSH(entries[name])
		}
		if err != nil {
			return nil, fmt.Errorf("reading public keys from %s: %w", name, err)
		}
	}
	if len(k.pgp)+len(k.ssh) == 0 {
		return nil, errors.New("there is no public key to verify signatures with: add entries named *.asc (OpenPGP) or *.sshpub (SSH)")
	}
	return k, nil
}

func (k *Keyring) addOpenPGP(armored []byte) error {
	keys, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(armored))
	k.pgp = append(k.pgp, keys...)
	return err
}

func (k *Keyring) addSSH(lines []byte) error {
	for number, line := range bytes.Split(lines, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		key, comment, _, _, err := ssh.ParseAuthorizedKey(line)
		if err != nil {
			return fmt.Errorf("line %d: %w", number+1, err)
		}
		name := ssh.FingerprintSHA256(key)
		if comment != "" {
			name = comment + " (" + name + ")"
		}
		k.ssh = append(k.ssh, trustedKey{key, name})
	}
	return nil
}

// Verify returns who signed a commit: the identity of an OpenPGP key, the comment
// and fingerprint of an SSH key. The error says which commit, and matches one of
// [ErrUnsigned], [ErrUnknownSigner], [ErrBadSignature] and [ErrKeyExpired].
func (k *Keyring) Verify(c *Commit) (signer string, err error) {
	armor := strings.TrimSpace(c.Armor)
	switch {
	case armor == "":
		err = ErrUnsigned
	case strings.HasPrefix(armor, "-----BEGIN PGP "):
		signer, err = k.verifyOpenPGP(c)
	case strings.HasPrefix(armor, "-----BEGIN "+sshsig.PEMType):
		signer, err = k.verifySSH(c)
	default:
		first, _, _ := strings.Cut(armor, "\n")
		err = fmt.Errorf("%w: %q is neither an OpenPGP nor an SSH signature", ErrUnknownSigner, first)
	}
	if err != nil {
		return "", fmt.Errorf("commit %s: %w", c.Hash, err)
	}
	return signer, nil
}

func (k *Keyring) verifyOpenPGP(c *Commit) (string, error) {
	config := &packet.Config{Time: k.now}
	key, err := openpgp.CheckArmoredDetachedSignature(k.pgp, bytes.NewReader(c.Signed), strings.NewReader(c.Armor), config)
	switch {
	case errors.Is(err, pgperrors.ErrUnknownIssuer):
		return "", ErrUnknownSigner
	case errors.Is(err, pgperrors.ErrKeyExpired), errors.Is(err, pgperrors.ErrKeyRevoked), errors.Is(err, pgperrors.ErrSignatureExpired):
		return "", fmt.Errorf("%w: %w", ErrKeyExpired, err)
	case err != nil:
		return "", fmt.Errorf("%w: %w", ErrBadSignature, err)
	}
	name := "key " + key.PrimaryKey.KeyIdString()
	if identity := key.PrimaryIdentity(); identity != nil {
		name = identity.Name + " (" + name + ")"
	}
	return name, nil
}

func (k *Keyring) verifySSH(c *Commit) (string, error) {
	signature, err := sshsig.Unarmor([]byte(c.Armor))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrBadSignature, err)
	}
	// RSA with SHA-1, which the format forbids and the library lets through.
	if signature.Signature.Format == ssh.KeyAlgoRSA {
		return "", fmt.Errorf("%w: it uses SHA-1", ErrBadSignature)
	}
	for _, s := range k.ssh {
		if !bytes.Equal(s.key.Marshal(), signature.PublicKey.Marshal()) {
			continue
		}
		if signature.Namespace != sshNamespace {
			return "", fmt.Errorf("%w: it was made for %q, not for Git", ErrBadSignature, signature.Namespace)
		}
		if err := sshsig.Verify(bytes.NewReader(c.Signed), signature, s.key, signature.HashAlgorithm, sshNamespace); err != nil {
			return "", fmt.Errorf("%w: %w", ErrBadSignature, err)
		}
		return s.name, nil
	}
	return "", fmt.Errorf("%w: %s", ErrUnknownSigner, ssh.FingerprintSHA256(signature.PublicKey))
}
