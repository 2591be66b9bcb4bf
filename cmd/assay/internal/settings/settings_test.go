package settings_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/cmd/assay/internal/settings"
	"github.com/assay-dev/assay/sources/git"
)

var least = []string{"ASSAY_ENVIRONMENTS=dev", "ASSAY_DEV_TESTS_URL=https://git.example.com/tests"}

func TestReadFillsInWhatIsNotSaid(t *testing.T) {
	s, err := settings.Read(append(least, "HOME=/x", "ASSAY_STOP=", "ASSAY_SERVICE_HOST=10.0.0.1", "ASSAY_PORT_80_TCP_ADDR=10.0.0.1"), nil)
	require.NoError(t, err)
	require.Equal(t, "assay-data", s.DataDir)
	require.Equal(t, settings.DefaultDataDir, s.DataDir)
	require.EqualValues(t, 3, s.MaxOpenProposals)
	require.EqualValues(t, 7*24*time.Hour, s.MaxCulpritAge)
	require.False(t, bool(s.Stop))
	require.Len(t, s.Environments, 1)
	dev := s.Environments[0]
	require.Equal(t, "overlays/dev", dev.TestsOverlay)
	require.EqualValues(t, "propose", dev.Mode)
	require.EqualValues(t, "auto", dev.ConfigProvider)
	require.EqualValues(t, 30*time.Second, dev.TestsInterval)
}

func TestReadTakesWhatIsSaid(t *testing.T) {
	s, err := settings.Read([]string{
		"ASSAY_ENVIRONMENTS=dev, staging-eu", "ASSAY_DEV_TESTS_URL=/tests", "ASSAY_STAGING_EU_TESTS_URL=/tests",
		"ASSAY_STAGING_EU_CONFIG_REPOSITORIES=/a, /b", "ASSAY_STAGING_EU_MODE=merge", "ASSAY_STAGING_EU_PROTECT_KINDS=Namespace",
		"ASSAY_STAGING_EU_PROTECT_PATHS=clusters/prod/**", "ASSAY_STAGING_EU_REVIEWERS=ana,team:sre", "ASSAY_STAGING_EU_LABELS=assay, rollback",
		"ASSAY_RUN_MEMORY=2Gi", "ASSAY_MAX_PARALLEL=8", "ASSAY_LOG_LEVEL=debug",
	}, map[string]string{"ASSAY_MAX_PARALLEL": "2", "ASSAY_DATA_DIR": "/data"})
	require.NoError(t, err)
	require.EqualValues(t, 2, s.MaxParallel, "flags win")
	require.Equal(t, "/data", s.DataDir)
	require.EqualValues(t, 2<<30, s.RunMemory)
	eu := s.Environments[1]
	require.Equal(t, []string{"/a", "/b"}, eu.ConfigRepositories)
	require.EqualValues(t, "merge", eu.Mode)
	require.EqualValues(t, "propose", s.Environments[0].Mode)
	require.Equal(t, []settings.Kind{"Namespace"}, eu.ProtectKinds)
	require.Equal(t, []string{"ana", "team:sre"}, eu.Reviewers)
	require.Equal(t, []string{"assay", "rollback"}, eu.Labels)
	require.Equal(t, []string{"assay"}, s.Environments[0].Labels)
}

