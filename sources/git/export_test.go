package git

// Dir is the folder of a mirror.
func (m *Mirror) Dir() string { return m.dir }
