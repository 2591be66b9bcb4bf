package render

import "fmt"

// What one build may read. The largest builds that people have stay far below; what is above would take minutes or all
// memory.
const (
	// maxKustomizations bounds how many kustomization files are read: bases that name each other twice per level double
	// the work per level.
	maxKustomizations = 5_000
	// maxFiles bounds how many files are read, those that are read again included.
	maxFiles = 50_000
	// maxBytes bounds the sum of their sizes.
	maxBytes = 128 << 20
	// maxBuildValues bounds the sum of the values in them, as measure counts.
	maxBuildValues = 4_000_000
)

// What one YAML document may hold, once its aliases are replaced by what they stand for. Kustomize's work grows with the
// values times the depth, and with the square of the keys in a mapping.
const (
	maxValues = 100_000
	maxDepth  = 200
	maxKeys   = 20_000
)

// spent counts what a build has read.
type spent struct {
	kustomizations, files, bytes, values int
}

// admit counts a file that was read and ends the build where it is too much, by itself or after what was read before.
// What Kustomize does not parse counts by its size only.
func (f *filesystem) admit(name string, data []byte) error {
	kustomization := isKustomization(name)
	if kustomization {
		f.spent.kustomizations++
	}
	if kustomization || !f.unparsed[name] {
		values, refusal := measure(data, kustomization)
		if refusal != nil {
			refusal.File = name
			return f.fail(refusal)
		}
		f.spent.values += values
	}
	f.spent.files++
	f.spent.bytes += len(data)
	for _, limit := range []struct {
		spent, most int
		what        string
	}{
		{f.spent.kustomizations, maxKustomizations, "kustomizations"},
		{f.spent.files, maxFiles, "files"},
		{f.spent.bytes, maxBytes, "bytes"},
		{f.spent.values, maxBuildValues, "values"},
	} {
		if limit.spent > limit.most {
			return f.fail(&Error{Reason: ReasonLimit, File: name, Detail: fmt.Sprintf(
				"with it, the build reads more than %d %s; remove bases that are named twice, or split the folder", limit.most, limit.what)})
		}
	}
	return nil
}
