package runner

import "fmt"

// Refusal is what keeps a Job from starting, and is its author's or the operator's to put right.
type Refusal struct{ Reason string }

func (r *Refusal) Error() string { return r.Reason }

// Refuse returns a Refusal.
func Refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }
