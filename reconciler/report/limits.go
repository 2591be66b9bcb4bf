package report

import "cmp"

// Limits bound what a Report keeps and what a file may hold. A zero field means its default. Reaching Bytes, Depth or
// Line is an error; reaching one of the others drops what exceeds it and sets Report.Truncated.
type Limits struct {
	Bytes        int64 // size of a file (default 1 GiB)
	Depth        int   // nesting of elements, objects and arrays (default 200)
	Line         int   // bytes of one line of a line-based format (default 4 MiB)
	FailingCases int   // unsuccessful and flaky cases, kept in full (default 2,000)
	OtherCases   int   // passed, skipped and warned cases, kept as name and duration (default 20,000)
	Name         int   // bytes of a name, suite or file (default 512)
	Message      int   // bytes of Case.Message and of a problem (default 2 KiB)
	Detail       int   // bytes of Case.Detail (default 8 KiB)
	Metrics      int   // number of metrics (default 10,000)
	Problems     int   // number of problems (default 100)
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Bytes:        cmp.Or(l.Bytes, 1<<30),
		Depth:        cmp.Or(l.Depth, 200),
		Line:         cmp.Or(l.Line, 4<<20),
		FailingCases: cmp.Or(l.FailingCases, 2_000),
		OtherCases:   cmp.Or(l.OtherCases, 20_000),
		Name:         cmp.Or(l.Name, 512),
		Message:      cmp.Or(l.Message, 2<<10),
		Detail:       cmp.Or(l.Detail, 8<<10),
		Metrics:      cmp.Or(l.Metrics, 10_000),
		Problems:     cmp.Or(l.Problems, 100),
	}
}