func TestReadNamesWhatIsWrong(t *testing.T) {
	for variable, must := range map[string]string{
		"ASSAY_STOP=yes":                       `ASSAY_STOP: "yes" must be true or false`,
		"ASSAY_MAX_PARALLEL=-1":                `ASSAY_MAX_PARALLEL: "-1" must be a whole number from 0`,
		"ASSAY_LOG_LEVEL=loud":                 `ASSAY_LOG_LEVEL: "loud" must be debug, info, warn or error`,
		"ASSAY_LOG_ENCODING=xml":               `must be text or json`,
		"ASSAY_RETENTION_AGE=30d":              `ASSAY_RETENTION_AGE: "30d" must be a time, such as 72h`,
		"ASSAY_LEASE_DURATION=1s":              `ASSAY_LEASE_DURATION: "1s" must be a time of whole seconds, at least 3s`,
		"ASSAY_LEASE_DURATION=3500ms":          `must be a time of whole seconds`,
		"ASSAY_RUN_MEMORY=much":                `an amount of bytes`,
		"ASSAY_RUN_ISOLATION=some":             `namespaces, user-namespace, own-user or none`,
		"ASSAY_DEV_MODE=bold":                  `ASSAY_DEV_MODE: "bold" must be shadow, propose, merge or commit`,
		"ASSAY_DEV_TESTS_INTERVAL=0s":          `ASSAY_DEV_TESTS_INTERVAL: "0s" must be a time of more than 0`,
		"ASSAY_DEV_CONFIG_PROVIDER=git":        `"git" must be auto, plain, gitea, github, gitlab, bitbucket or azure`,
		"ASSAY_DEV_PROTECT_PATHS=a/**,[":       `ASSAY_DEV_PROTECT_PATHS: "[" must be a glob`,
		"ASSAY_DEV_PROTECT_KINDS=pvc":          `"pvc" must be a kind`,
		"ASSAY_WATCH_LABEL_SELECTOR=a in b":    `must be a label selector, such as`,
		"ASSAY_DEV_MDOE=shadow":                `ASSAY_DEV_MDOE means nothing: did you mean ASSAY_DEV_MODE?`,
		"ASSAY_WATCH_NAMESPACES=a,B":           `ASSAY_WATCH_NAMESPACES: "B" must be a name as Kubernetes takes it`,
		"ASSAY_DEV_TARGET_NAMESPACES=a/b":      `"a/b" must be a glob of namespaces`,
		"ASSAY_DEV_TARGET_LABELS=a in":         `must be a label selector`,
		"ASSAY_DEV_RUNNER=docker":              `"docker" must be process or kubernetes`,
		"ASSAY_PROD_MODE=shadow":               `ASSAY_PROD_MODE means nothing`,
		"ASSAY_ENVIRONMENTS=dev,Prod":          `"Prod" must be lower case`,
		"ASSAY_ENVIRONMENTS=dev,dev":           `dev is named twice`,
		"ASSAY_ENVIRONMENTS=dev,prod":          `ASSAY_PROD_TESTS_URL is not set`,
		"ASSAY_ENVIRONMENTS=":                  `ASSAY_ENVIRONMENTS is not set`,
		"ASSAY_SOMETHING_ELSE_ALTOGETHER=true": `ASSAY_SOMETHING_ELSE_ALTOGETHER means nothing`,
	} {
		t.Run(variable, func(t *testing.T) {
			_, err := settings.Read(append(least[:2:2], variable), nil)
			require.ErrorContains(t, err, must)
		})
	}
	_, err := settings.Read(append(least[:2:2], "ASSAY_STOP=yes", "ASSAY_LOG_LEVEL=loud", "ASSAY_DEV_MODE=bold"), nil)
	require.Len(t, strings.Split(err.Error(), "\n"), 3, "all of it at once")
}

func TestHelpListsEveryVariable(t *testing.T) {
	help := settings.Help()
	for _, of := range []reflect.Type{reflect.TypeFor[settings.Global](), reflect.TypeFor[settings.Environment]()} {
		for i := range of.NumField() {
			field := of.Field(i)
			tag, found := field.Tag.Lookup("env")
			if field.Name == "Name" {
				continue
			}
			require.True(t, found, field.Name)
			name, def, _ := strings.Cut(tag, ", default=")
			require.Contains(t, help, name, field.Name)
			require.NotEmpty(t, def+field.Tag.Get("shown"), "%s has a default that help can tell", field.Name)
			require.NotEmpty(t, field.Tag.Get("meaning"), field.Name)
		}
	}
	require.Contains(t, help, "process:\n\nEnvironments and history\n  ASSAY_ENVIRONMENTS (required)\n", "each belongs to a theme")
	require.Contains(t, help, "\n\nTests\n  ASSAY_<NAME>_TESTS_URL (required)\n")
	for line := range strings.Lines(help) {
		require.LessOrEqual(t, len(line), 101)
	}
}

func credentials(t *testing.T, root string, of map[string]string) string {
	t.Helper()
	for name, value := range of {
		file := filepath.Join(root, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(value), 0o600))
	}
	return root
}

