package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const junit = `<testsuite name="s" tests="3" time="1.5"><testcase name="a" time="0.5"/>
<testcase name="b" time="1"><failure message="is 2"/></testcase><testcase name="c"><skipped/></testcase></testsuite>`

func TestReportPrintsTheContract(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, files{"junit.xml": junit})
	file := filepath.Join(dir, "junit.xml")
	got := assay(t, "report", file, "--output", "json")
	require.Equal(t, exitNo, got.code, got.err)
	require.JSONEq(t, `{"files": [{"path": "`+file+`", "format": "junit", "total": 3, "passed": 1, "failed": 1, "errored": 0, "skipped": 1,
		"flaky": 0, "failedNames": ["b"], "durationSeconds": 1.5, "metrics": {}, "notOK": "1 of 3 cases failed"}]}`, got.out)
	table := assay(t, "report", file)
	require.Equal(t, exitNo, table.code)
	require.Contains(t, table.out, "not ok")
	require.Contains(t, table.out, "1 of 3 cases failed\n  b\n")
}

func TestReportExitCodes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, files{"good.tap": "1..1\nok 1 - a\n", "bad.xml": "<testsuite><testcase name='a'>", "steer.tap": "1..1\nnot ok 1 - \x1b[2Jx\n"})
	good, bad := filepath.Join(dir, "good.tap"), filepath.Join(dir, "bad.xml")
	require.Equal(t, exitYes, assay(t, "report", good).code)
	require.Equal(t, exitYes, assayReading(t, "1..1\nok 1\n", "report", "-").code)
	require.Equal(t, exitUsage, assay(t, "report", good, bad).code)
	require.Equal(t, exitUsage, assay(t, "report", good, "--format", "junit").code)
	require.Contains(t, assay(t, "report", dir, "-o", "json").out, "it is a folder")
	require.Contains(t, assay(t, "report", filepath.Join(dir, "none"), "-o", "yaml").out, "no such file")
	require.NotContains(t, assay(t, "report", filepath.Join(dir, "steer.tap")).out, "\x1b")
}
