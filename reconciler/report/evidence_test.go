package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Reports that are well-formed and tell of nothing are no success.
func TestNothingMeasuredIsNoEvidence(t *testing.T) {
	for format, text := range map[string]string{
		"jest-json":          `{"numTotalTests":0,"numFailedTests":0,"success":true,"testResults":[]}`,
		"mocha-json":         `{"stats":{"suites":0,"pending":0},"tests":[],"pending":[],"failures":[],"passes":[]}`,
		"mochawesome-json":   `{"stats":{"testsRegistered":0},"results":[false]}`,
		"cypress-json":       `{"totalTests":0,"runs":[]}`,
		"playwright-json":    `{"config":{"rootDir":"/"},"suites":[],"errors":[],"stats":{"expected":0}}`,
		"newman-json":        `{"run":{"stats":{},"executions":[]}}`,
		"kubeconform-json":   `{"resources":[],"summary":{"valid":0,"invalid":0,"errors":0,"skipped":0}}`,
		"conftest-json":      `[{"filename":"a.yaml","namespace":"main","successes":0}]`,
		"sarif":              `{"version":"2.1.0","runs":[]}`,
		"k6-handle-summary":  `{"root_group":{"groups":[]},"metrics":{"a":{"values":{}}}}`,
		"k6-summary-export":  `{"root_group":{"groups":{}},"metrics":{}}`,
		"k6-points":          `{"type":"Metric","data":{"name":"vus","type":"gauge"},"metric":"vus"}` + "\n",
		"k6-points-csv":      "metric_name,timestamp,metric_value\n",
		"jmeter-jtl-csv":     "timeStamp,elapsed,label,success\n",
		"jmeter-jtl-xml":     `<testResults version="1.2"></testResults>`,
		"hey-csv":            "response-time,status-code,offset\n",
		"artillery-json":     `{"aggregate":{"counters":{}}}`,
		"robot-xml":          `<robot><suite name="A"><status status="PASS"/></suite></robot>`,
		"opa-test-json":      `[{"package":"data.a","name":"todo_a","skip":true}]`,
		"staticcheck-ndjson": `{"code":"A","severity":"ignored","location":{"file":"a.go"},"message":""}` + "\n",
		"assay-json":         `{"assayReport":1,"cases":[],"metrics":{}}`,
	} {
		got, err := Parse(t.Context(), strings.NewReader(text), Options{Name: format})
		require.NoError(t, err, format)
		require.Equal(t, format, got.Format)
		ok, reason := got.OK()
		require.False(t, ok, format)
		require.NotEmpty(t, reason, format)
	}
}

// A summary whose checks fill all that a format may look at is still recognised.
func TestK6SummariesWithManyChecksAreRecognised(t *testing.T) {
	check := `{"name":"a check of some length, so that few of them fill the head of the file","passes":1,"fails":0}`
	many := strings.Repeat(check+",", 2000) + check
	text := `{"root_group":{"name":"","groups":[],"checks":[` + many + `]},"metrics":{"vus":{"values":{"value":1}}}}`
	got, err := Parse(t.Context(), strings.NewReader(text), Options{})
	require.NoError(t, err)
	require.Equal(t, "k6-handle-summary", got.Format)
	require.Equal(t, 1.0, got.Metrics["vus.value"])
}
