package runnertest

import (
	"io/fs"
	"maps"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

func (h Harness) testFiles(t *testing.T) {
	r := h.New(t)
	tree := fstest.MapFS{
		"README.md":                     file("of the repository", 0o644),
		"lib/common.sh":                 file("echo common", 0o644),
		folder + "/suite.yaml":          file("kind: Suite", 0o644),
		folder + "/run.sh":              file("#!/bin/sh\necho ran", 0o755),
		folder + "/data/deep/input.txt": file("input", 0o444),
		folder + "/data/other.json":     file("{}", 0o644),
		"suites/other/secret.txt":       file("of another suite", 0o644),
	}
	const list = `find . -type f | sort`
	cases := map[string]struct {
		globs  []string
		dir    string
		script string
		want   string
	}{
		"all of the folder": {script: list, want: "./data/deep/input.txt\n./data/other.json\n./run.sh\n./suite.yaml\n"},
		"globs":             {globs: []string{"**/*.txt", "run.sh"}, script: list, want: "./data/deep/input.txt\n./run.sh\n"},
		"a folder":          {globs: []string{"data"}, script: list, want: "./data/deep/input.txt\n./data/other.json\n"},
		"nothing matches":   {globs: []string{"none/**"}, script: list},
		"others' files":     {script: "ls ../other ../../README.md 2>/dev/null || echo absent", want: "absent\n"},
		"executable":        {script: "./run.sh", want: "ran\n"},
		"modes": {
			script: "for f in run.sh suite.yaml data/deep/input.txt; do stat -c %a $f; done", want: "755\n644\n444\n",
		},
		"working directory": {dir: "data/deep", script: "cat input.txt", want: "input"},
		"a private copy":    {script: "cat data/other.json; echo changed > data/other.json", want: "{}"},
		"still private":     {script: "cat data/other.json", want: "{}"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			job := script("files", test.script)
			job.Files = tree
			job.Suite.Spec.Files, job.Suite.Spec.WorkingDirectory = test.globs, test.dir
			job.Suite.Default()
			_, output := passes(t, r, job)
			require.Equal(t, test.want, output)
		})
	}
	refused := map[string]func(*tests.SuiteSpec){
		"working directory outside": func(s *tests.SuiteSpec) { s.WorkingDirectory = "../../.." },
		"no working directory":      func(s *tests.SuiteSpec) { s.WorkingDirectory = "absent" },
	}
	for name, change := range refused {
		t.Run(name, func(t *testing.T) {
			job := script("files", "exit 0")
			change(&job.Suite.Spec)
			result := run(t, r, job)
			require.Equal(t, runner.NotStarted, result.End)
			require.Contains(t, result.Reason, "working")
		})
	}
}

func (h Harness) testLinks(t *testing.T) {
	r := h.New(t)
	link := func(target string) *fstest.MapFile { return file(target, fs.ModeSymlink|0o777) }
	tree := fstest.MapFS{
		"lib/common.sh":         file("echo common", 0o644),
		"lib/unused.sh":         file("exit 1", 0o644),
		"lib/again":             link("."),
		"elsewhere":             link("lib"),
		folder + "/a.txt":       file("a", 0o644),
		folder + "/real/b.txt":  file("b", 0o644),
		folder + "/link.txt":    link("a.txt"),
		folder + "/folder":      link("real"),
		folder + "/lib":         link("../../elsewhere"),
		folder + "/common.sh":   link("lib/common.sh"),
		"suites/other/alone.sh": link("../../lib/common.sh"),
	}
	cases := map[string]struct {
		globs        []string
		script, want string
	}{
		"stay links":                {script: "cat link.txt folder/b.txt; test -L link.txt; test -L folder", want: "ab"},
		"what they lead to":         {script: ". lib/common.sh; . ./common.sh", want: "common\ncommon\n"},
		"a file alone":              {globs: []string{"common.sh"}, script: ". ./common.sh; ls ../../lib", want: "common\ncommon.sh\n"},
		"through a link":            {globs: []string{"lib/c*.sh"}, script: ". lib/common.sh; ls lib/", want: "common\ncommon.sh\n"},
		"a link and what is behind": {globs: []string{"folder", "folder/*", "**"}, script: "cat folder/b.txt", want: "b"},
		"nobody else's":             {script: "ls ..", want: "smoke\n"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			job := script("links", test.script)
			job.Files = tree
			if test.globs != nil {
				job.Suite.Spec.Files = test.globs
			}
			_, output := passes(t, r, job)
			require.Equal(t, test.want, output)
		})
	}
	for _, target := range []string{"/etc/passwd", "../../../../etc/passwd", "../../..", "absent", "link.txt"} {
		job := script("links", "exit 0")
		job.Files = fstest.MapFS{folder + "/link.txt": link(target)}
		result := run(t, r, job)
		require.Equal(t, runner.NotStarted, result.End, target)
		require.Contains(t, result.Reason, "link.txt")
	}
}

