package process

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// isolatedLevels are those at which a Run is kept from Assay.
func isolatedLevels(t *testing.T) (levels []Level) {
	for _, level := range workingLevels(t) {
		if level != None {
			levels = append(levels, level)
		}
	}
	if len(levels) == 0 {
		t.Skip("no isolation works on this machine")
	}
	return levels
}

// attempts are run one by one; each must print nothing but "refused".
var attempts = map[string]string{
	"list the data":            `ls "$DATA" | grep . || echo refused`,
	"read the data":            `cat "$DATA/history.db" || echo refused`,
	"change the data":          `echo x >> "$DATA/history.db" || echo refused`,
	"replace the data":         `mv "$DATA" "$DATA.gone" || echo refused`,
	"read another run":         `cat "$OTHER/box/work/mine" || echo refused`,
	"list the runs":            `ls "$OTHER/.." | grep -v '^reader$' || echo refused`,
	"its own journal":          `cat "$ASSAY_RUN_DIR/../journal.json" || echo refused`,
	"its own kept files":       `touch "$ASSAY_RUN_DIR/../kept/forged" || echo refused`,
	"environment of Assay":     `grep -qa ASSAY_TEST_PASSWORD "/proc/$ASSAY_PID/environ" && echo read || echo refused`,
	"any environment":          `grep -la ASSAY_TEST_PASSWORD /proc/[0-9]*/environ | grep . || echo refused`,
	"memory of Assay":          `head -c 1 "/proc/$ASSAY_PID/mem" || echo refused`,
	"files that Assay opened":  `ls "/proc/$ASSAY_PID/fd" | grep . || echo refused`,
	"files of the shim":        `ls /proc/1/fd/ | grep . || echo refused`,
	"signal Assay":             `kill -0 "$ASSAY_PID" && echo signalled || echo refused`,
	"become root":              `su -c id </dev/null || echo refused`,
	"unmount what hides":       `umount "$DATA" || umount -l / || echo refused`,
	"mount":                    `mount -t tmpfs none /mnt || echo refused`,
	"new namespace to unmount": `unshare -Urm sh -c 'umount "$DATA"; cat "$DATA/history.db"' || echo refused`,
	"raw devices":              `head -c 1 /dev/mem || mknod disk b 8 0 || echo refused`,
	"kernel settings":          `echo 1 > /proc/sys/kernel/panic || echo refused`,
	"secrets of the machine":   `cat /etc/shadow || echo refused`,
	"control group":            `mkdir /sys/fs/cgroup/memory/mine || mkdir /sys/fs/cgroup/mine || echo refused`,
	"core dumps":               `test "$(ulimit -c)" = 0 && echo refused`,
	"inherited files":          `for f in 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$f && readlink /proc/$$/fd/$f | grep -v "^$ASSAY_RUN_DIR/script$"; done; echo refused`,
	"capabilities":             `grep -e '^Cap[IPEBA]' /proc/self/status | grep -v '0000000000000000$' || echo refused`,
	"new privileges":           `grep -q '^NoNewPrivs:.1' /proc/self/status && echo refused`,
}

func TestHostileRunsReachNothing(t *testing.T) {
	t.Setenv("ASSAY_TEST_PASSWORD", "hunter2hunter2")
	for _, level := range isolatedLevels(t) {
		t.Run(string(level), func(t *testing.T) {
			data := openDir(t)
			require.NoError(t, os.Chmod(data, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(data, "history.db"), []byte("history"), 0o600))
			r := newRunner(t, Options{Dir: openDir(t), Isolation: level, Hide: []string{data}})
			text, isolated := r.Isolation()
			require.True(t, isolated, text)
			other, done := neighbour(t, r)
			defer done()
			for name, script := range attempts {
				t.Run(name, func(t *testing.T) {
					job := jobOf("reader", "#!/bin/sh\nexec 2>/dev/null\n"+script)
					job.Env = map[string]string{"DATA": data, "OTHER": other, "ASSAY_PID": strconv.Itoa(os.Getpid())}
					result, err := r.Run(t.Context(), job)
					require.NoError(t, err)
					require.Equal(t, "refused\n", string(result.Output), result.Reason)
				})
			}
			require.FileExists(t, filepath.Join(data, "history.db"))
		})
	}
}

// neighbour is another Run that goes on until it is told that it is done. It returns the directory of its room.
func neighbour(t *testing.T, r *Runner) (dir string, done func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	job := jobOf("neighbour", fmt.Sprintf("#!/bin/bash\necho private > mine\nexec 3<>/dev/tcp/127.0.0.1/%d\nread -u 3 line\n",
		listener.Addr().(*net.TCPAddr).Port))
	results := make(chan runner.Result, 1)
	go func() {
		result, err := r.Run(t.Context(), job)
		if err != nil {
			result.Reason = err.Error()
		}
		results <- result
	}()
	conn, err := listener.Accept()
	require.NoError(t, err)
	return filepath.Join(r.runs, job.ID), func() {
		require.NoError(t, conn.Close())
		require.NoError(t, listener.Close())
		require.Equal(t, runner.Exited, (<-results).End)
	}
}

