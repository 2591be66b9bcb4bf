package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider/connect"
	"github.com/assay-dev/assay/sources/git"
)

// Credentials are those of all repositories, by their normalised URLs.
type Credentials struct {
	given map[string]given
	hosts map[string]connect.Credentials
}

// given are credentials for one repository.
type given struct {
	connect.Credentials
	url, from string // of the repository, and the folder
}

// AllCredentials reads them. A folder that is given for some repositories goes to those alone: tests name repositories too, and must not be
// able to send credentials elsewhere.
func (s *Settings) AllCredentials() (*Credentials, error) {
	all := &Credentials{given: map[string]given{}}
	var errs []error
	for _, env := range s.Environments {
		errs = append(errs,
			all.give(env.Variable("TESTS_CREDENTIALS"), env.TestsCredentials, env.TestsURL),
			all.give(env.Variable("CONFIG_CREDENTIALS"), env.ConfigCredentials, env.ConfigRepositories...))
	}
	var err error
	all.hosts, err = readHosts(s.Credentials)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return all, nil
}

func (c *Credentials) give(variable, dir string, urls ...string) error {
	if dir == "" {
		return nil
	}
	read, err := ReadCredentials(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", variable, err)
	}
	for _, url := range urls {
		name := git.Normalize(url)
		if other, there := c.given[name]; there && other.from != dir {
			return fmt.Errorf("%s: repository %s is given credentials from %s already: give it one folder everywhere", variable, git.Redact(url), other.from)
		}
		c.given[name] = given{read, url, dir}
	}
	return nil
}

// Of are the credentials that go to a repository; none where nothing is said.
func (c *Credentials) Of(normalized string) connect.Credentials {
	if given, there := c.given[normalized]; there {
		return given.Credentials
	}
	for name := normalized; name != "." && name != "/"; name = path.Dir(name) {
		if host, there := c.hosts[name]; there {
			return host
		}
	}
	return connect.Credentials{}
}

// Git is what Git is shown at a repository.
func (c *Credentials) Git(normalized string) git.Auth {
	if given, there := c.given[normalized]; there {
		return given.Git(given.url)
	}
	return c.Of(normalized).Git("https://" + normalized)
}

// readHosts reads a folder whose folders are named after hosts, or hosts and paths, by these names.
func readHosts(dir string) (map[string]connect.Credentials, error) {
	hosts := map[string]connect.Credentials{}
	if dir == "" {
		return hosts, nil
	}
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if entry != nil && strings.HasPrefix(entry.Name(), "..") && entry.IsDir() {
			return fs.SkipDir // a mounted Secret keeps its content there, and links to it
		}
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
