package redshift

// qualify rewrites QUALIFY, which PostgreSQL lacks.
func qualify(s statement) (statement, error) {
	for _, t := range s {
		if t.is("qualify") {
			return nil, cannot("QUALIFY")
		}
	}
	return s, nil
}
