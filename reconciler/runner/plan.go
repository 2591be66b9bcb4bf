package runner

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// MaxJobs is how many Jobs one Suite may become.
const MaxJobs = 256

// Plan expands a Job, whose Suite has shards and a matrix, into one Job for each combination: matrix keys in alphabetical order, their
// values as written, shards last. The same Suite always gives the same Jobs in the same order. Where there are several, each ID is the
// given one with "-" and its place in that order.
func Plan(job Job) ([]Job, error) {
	spec := job.Suite.Spec
	shards := max(spec.Shards, 1)
	count := shards
	keys := slices.Sorted(maps.Keys(spec.Matrix))
	for _, key := range keys {
		if len(spec.Matrix[key]) == 0 {
			return nil, fmt.Errorf("matrix %s of Suite %s has no value: give it one or remove it", key, job.Suite.Name())
		}
		if count *= len(spec.Matrix[key]); count > MaxJobs {
			break
		}
	}
	if count > MaxJobs {
		return nil, fmt.Errorf("shards and matrix of Suite %s make more than %d runs: split it into several Suites", job.Suite.Name(), MaxJobs)
	}

	jobs := make([]Job, 0, count)
	for place := range count {
		one := job
		one.Shard, one.Shards = place%shards, shards
		one.Matrix = combination(keys, spec.Matrix, place/shards)
		if count > 1 {
			one.ID = fmt.Sprintf("%s-%d", job.ID, place)
		}
		jobs = append(jobs, one)
	}
	return jobs, nil
}

// combination is the place-th one, where the last key changes fastest.
func combination(keys []string, matrix map[string][]string, place int) map[string]string {
	chosen := make(map[string]string, len(keys))
	for _, key := range slices.Backward(keys) {
		values := matrix[key]
		chosen[key] = values[place%len(values)]
		place /= len(values)
	}
	return chosen
}

// Variant tells a Job from its siblings, for people: "browser=firefox, shard 2 of 4", empty for an only child.
func (j Job) Variant() string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(j.Matrix)) {
		parts = append(parts, key+"="+j.Matrix[key])
	}
	if j.Shards > 1 {
		parts = append(parts, fmt.Sprintf("shard %d of %d", j.Shard+1, j.Shards))
	}
	return strings.Join(parts, ", ")
}
