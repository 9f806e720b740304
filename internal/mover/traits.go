package mover

// Traits are what a mover can do, and what that takes. Each mover declares its
// own; whoever has to tell movers apart asks for a trait, never for a name.
type Traits struct {
	Lands    bool  // it is a Lander; else it is a Pager
	Outlives bool  // a job outlives the process that made it, and has time; else it is answered at once, and held there
	Closed   bool  // the org's API version has none of its jobs: it makes no new ones, and nobody chooses it
	Plain    bool  // it brings only objects and types of fields that Bulk takes; else whatever can be queried
	Answers  int64 // how many pages it is for, each an answer that Salesforce cuts as it likes; 0 for any number
	Query    int   // how long a query may be, in bytes; 0 for any length
	IDs      int   // how many records it reads at once by their Ids alone; 0 for none
	Cost     Cost
}

// A Cost is about what a mover takes of an org's limits.
type Cost struct {
	Jobs  int64 // of those that an org has a day
	Calls int64 // beside those for pages
	Page  int64 // records that one page holds at most, and one call brings; 0 where reading takes no calls
	List  int64 // pages that one call lists; 0 where they need no list
}

// An Amount is how much there is to read.
type Amount struct {
	Records int64 // Uncounted where nobody knows
	Query   int   // bytes of the query that reads them
	// Answer is how many of such records an answer held lately that had room for no more:
	// Salesforce sends wide ones fewer at a time. It is 0 where nobody has seen one.
	Answer int64
}

// Price is about what it takes to read so much.
func (t Traits) Price(a Amount) (calls, jobs int64) {
	c := t.Cost
	if c.Page == 0 {
		return c.Calls, c.Jobs
	}
	pages := t.pages(a)
	calls = c.Calls + pages
	if c.List > 0 {
		calls += pages/c.List + 1
	}
	return calls, c.Jobs
}

// pages is how many pages hold so much; nothing comes as one, too.
func (t Traits) pages(a Amount) int64 {
	page := t.Cost.Page
	if t.Answers > 0 && a.Answer > 0 {
		page = min(page, a.Answer)
	}
	return max((a.Records+page-1)/page, 1)
}

// suits tells whether so much is read well.
func (t Traits) suits(a Amount) bool {
	if t.Closed {
		return false
	}
	few := t.Answers == 0 || a.Records != Uncounted && t.pages(a) <= t.Answers
	return few && (t.Query == 0 || a.Query <= t.Query)
}
