package mover

// Traits are what a mover can do, and what that takes. Each mover declares its
// own; whoever has to tell movers apart asks for a trait, never for a name.
type Traits struct {
	Lands    bool  // it is a Lander; else it is a Pager
	Outlives bool  // a job outlives the process that made it, and has time; else it is answered at once, and held there
	Closed   bool  // the org's API version has none of its jobs: it makes no new ones, and nobody chooses it
	Plain    bool  // it brings only objects and types of fields that Bulk takes; else whatever can be queried
	Records  int64 // how many records it is for; 0 for any number
	Query    int   // how long a query may be, in bytes; 0 for any length
	IDs      int   // how many records it reads at once by their Ids alone; 0 for none
	Cost     Cost
}

// A Cost is about what a mover takes of an org's limits.
type Cost struct {
	Jobs  int64 // of those that an org has a day
	Calls int64 // beside those for pages
	Page  int64 // records that one page holds, and one call brings; 0 where reading takes no calls
	List  int64 // pages that one call lists; 0 where they need no list
}

// Price is about what it takes to read so many records.
func (t Traits) Price(records int64) (calls, jobs int64) {
	c := t.Cost
	if c.Page == 0 {
		return c.Calls, c.Jobs
	}
	pages := records/c.Page + 1
	calls = c.Calls + pages
	if c.List > 0 {
		calls += pages/c.List + 1
	}
	return calls, c.Jobs
}

// suits tells whether so many records are read well by a query so long.
func (t Traits) suits(records int64, query int) bool {
	if t.Closed {
		return false
	}
	few := t.Records == 0 || records != Uncounted && records <= t.Records
	return few && (t.Query == 0 || query <= t.Query)
}
