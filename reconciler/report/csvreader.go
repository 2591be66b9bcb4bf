package report

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// csvReader reads a table whose first record names its columns, one record at a time and no longer than Limits.Line.
// A table without its last newline was cut short and is an error, as is a record with fewer or more fields than columns.
type csvReader struct {
	in      *input
	records *csv.Reader
	source  *recordSource
	columns []string
	record  []string
	err     error
}

func newCSVReader(in *input, comma rune) (*csvReader, error) {
	source := &recordSource{in: in, left: in.limits.Line}
	c := &csvReader{in: in, records: csv.NewReader(source), source: source}
	c.records.Comma = comma
	c.records.ReuseRecord = true
	if !c.next() {
		return nil, c.err
	}
	c.columns = slices.Clone(c.record)
	return c, nil
}

// column returns the index of the column of that name, or -1.
func (c *csvReader) column(name string) int { return slices.Index(c.columns, name) }

// next moves to the next record, past repeated headers; it tells whether there is one.
func (c *csvReader) next() bool {
	for {
		c.source.left = c.in.limits.Line
		record, err := c.records.Read()
		if err != nil {
			c.err = c.explain(err)
			return false
		}
		if !slices.Equal(record, c.columns) {
			c.record = record
			return true
		}
	}
}

// field returns the current record's field in the column, "" for column -1. It is valid until the next record.
func (c *csvReader) field(column int) string {
	if column < 0 {
		return ""
	}
	return c.record[column]
}

func (c *csvReader) explain(err error) error {
	var at *csv.ParseError
	switch {
	case errors.Is(err, io.EOF) && c.source.last != '\n':
		return c.errorf("the last line is cut short")
	case errors.Is(err, io.EOF):
		return nil
	case errors.As(err, &at):
		return c.in.errorf(at.Line, "%v", at.Err)
	}
	return err
}

func (c *csvReader) errorf(format string, args ...any) error {
	line := 0
	if c.record != nil {
		line, _ = c.records.FieldPos(0)
	}
	return c.in.errorf(line, format, args...)
}

// recordSource bounds what is read for one record.
type recordSource struct {
	in   *input
	left int
	last byte
}

func (s *recordSource) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, fmt.Errorf("a record is longer than %d bytes", s.in.limits.Line)
	}
	n, err := s.in.Read(p)
	s.left -= n
	if n > 0 {
		s.last = p[n-1]
	}
	return n, err
}

// csvHas makes a sniff function for tables whose first line names all of the given columns, whatever separates them.
func csvHas(columns ...string) func(head []byte) bool {
	return func(head []byte) bool {
		header, _, _ := bytes.Cut(head, []byte("\n"))
		if len(header) > 4<<10 {
			return false
		}
		names := strings.FieldsFunc(string(header), func(r rune) bool { return strings.ContainsRune(",;\t|\"\r", r) })
		for _, column := range columns {
			if !slices.Contains(names, column) {
				return false
			}
		}
		return true
	}
}