func (h Harness) testEnvironment(t *testing.T) {
	t.Setenv("ASSAY_DATABASE_PASSWORD", "of-assay-itself")
	r := h.New(t)
	job := script("environment", `env | sed 's/=.*//' | grep -v -e '^_$' -e '^PWD$' -e '^SHLVL$' -e '^OLDPWD$' -e '^ASSAY_RUN_DIR$' | sort | tr '\n' ' '
echo; echo "$GREETING|$BROWSER|$ASSAY_ENVIRONMENT"; test -w "$HOME"; test -w "$TMPDIR"; test -w "$XDG_CACHE_HOME"; test "$HOME" != "$TMPDIR"`)
	job.Suite.Spec.Env = []tests.EnvVar{
		{Name: "GREETING", Value: "hello $HOME"}, {Name: "BROWSER", Value: "overridden"}, {Name: "ASSAY_ENVIRONMENT", Value: "forged"},
	}
	job.Matrix = map[string]string{"BROWSER": "firefox"}
	job.Env = map[string]string{"ASSAY_ENVIRONMENT": Environment}
	_, output := passes(t, r, job)
	require.Equal(t, "ASSAY_ENVIRONMENT ASSAY_SHARD ASSAY_SHARDS BROWSER GREETING HOME LANG PATH TMPDIR XDG_CACHE_HOME \n"+
		"hello $HOME|firefox|staging\n", output)
}

func (h Harness) testVariants(t *testing.T) {
	r := h.New(t)
	job := script("variants", `echo "$BROWSER $ASSAY_SHARD/$ASSAY_SHARDS"`)
	job.Suite.Spec.Shards = 2
	job.Suite.Spec.Matrix = map[string][]string{"BROWSER": {"firefox", "chrome"}}
	jobs, err := runner.Plan(job)
	require.NoError(t, err)
	printed := map[string]bool{}
	for _, job := range jobs {
		_, output := passes(t, r, job)
		printed[output] = true
	}
	want := map[string]bool{"firefox 0/2\n": true, "firefox 1/2\n": true, "chrome 0/2\n": true, "chrome 1/2\n": true}
	require.True(t, maps.Equal(want, printed), "%v", printed)
}

func fromSecret(variable, name, key string) tests.EnvVar {
	return tests.EnvVar{Name: variable, ValueFrom: &tests.EnvVarSource{SecretKeyRef: tests.SecretKeyRef{Name: name, Key: key}}}
}

func (h Harness) testSecrets(t *testing.T) {
	const value = "correct-horse-battery"
	h.SetSecret(t, "login", "password", value)
	r := h.New(t)
	job := script("secrets", `test ${#PASSWORD} -eq 21
echo "all: $PASSWORD"; printf 'split: correct-horse'; printf -- '-battery\n'; echo "error: $PASSWORD" >&2
echo "<testsuite name=\"$PASSWORD\"/>" > report.xml; echo "$PASSWORD" > kept.txt`)
	job.Suite.Spec.Env = []tests.EnvVar{fromSecret("PASSWORD", "login", "password")}
	job.Suite.Spec.Reports = reportsAt("report.xml")
	job.Suite.Spec.Artifacts = []string{"kept.txt"}
	live := newLog("")
	job.Log = live
	result, output := passes(t, r, job)
	require.Contains(t, output, "all: ***\nsplit: ***\nerror: ***\n")
	require.Equal(t, output, live.String())
	require.Len(t, result.Reports, 1)
	require.Equal(t, "<testsuite name=\"***\"/>\n", content(t, result.Reports[0]))
	require.EqualValues(t, len("<testsuite name=\"***\"/>\n"), result.Reports[0].Size)
	require.Len(t, result.Artifacts, 1)
	require.Equal(t, "***\n", content(t, result.Artifacts[0]))
}

func (h Harness) testSecretMissing(t *testing.T) {
	h.SetSecret(t, "login", "password", "correct-horse-battery")
	r := h.New(t)
	for _, ref := range []tests.SecretKeyRef{{Name: "login", Key: "user"}, {Name: "absent", Key: "password"}} {
		job := script("missing", "exit 0")
		job.Suite.Spec.Env = []tests.EnvVar{fromSecret("PASSWORD", ref.Name, ref.Key)}
		result := run(t, r, job)
		require.Equal(t, runner.NotStarted, result.End)
		require.Contains(t, result.Reason, ref.Name)
		require.Contains(t, result.Reason, ref.Key)
		require.NotContains(t, result.Reason, "correct-horse-battery")
	}
}

func (h Harness) testInputs(t *testing.T) {
	job := script("inputs", `test -r "$ASSAY_MANIFESTS" && cat "$ASSAY_MANIFESTS"`)
	job.Inputs = map[string][]byte{"ASSAY_MANIFESTS": []byte("kind: ConfigMap\n")}
	_, output := passes(t, h.New(t), job)
	require.Equal(t, "kind: ConfigMap\n", output)
}
