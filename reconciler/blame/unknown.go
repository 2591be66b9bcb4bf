package blame

// unknown is step 7: what cannot be told, with what is missing. It never reverts.
func (i *inquiry) unknown(missing string, args ...any) *Decision {
	return i.cause(Unknown, missing, args...)
}
