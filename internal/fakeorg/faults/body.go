package faults

// A BodyRule makes the body of a file go wrong. It is for requests of the kind body.
type BodyRule struct {
	// Resize sends so many bytes more than the record says, or fewer.
	Resize int64 `json:"resize,omitempty"`
	// Spoil sends a body of the right length with another content.
	Spoil bool `json:"spoil,omitempty"`
	// Vanish deletes the record when half of its body is sent, and breaks the connection.
	Vanish bool `json:"vanish,omitempty"`
	// IgnoreRange sends the whole body where a part was asked for.
	IgnoreRange bool `json:"ignoreRange,omitempty"`
}

// OfBody is what a rule does to the body of a file.
func (rule *Rule) OfBody() BodyRule {
	if rule == nil {
		return BodyRule{}
	}
	return rule.BodyRule
}
