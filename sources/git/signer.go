package git

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// sshNamespace is what Git signs for, so that a signature made for something
// else is none of a commit.
const sshNamespace = "git"

// NewOpenPGPSigner signs with the private key in an armoured keyring. Passphrase
// unlocks it and may be empty for a key that is not locked. A keyring without a
// private key, or with one that does not open, is an error.
func NewOpenPGPSigner(armored, passphrase []byte) (Signer, error) {
	keys, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(armored))
	if err != nil {
		return nil, fmt.Errorf("read OpenPGP signing key: %w", err)
	}
	for _, key := range keys {
		if key.PrivateKey == nil {
			continue
		}
		if err := unlock(key, passphrase); err != nil {
			return nil, fmt.Errorf("unlock OpenPGP signing key %s: %w", key.PrimaryKey.KeyIdString(), err)
		}
		return signsWithOpenPGP{key}, nil
	}
	return nil, errors.New("read OpenPGP signing key: there is no private key in it")
}

func unlock(key *openpgp.Entity, passphrase []byte) error {
	if len(passphrase) > 0 {
		return key.DecryptPrivateKeys(passphrase)
	}
	if key.PrivateKey.Encrypted {
		return errors.New("it is locked, and no passphrase is given")
	}
	return nil
}

type signsWithOpenPGP struct{ key *openpgp.Entity }

func (s signsWithOpenPGP) Sign(commit []byte) (string, error) {
	var armor strings.Builder
	err := openpgp.ArmoredDetachSign(&armor, s.key, bytes.NewReader(commit), nil)
	return armor.String(), err
}

// NewSSHSigner signs with a private SSH key in PEM or OpenSSH form. Passphrase
// unlocks it and may be empty for a key that is not locked. One that cannot be
// read or does not open is an error.
func NewSSHSigner(pem, passphrase []byte) (Signer, error) {
	var key ssh.Signer
	var err error
	if len(passphrase) > 0 {
		key, err = ssh.ParsePrivateKeyWithPassphrase(pem, passphrase)
	} else {
		key, err = ssh.ParsePrivateKey(pem)
	}
	if err != nil {
		return nil, fmt.Errorf("read SSH signing key: %w", err)
	}
	return signsWithSSH{key}, nil
}

type signsWithSSH struct{ key ssh.Signer }

func (s signsWithSSH) Sign(commit []byte) (string, error) {
	sig, err := sshsig.Sign(bytes.NewReader(commit), s.key, sshsig.HashSHA512, sshNamespace)
	if err != nil {
		return "", err
	}
	return string(sshsig.Armor(sig)), nil
}
