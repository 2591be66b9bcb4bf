package report

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

const benchmarkBytes = 20 << 20

func benchmarkFormat(b *testing.B, format string, text []byte, check func(r *Report)) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		got, err := Parse(b.Context(), bytes.NewReader(text), Options{})
		require.NoError(b, err)
		require.Equal(b, format, got.Format)
		check(got)
	}
}

func BenchmarkK6Points20MB(b *testing.B) {
	var text bytes.Buffer
	text.WriteString(`{"type":"Metric","data":{"name":"http_req_duration","type":"trend","contains":"time","thresholds":["p(95)<2000"],"submetrics":[{"name":"http_req_duration{kind:list}","suffix":"kind:list","tags":{"kind":"list"}}]},"metric":"http_req_duration"}` + "\n")
	points := 0
	for ; text.Len() < benchmarkBytes; points++ {
		fmt.Fprintf(&text, `{"metric":"http_req_duration","type":"Point","data":{"time":"2026-11-22T06:%02d:%02d.558350433Z","value":%d.%06d,"tags":{"expected_response":"true","group":"::list","kind":"list","method":"GET","name":"http://127.0.0.1:18099/parcels","proto":"HTTP/1.1","scenario":"default","status":"200","url":"http://127.0.0.1:18099/parcels"}}}`+"\n",
			points/1000%60, points/10%60, points%97, points%999_999)
	}
	benchmarkFormat(b, "k6-points", text.Bytes(), func(r *Report) {
		require.Equal(b, float64(points), r.Metrics["http_req_duration.points"])
	})
}

func BenchmarkJMeterCSV20MB(b *testing.B) {
	var text bytes.Buffer
	text.WriteString("timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect\n")
	samples := 0
	for ; text.Len() < benchmarkBytes; samples++ {
		fmt.Fprintf(&text, "%d,%d,\"list, parcels %d\",200,OK,clerks 1-%d,text,%t,,186,120,10,10,http://127.0.0.1:18099/parcels,%d,0,1\n",
			1795329633000+samples, samples%397, samples%20, samples%10, samples%50 != 0, samples%300)
	}
	benchmarkFormat(b, "jmeter-jtl-csv", text.Bytes(), func(r *Report) { require.Equal(b, samples, r.Counts.Total) })
}

func BenchmarkJest20MB(b *testing.B) {
	var text bytes.Buffer
	text.WriteString(`{"numFailedTestSuites":1,"numFailedTests":1,"numTotalTests":1,"startTime":1795329050502,"success":false,"testResults":[`)
	cases := 0
	for file := 0; text.Len() < benchmarkBytes; file++ {
		if file > 0 {
			text.WriteByte(',')
		}
		text.WriteString(`{"assertionResults":[`)
		for i := range 50 {
			if i > 0 {
				text.WriteByte(',')
			}
			status, failures := "passed", ""
			if i == 0 {
				status, failures = "failed", `"Error: expect(received).toBe(expected)\n\nExpected: 2\nReceived: 1\n    at Object.toBe (/app/cart.test.js:6:76)"`
			}
			fmt.Fprintf(&text, `{"ancestorTitles":["cart","nested"],"duration":%d,"failing":false,"failureDetails":[],"failureMessages":[%s],"fullName":"cart nested case %d","invocations":1,"location":null,"numPassingAsserts":1,"retryMessages":[],"retryReasons":[],"status":"%s","title":"case %d","startAt":1795329051124}`,
				i, failures, i, status, i)
			cases++
		}
		fmt.Fprintf(&text, `],"endTime":1795329052924,"message":"","name":"/app/cart-%d.test.js","startTime":1795329050711,"status":"failed","summary":""}`, file)
	}
	text.WriteString(`],"wasInterrupted":false}`)
	benchmarkFormat(b, "jest-json", text.Bytes(), func(r *Report) { require.Equal(b, cases, r.Counts.Total) })
}
