package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
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

// Auth reads all credentials, and returns which ones go to a repository, by its normalised URL. A folder that is given for some
// repositories goes to those alone: tests name repositories too, and must not be able to send credentials elsewhere.
func (s *Settings) Auth() (func(normalized string) git.Auth, error) {
	given := map[string]git.Auth{}
	from := map[string]string{} // the folder
	give := func(variable, dir string, urls ...string) error {
		if dir == "" {
			return nil
		}
		auth, err := ReadCredentials(dir)
		if err != nil {
			return fmt.Errorf("%s: %w", variable, err)
		}
		for _, url := range urls {
			name := git.Normalize(url)
			if other, there := from[name]; there && other != dir {
				return fmt.Errorf("%s: repository %s is given credentials from %s already: give it one folder everywhere", variable, git.Redact(url), other)
			}
			given[name], from[name] = auth, dir
		}
		return nil
	}
	var errs []error
	for _, env := range s.Environments {
		errs = append(errs,
			give(env.Variable("TESTS_CREDENTIALS"), env.TestsCredentials, env.TestsURL),
			give(env.Variable("CONFIG_CREDENTIALS"), env.ConfigCredentials, env.ConfigRepositories...))
	}
	hosts, err := readHosts(s.Credentials)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return func(normalized string) git.Auth {
		if auth, there := given[normalized]; there {
			return auth
		}
		for name := normalized; name != "." && name != "/"; name = path.Dir(name) {
			if auth, there := hosts[name]; there {
				return auth
			}
		}
		return git.Auth{}
	}, nil
}

// readHosts reads a folder whose folders are named after hosts, or hosts and paths, by these names.
func readHosts(dir string) (map[string]git.Auth, error) {
	hosts := map[string]git.Auth{}
	if dir == "" {
		return hosts, nil
	}
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains(CredentialFiles, entry.Name()) {
			return err
		}
		folder := filepath.Dir(file)
		name, err := filepath.Rel(dir, folder)
		if err != nil {
			return err
		}
		if name == "." {
			return fmt.Errorf("%s is for no server: put it into a folder named after one, such as %s", file, filepath.Join(dir, "git.example.com"))
		}
		hosts[filepath.ToSlash(name)], err = ReadCredentials(folder)
		return err
	})
	if err == nil && len(hosts) == 0 {
		err = fmt.Errorf("folder %s holds no credentials", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("%sCREDENTIALS: %w", Prefix, err)
	}
	return hosts, nil
}
