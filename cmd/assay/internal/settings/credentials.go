package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider/connect"
	"github.com/assay-dev/assay/rollback/gitprovider/github"
	"github.com/assay-dev/assay/sources/git"
)

// The files of a GitHub App, by the keys of the secrets that Flux's sources and providers refer to.
const (
	appID           = "githubAppID"
	appInstallation = "githubAppInstallationID"
	appOwner        = "githubAppInstallationOwner"
	appKey          = "githubAppPrivateKey"
	appBaseURL      = "githubAppBaseURL"
)

// CredentialFiles are the files that a folder with credentials may hold: the keys of the secrets that Flux's sources refer to, so that a
// mounted one fits.
var CredentialFiles = []string{
	"username", "password", "bearerToken", "identity", "known_hosts", "ca.crt", "proxy", appID, appInstallation, appOwner, appKey, appBaseURL,
}

// ReadCredentials reads a folder with credentials. One without any is an error, which never holds a value.
func ReadCredentials(dir string) (c connect.Credentials, err error) {
	values := map[string][]byte{}
	for _, name := range CredentialFiles {
		value, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return c, fmt.Errorf("credentials: %w", err)
		}
		values[name] = value
	}
	if len(values) == 0 {
		return c, fmt.Errorf("credentials: folder %s holds none of %s", dir, strings.Join(CredentialFiles, ", "))
	}
	// An editor ends a file with a line break, which is part of no name, password, token or URL.
	line := func(name string) string { return strings.TrimRight(string(values[name]), "\r\n") }
	c.Auth = git.Auth{
		Username: line("username"), BearerToken: line("bearerToken"), Proxy: line("proxy"),
		KnownHosts: values["known_hosts"], CA: values["ca.crt"], SSHKey: values["identity"],
	}
	// As with Flux, the password is the key's where there is a key.
	if c.SSHKey != nil {
		c.SSHKeyPassphrase = line("password")
	} else {
		c.Password = line("password")
	}
	c.App = github.App{ID: line(appID), PrivateKey: values[appKey]}
	c.Owner, c.BaseURL = line(appOwner), line(appBaseURL)
	if err := complete(&c, line(appInstallation)); err != nil {
		return connect.Credentials{}, fmt.Errorf("credentials: folder %s: %w", dir, err)
	}
	return c, nil
}

// complete says what is wrong with an App, where one is given.
func complete(c *connect.Credentials, installation string) error {
	if (c.App.ID != "") != (len(c.App.PrivateKey) > 0) {
		return fmt.Errorf("a GitHub App needs both %s and %s", appID, appKey)
	}
	if c.App.ID == "" {
		if installation+c.Owner+c.BaseURL != "" {
			return fmt.Errorf("a GitHub App needs %s and %s", appID, appKey)
		}
		return nil
	}
	if c.Password+c.BearerToken != "" || c.SSHKey != nil {
		return fmt.Errorf("it holds a GitHub App and %s: keep one of them", c.Auth)
	}
	if installation == "" {
		return nil
	}
	var err error
	if c.App.Installation, err = strconv.ParseInt(installation, 10, 64); err != nil || c.App.Installation <= 0 {
		return fmt.Errorf("%s is not a number, as the URL of the installation's page ends with", appInstallation)
	}
	return nil
}

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
