package tests

// listed is one glob of a Suite's files, and the field that lists it.
type listed struct {
	at   field
	glob string
}

// globs are what a Suite's files are: what it lists as files, and what it names by itself.
func (s *Suite) globs() []listed {
	var all []listed
	for i, glob := range s.Spec.Files {
		all = append(all, listed{field{"spec", "files", i}, glob})
	}
	if s.Spec.Resource != nil && s.Spec.Resource.File != "" {
		all = append(all, listed{field{"spec", "resource", "file"}, s.Spec.Resource.File})
	}
	for i, service := range s.Spec.Services {
		if service.Path != "" {
			all = append(all, listed{field{"spec", "services", i, "path"}, service.Path})
		}
	}
	return all
}
