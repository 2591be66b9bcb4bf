package github

import (
	"cmp"
	"log/slog"
)

// Credentials are what Assay shows to GitHub: a token, or an App. They print as their kind, never as their content.
type Credentials struct {
	// Token is a personal access token: a classic one with the scope repo, or a fine-grained one with the permissions "Contents", "Pull
	// requests", "Issues" (for labels) and "Commit statuses", each to read and write.
	Token string
	// App, with the same permissions and "Checks" to read, which GitHub does not offer for fine-grained tokens; used when its ID is given.
	App App
}

// String says of which kind the credentials are.
func (c Credentials) String() string {
	switch {
	case c.App.ID != "":
		return c.App.String()
	case c.Token != "":
		return "token"
	}
	return "anonymous"
}

// GoString keeps %#v from printing the content.
func (c Credentials) GoString() string { return "github.Credentials{" + c.String() + "}" }

// LogValue keeps structured logs from holding the content.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

// App is a GitHub App that is installed where the repository is. It prints as its ID.
type App struct {
	// ID is the App's ID or its client ID, which its settings page shows.
	ID string
	// Installation is the number of the installation; zero looks for the one of the repository.
	Installation int64
	// PrivateKey is one of the App's keys, in PEM form, as GitHub lets it be downloaded.
	PrivateKey []byte
}

// String names the App.
func (a App) String() string { return "GitHub App " + cmp.Or(a.ID, "without an ID") }

// GoString keeps %#v from printing the key.
func (a App) GoString() string { return "github.App{" + a.String() + "}" }

// LogValue keeps structured logs from holding the key.
func (a App) LogValue() slog.Value { return slog.StringValue(a.String()) }
