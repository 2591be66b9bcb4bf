// Package report reads what test tools write and says in one form what happened.
//
// In: one report file as a stream (JUnit XML of any dialect, TAP, `go test -json`, the JSON of browser and load test
// tools, SARIF, ...). Out: a [Report] with exact [Counts], the cases (the failing ones in full), the metrics and the
// duration, or a [ParseError] that names the file, the line and the reason.
//
// The package never guesses in favour of a pass: a file that is empty, cut short, mixed with other text or of an
// unknown format is an error, and a report without evidence is not OK ([Report.OK]). It never opens another file, never
// expands an entity, and never holds a whole report in memory: a million cases parse within the same few MiB as a
// thousand, because [Limits] bound what is kept. Counts stay exact beyond every limit, and a limit that was reached is
// said in [Report.Truncated].
//
// A further format is one file that implements [format] and one line in the table of formats.go.
package report
