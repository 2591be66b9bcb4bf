package settings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
