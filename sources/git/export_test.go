package git

// Dir is the folder of a mirror on disk.
func (m *Mirror) Dir() string { return m.exchange.(*packs).dir }