func TestAuthGivesCredentialsToTheirRepositoriesAlone(t *testing.T) {
	tests := credentials(t, t.TempDir(), map[string]string{"bearerToken": "of-tests\n"})
	config := credentials(t, t.TempDir(), map[string]string{"username": "u", "password": "of-config"})
	hosts := credentials(t, t.TempDir(), map[string]string{
		"git.example.com/password": "of-host", "git.example.com/team/password": "of-team", "git.example.com/..2026_11_22/password": "of-a-link",
	})
	s, err := settings.Read(append(least[:2:2], "ASSAY_DEV_TESTS_CREDENTIALS="+tests, "ASSAY_CREDENTIALS="+hosts,
		"ASSAY_DEV_CONFIG_REPOSITORIES=https://git.example.com/config.git", "ASSAY_DEV_CONFIG_CREDENTIALS="+config), nil)
	require.NoError(t, err)
	all, err := s.AllCredentials()
	require.NoError(t, err)
	auth := all.Git
	require.Equal(t, git.Auth{BearerToken: "of-tests"}, auth(git.Normalize("https://git.example.com/tests")))
	require.Equal(t, git.Auth{Username: "u", Password: "of-config"}, auth(git.Normalize("https://git.example.com/config")))
	require.Equal(t, "of-host", auth(git.Normalize("https://git.example.com/other/x")).Password)
	require.Equal(t, "of-team", auth(git.Normalize("https://git.example.com/team/x")).Password)
	require.Equal(t, "of-host", auth(git.Normalize("https://git.example.com/..2026_11_22/x")).Password, "where a mounted Secret keeps its content")
	require.Equal(t, git.Auth{}, auth(git.Normalize("https://elsewhere.example.com/tests")))
}

func TestAuthRefusesWhatIsUnclear(t *testing.T) {
	one := credentials(t, t.TempDir(), map[string]string{"password": "hush-one"})
	two := credentials(t, t.TempDir(), map[string]string{"password": "hush-two"})
	for variables, must := range map[string]string{
		"ASSAY_DEV_TESTS_CREDENTIALS=" + t.TempDir(): "holds none of",
		"ASSAY_DEV_TESTS_CREDENTIALS=/nowhere":       "holds none of",
		"ASSAY_CREDENTIALS=" + one:                   "is for no server",
		"ASSAY_DEV_TESTS_CREDENTIALS=" + one + " ASSAY_DEV_CONFIG_CREDENTIALS=" + two + " ASSAY_DEV_CONFIG_REPOSITORIES=https://git.example.com/tests": "is given credentials",
	} {
		s, err := settings.Read(append(least[:2:2], strings.Fields(variables)...), nil)
		require.NoError(t, err)
		_, err = s.AllCredentials()
		require.ErrorContains(t, err, must)
		require.NotContains(t, err.Error(), "hush")
	}
}

func TestKeysThatCannotBeUsedAreNamed(t *testing.T) {
	empty := t.TempDir()
	bad := credentials(t, t.TempDir(), map[string]string{"key": "hush, no key"})
	s, err := settings.Read(append(least[:2:2], "ASSAY_DEV_TESTS_VERIFY_KEYS="+empty, "ASSAY_SIGNING_KEY="+filepath.Join(bad, "key")), nil)
	require.NoError(t, err)
	_, err = s.Environments[0].Keyring(time.Now)
	require.ErrorContains(t, err, "ASSAY_DEV_TESTS_VERIFY_KEYS")
	_, err = s.Signer()
	require.ErrorContains(t, err, "ASSAY_SIGNING_KEY")
	require.NotContains(t, err.Error(), "hush")
}

func TestTheDatabaseIsNamedInAFile(t *testing.T) {
	dir := credentials(t, t.TempDir(), map[string]string{"uri": "postgresql://assay:hush@db:5432/assay\n", "other": "mysql://assay:hush@db/assay"})
	url, err := settings.ReadDatabase(filepath.Join(dir, "uri"))
	require.NoError(t, err)
	require.Equal(t, "postgresql://assay:hush@db:5432/assay", url)
	url, err = settings.ReadDatabase("")
	require.NoError(t, err)
	require.Empty(t, url)
	for file, must := range map[string]string{
		filepath.Join(dir, "other"):      "must hold a URL such as postgres://",
		filepath.Join(dir, "absent"):     "no such file",
		"postgres://assay:hush@db/assay": "must name a file",
	} {
		_, err := settings.ReadDatabase(file)
		require.ErrorContains(t, err, must)
		require.NotContains(t, err.Error(), "hush")
	}
}
