package report

// format reads one kind of report.
type format struct {
	name string // as users write it in a Suite and as Report.Format says it

	// sniff tells from the first bytes of the file (UTF-8 without byte order mark, at most headSize) whether it is one.
	sniff func(head []byte) bool

	// parse reads the whole input and records every case. An error that is not a *ParseError is wrapped in one without
	// a line; on an error nothing of what was recorded is used.
	parse func(in *input, to *recorder) error
}

// formats in the order in which they are asked; the first that recognises the file reads it.
var formats = []format{
	{"junit", sniffJUnit, parseJUnit},
	{"tap13", sniffTAP13, parseTAP},
	{"tap", sniffTAP, parseTAP},
	{"go-test-json", sniffGoTest, parseGoTest},
	robotXML, jmeterXML,
	jestJSON, mochaJSON, mochawesomeJSON, cypressJSON, playwrightJSON, newmanJSON,
	opaJSON, conftestJSON, kubeconformJSON, sarifJSON, staticcheckNDJSON, assayJSON,
	k6HandleSummary, k6SummaryExport, k6MachineReadable, k6Points, k6PointsCSV,
	jmeterCSV, artilleryJSON, autocannonJSON, heyText, heyCSV, vegetaJSON, vegetaText,
}

// Formats lists the names of all formats, in the order in which they are tried.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.name
	}
	return names
}
