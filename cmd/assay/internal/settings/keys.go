package settings

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/assay-dev/assay/sources/git"
)

// Keyring reads the keys that tests must be signed with; nil where none are asked for.
func (e *Environment) Keyring(now func() time.Time) (*git.Keyring, error) {
	return readKeyring(e.Variable("TESTS_VERIFY_KEYS"), e.TestsVerifyKeys, now)
}

// NotesKeyring reads the keys that notes of Verdicts must be signed with to be read back; nil where none are given.
func (e *Environment) NotesKeyring(now func() time.Time) (*git.Keyring, error) {
	return readKeyring(e.Variable("NOTES_VERIFY_KEYS"), e.NotesVerifyKeys, now)
}

// readKeyring reads a folder of public keys, which a variable names; nil where it names none.
func readKeyring(variable, dir string, now func() time.Time) (*git.Keyring, error) {
	if dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", variable, err)
	}
	keys := map[string][]byte{}
	for _, entry := range entries {
		if name := entry.Name(); strings.HasSuffix(name, ".asc") || strings.HasSuffix(name, ".sshpub") {
			if keys[name], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
				return nil, fmt.Errorf("%s: %w", variable, err)
			}
		}
	}
	keyring, err := git.NewKeyring(keys, now)
	if err != nil {
		return nil, fmt.Errorf("%s: folder %s: %w", variable, dir, err)
	}
	return keyring, nil
}

// Signer reads the key that signs revert commits; nil where they are not signed.
func (g *Global) Signer() (git.Signer, error) {
	variable := Prefix + "SIGNING_KEY"
	if g.SigningKey == "" {
		if g.Passphrase != "" {
			return nil, errors.New(Prefix + "SIGNING_PASSPHRASE_FILE is set without " + variable)
		}
		return nil, nil
	}
	key, err := os.ReadFile(g.SigningKey)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", variable, err)
	}
	var passphrase []byte
	if g.Passphrase != "" {
		if passphrase, err = os.ReadFile(g.Passphrase); err != nil {
			return nil, fmt.Errorf("%sSIGNING_PASSPHRASE_FILE: %w", Prefix, err)
		}
		passphrase = bytes.TrimRight(passphrase, "\r\n")
	}
	sign := git.NewSSHSigner
	if bytes.Contains(key, []byte("BEGIN PGP")) {
		sign = git.NewOpenPGPSigner
	}
	signer, err := sign(key, passphrase)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", variable, g.SigningKey, err)
	}
	return signer, nil
}
