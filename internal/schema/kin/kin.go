// Package kin is how records of objects hang together, as describe tells it (REST API
// guide, "sObject Describe", childRelationships).
package kin

// A Child is a relationship from an object's records to those of another one, or of the
// same: what becomes of these when a record is deleted. Many have no name, so that the
// field is what tells one from the other.
type Child struct {
	Object       string `json:"childSObject"`
	Field        string `json:"field"` // of the child, that names its parent
	Relationship string `json:"relationshipName"`
	Cascade      bool   `json:"cascadeDelete"`    // it is deleted along
	Restricted   bool   `json:"restrictedDelete"` // as long as it is there, the parent can't be deleted
	Deprecated   bool   `json:"deprecatedAndHidden"`
}
