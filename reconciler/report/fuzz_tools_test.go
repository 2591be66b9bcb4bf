package report

import "testing"

// fuzzTool begins with the fixtures of all tools: what one tool writes is hostile input to the format of another.
func fuzzTool(f *testing.F, format string) { fuzzFormat(f, format, "tools", "tools-refused") }

func FuzzJest(f *testing.F)            { fuzzTool(f, "jest-json") }
func FuzzMocha(f *testing.F)           { fuzzTool(f, "mocha-json") }
func FuzzMochawesome(f *testing.F)     { fuzzTool(f, "mochawesome-json") }
func FuzzCypress(f *testing.F)         { fuzzTool(f, "cypress-json") }
func FuzzPlaywright(f *testing.F)      { fuzzTool(f, "playwright-json") }
func FuzzNewman(f *testing.F)          { fuzzTool(f, "newman-json") }
func FuzzOPA(f *testing.F)             { fuzzTool(f, "opa-test-json") }
func FuzzConftest(f *testing.F)        { fuzzTool(f, "conftest-json") }
func FuzzKubeconform(f *testing.F)     { fuzzTool(f, "kubeconform-json") }
func FuzzSARIF(f *testing.F)           { fuzzTool(f, "sarif") }
func FuzzStaticcheck(f *testing.F)     { fuzzTool(f, "staticcheck-ndjson") }
func FuzzAssay(f *testing.F)           { fuzzTool(f, "assay-json") }
func FuzzK6HandleSummary(f *testing.F) { fuzzTool(f, "k6-handle-summary") }
func FuzzK6SummaryExport(f *testing.F) { fuzzTool(f, "k6-summary-export") }
func FuzzK6Machine(f *testing.F)       { fuzzTool(f, "k6-machine-readable") }
func FuzzK6Points(f *testing.F)        { fuzzTool(f, "k6-points") }
func FuzzK6PointsCSV(f *testing.F)     { fuzzTool(f, "k6-points-csv") }
func FuzzJMeterCSV(f *testing.F)       { fuzzTool(f, "jmeter-jtl-csv") }
func FuzzJMeterXML(f *testing.F)       { fuzzTool(f, "jmeter-jtl-xml") }
func FuzzArtillery(f *testing.F)       { fuzzTool(f, "artillery-json") }
func FuzzAutocannon(f *testing.F)      { fuzzTool(f, "autocannon-json") }
func FuzzHeyText(f *testing.F)         { fuzzTool(f, "hey-text") }
func FuzzHeyCSV(f *testing.F)          { fuzzTool(f, "hey-csv") }
func FuzzVegetaJSON(f *testing.F)      { fuzzTool(f, "vegeta-json") }
func FuzzVegetaText(f *testing.F)      { fuzzTool(f, "vegeta-text") }
func FuzzRobot(f *testing.F)           { fuzzTool(f, "robot-xml") }

func FuzzDetectTool(f *testing.F) { fuzzTool(f, "") }
