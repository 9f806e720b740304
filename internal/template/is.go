package template

// Is tells whether a text is a template that Import reads, and not a flow of ours.
func Is(text []byte) bool {
	root, err := tree(text)
	return err == nil && root.get("Resources") != nil
}
