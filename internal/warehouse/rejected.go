package warehouse

// RejectedHeader is the header of a page of rejected records: the flow, the
// record's key and stamp, the field and the rule that it breaks, and the record
// itself, as JSON.
func RejectedHeader() []string {
	return []string{"flow", "record_key", "stamp", "field", "rule", "record"}
}
