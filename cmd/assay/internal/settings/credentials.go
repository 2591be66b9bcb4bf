package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/assay-dev/assay/sources/git"
)

// CredentialFiles are the files that a folder with credentials may hold: the keys of the secrets that Flux's sources refer to, so that a
// mounted one fits.
var CredentialFiles = []string{"username", "password", "bearerToken", "identity", "known_hosts", "ca.crt", "proxy"}

// ReadCredentials reads a folder with credentials. One without any is an error, which never holds a value.
func ReadCredentials(dir string) (auth git.Auth, err error) {
	values := map[string][]byte{}
	for _, name := range CredentialFiles {
		value, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return git.Auth{}, fmt.Errorf("credentials: %w", err)
		}
		values[name] = value
	}
	if len(values) == 0 {
		return git.Auth{}, fmt.Errorf("credentials: folder %s holds none of %s", dir, strings.Join(CredentialFiles, ", "))
	}
	// An editor ends a file with a line break, which is part of no name, password, token or URL.
	line := func(name string) string { return strings.TrimRight(string(values[name]), "\r\n") }
	auth = git.Auth{
		Username: line("username"), BearerToken: line("bearerToken"), Proxy: line("proxy"),
		KnownHosts: values["known_hosts"], CA: values["ca.crt"], SSHKey: values["identity"],
	}
	// As with Flux, the password is the key's where there is a key.
	if auth.SSHKey != nil {
		auth.SSHKeyPassphrase = line("password")
	} else {
		auth.Password = line("password")
	}
	return auth, nil
}
