package template

import "slices"

// Is tells whether a text is AppFlow's, which Import reads, and not a flow of ours.
func Is(text []byte) bool {
	docs, err := readDocuments(text)
	return err == nil && slices.ContainsFunc(docs, func(root *node) bool {
		return root.find("Resources") != nil || root.find("sourceFlowConfig") != nil
	})
}
