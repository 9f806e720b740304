package platform

// What a record holds at most, as UTF-8 and with what its form adds: a text has 131,072
// characters, and the long texts of an object have 1.6 million together (Salesforce
// Features and Edition Allocations), of up to four bytes each. What is larger by far
// doesn't come from Salesforce, and is never held as a whole.
const (
	ValueAtMost  = 8 << 20  // bytes of one value
	RecordAtMost = 16 << 20 // bytes of one record of a page
)