// escape leaves the session and the parent, and one child forgets the environment too.
const escape = `
(setsid sh -c '(setsid env -u ASSAY_RUN_DIR sleep 4242.%[1]d &) &' &)
(setsid sleep 4242.%[1]d &)
sleep 4242.%[1]d &
`

func TestNothingOutlivesARun(t *testing.T) {
	for i, level := range workingLevels(t) {
		t.Run(string(level), func(t *testing.T) {
			r := newRunner(t, Options{Dir: openDir(t), Isolation: level, Grace: 10 * time.Millisecond})
			ends := map[string]string{
				"passes":   "exit 0",
				"killed":   "kill -KILL $$",
				"too long": "trap '' TERM; while :; do sleep 0.05; done",
			}
			for name, end := range ends {
				t.Run(name, func(t *testing.T) {
					mark := os.Getpid()*10 + i
					job := jobOf("escape", fmt.Sprintf(escape, mark)+end)
					job.Suite.Spec.Timeout.Duration = time.Second
					_, err := r.Run(t.Context(), job)
					require.NoError(t, err)
					require.Empty(t, commandsWith(fmt.Sprintf("4242.%d", mark)))
				})
			}
		})
	}
}

// commandsWith finds living processes by their command line.
func commandsWith(text string) (found []string) {
	for _, p := range processes() {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid))
		if err == nil && bytes.Contains(line, []byte(text)) {
			found = append(found, fmt.Sprintf("%d %q", p.pid, line))
		}
	}
	return found
}

func TestLimits(t *testing.T) {
	for _, level := range isolatedLevels(t) {
		t.Run(string(level), func(t *testing.T) {
			r := newRunner(t, Options{
				Dir: openDir(t), Isolation: level, Grace: 10 * time.Millisecond,
				Limits: Limits{Processes: 64, FileSize: 1 << 20, Disk: 8 << 20, OpenFiles: 32, Report: 4 << 10},
			})
			t.Run("fork bomb", func(t *testing.T) {
				job := jobOf("bomb", "#!/bin/bash\nbomb() { bomb | bomb & }; bomb 2>/dev/null; sleep 60")
				job.Suite.Spec.Timeout.Duration = time.Second
				result, err := r.Run(t.Context(), job)
				require.NoError(t, err)
				require.NotEqual(t, runner.NotStarted, result.End)
			})
			t.Run("large file", func(t *testing.T) {
				job := jobOf("large", "head -c 2000000 /dev/zero > large")
				result, err := r.Run(t.Context(), job)
				require.NoError(t, err)
				require.True(t, result.End == runner.Killed || result.ExitCode != 0, "%s %d", result.End, result.ExitCode)
			})
			t.Run("many files", func(t *testing.T) {
				job := jobOf("many", `for i in $(seq 20); do head -c 1000000 /dev/zero > "$HOME/$i"; done; exec sleep 60`)
				result, err := r.Run(t.Context(), job)
				require.NoError(t, err)
				require.Equal(t, runner.Killed, result.End, result.Reason)
				require.Contains(t, result.Reason, "8 MiB are the limit")
			})
			t.Run("large report", func(t *testing.T) {
				job := jobOf("report", "head -c 5000 /dev/zero > report.xml; head -c 5000 /dev/zero")
				job.Suite.Spec.Reports = []tests.ReportSource{{Path: "report.xml"}, {Stdout: true}}
				result, err := r.Run(t.Context(), job)
				require.NoError(t, err)
				require.Empty(t, result.Reports)
				require.Len(t, result.Notes, 2)
				require.Contains(t, strings.Join(result.Notes, "\n"), "larger than")
			})
			t.Run("memory", func(t *testing.T) {
				job := jobOf("memory", `awk 'BEGIN { s = "0123456789abcdef"; while (length(s) < 400000000) s = s s }'`)
				job.Suite.Spec.Resources.Limits.Memory = "64Mi"
				result, err := r.Run(t.Context(), job)
				require.NoError(t, err)
				require.True(t, result.End == runner.Killed || result.ExitCode != 0, "%s %d", result.End, result.ExitCode)
			})
		})
	}
}

// A run of another user may hold a hard link to a file that only Assay may read; it must not come out as a report.
func TestReportsOfOthersAreLeftOut(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: only then do runs have a user id of their own")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "report.xml"), []byte("of another user"), 0o600))
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	c := collector{room: room{t.TempDir()}, root: root, cwd: ".", owner: 4711, redact: runner.NewRedactor(), limits: Options{}.withDefaults().Limits}
	files, err := c.reports([]tests.ReportSource{{Path: "report.xml"}})
	require.NoError(t, err)
	require.Empty(t, files)
	require.Equal(t, []string{"report.xml is left out: it belongs to another user"}, c.notes)
}
