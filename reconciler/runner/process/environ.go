//go:build linux || darwin

package process

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/assay-dev/assay/reconciler/runner"
)

// systemPath is where programs are found without the operator saying so.
const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// runVariable holds the Run's own directory; by it, processes of the Run are found again.
const runVariable = "ASSAY_RUN_DIR"

func (r room) mark() string { return runVariable + "=" + r.box() }

// environ is the whole environment of a Run, and the values in it that nobody may read. What is later in this list wins: the basics, the
// Suite's env, the matrix, Assay's own variables.
func (r *Runner) environ(ctx context.Context, job runner.Job, room room) (env []string, secrets [][]byte, err error) {
	vars := map[string]string{
		"PATH": strings.Join(append(slices.Clone(r.options.Path), systemPath), string(filepath.ListSeparator)),
		"LANG": "C.UTF-8",
	}
	for _, variable := range r.options.Environ {
		name, value, _ := strings.Cut(variable, "=")
		vars[name] = value
	}
	vars["HOME"], vars["TMPDIR"], vars["XDG_CACHE_HOME"] = room.home(), room.tmp(), r.cacheDir(job.Environment)
	for _, v := range job.Suite.Spec.Env {
		if v.ValueFrom == nil {
			vars[v.Name] = v.Value
			continue
		}
		ref := v.ValueFrom.SecretKeyRef
		value, err := r.options.Secrets.Secret(ctx, job.Environment, ref)
		if err == nil && bytes.IndexByte(value, 0) >= 0 {
			err = errors.New("secret " + ref.Name + ", key " + ref.Key + ": it holds a zero byte, which no environment variable can")
		}
		if err != nil {
			return nil, nil, err
		}
		vars[v.Name] = string(value)
		secrets = append(secrets, value)
	}
	maps.Copy(vars, job.Matrix)
	maps.Copy(vars, job.Env)
	for name := range job.Inputs {
		vars[name] = room.input(name)
	}
	vars["ASSAY_SHARD"] = strconv.Itoa(job.Shard)
	vars["ASSAY_SHARDS"] = strconv.Itoa(max(job.Shards, 1))
	vars[runVariable] = room.box()
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		env = append(env, name+"="+vars[name])
	}
	return env, secrets, nil
}
