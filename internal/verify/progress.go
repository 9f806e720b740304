package verify

// Progress says how far the comparison of a flow is.
type Progress struct {
	Flow    string
	Doing   Doing
	Records int64 // read so far
	Of      int64 // that the job holds, by Salesforce's count
	Known   bool  // Salesforce has counted them all
}

// A Doing is what a comparison is at.
type Doing string

// What comparisons do, in this order. A sample only counts.
const (
	Asking    Doing = "ask" // Salesforce is at it
	Counting  Doing = "count"
	Reading   Doing = "read"
	Comparing Doing = "compare"
	Repairing Doing = "repair"
)

// A Hearer hears how far comparisons are; nil is nobody.
type Hearer func(Progress)

func (h Hearer) tell(p Progress) {
	if h != nil {
		h(p)
	}
}
