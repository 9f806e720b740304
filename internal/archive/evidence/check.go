package evidence

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"catchment/internal/archive/manifest"
	"catchment/internal/blob"
	"catchment/internal/warehouse/archived"
)

// An Account is what evidence came to, once all of it was read back.
type Account struct {
	Head     Head
	Sheets   int
	Lines    int64   // of records
	Counts   []Count // of those that ended, in order of object, level and outcome
	Outside  int64   // records that weren't of the plan, and were brought back
	Backs    []Back  // records that came back later
	Erased   int64   // lines of plan and evidence that erase has been at
	Open     int64   // the batch whose delete may have been posted, and isn't settled; 0 for none
	Batches  int64   // that are settled
	Finished bool
	Closed   string   // what the chain came to at its end; what follows tells of returns alone
	End      End      // what it says itself; of no worth before Finished
	Stopped  []string // sheets that an erasure wrote anew, and didn't come to delete: repeat it
	Link     string   // what the whole chain comes to
}

// Check reads all evidence of a plan, and the plan itself. Its error is a *Broken where one of
// them isn't as it was written, or they don't agree. It holds no more than a count for each
// object and level, however many records there are.
func Check(ctx context.Context, store blob.Store, plan string) (Account, error) {
	c := checker{store: store, plan: plan, told: tallies{}, backs: backs{}}
	for p, err := range sheets(ctx, store, plan) {
		if err == nil {
			err = c.sheet(ctx, p)
		}
		if err != nil {
			return Account{}, err
		}
	}
	if c.Sheets == 0 {
		return Account{}, &Broken{Key: folder(plan), What: "there is no evidence"}
	}
	c.Link = c.at.String()
	c.Counts, c.Backs = c.told.counts(), c.backs.list()
	if err := c.plansAgree(ctx); err != nil {
		return Account{}, err
	}
	return c.Account, certified(ctx, store, plan, c.End)
}

// A checker is Check on its way.
type checker struct {
	Account
	store    blob.Store
	plan     string
	at       link
	told     tallies // of records that ended
	backs    backs
	parts    int64 // of what came back
	intended sum   // of the batch that is open
	settled  sum
	blind    bool // something of the open batch was erased: its records can't be compared
	kept     int64
}

// sheet takes the next sheet.
func (c *checker) sheet(ctx context.Context, p pile) error {
	for _, old := range p.older {
		c.Stopped = append(c.Stopped, old.key)
	}
	if wrong := c.begin(p.sheet); wrong != "" {
		return &Broken{Key: p.key, What: wrong}
	}
	var err error
	if c.at, err = (&walk{plan: c.plan, sheet: p.sheet, at: c.at, each: c.line}).read(ctx, c.store); err != nil {
		return err
	}
	c.Sheets++
	if p.kind == kindEnd {
		c.Closed = c.at.String()
	}
	if p.kind == kindSettled {
		if !c.blind && c.intended != c.settled {
			return &Broken{Key: p.key, What: "it settles other records than its intent has"}
		}
		c.Open = 0
		c.Batches++
	}
	return nil
}

// begin says why a sheet can't follow those before it, or "".
func (c *checker) begin(s sheet) string {
	switch {
	case c.Finished && s.kind != kindReturned:
		return "it stands behind the end"
	case (s.kind == kindHead) != (c.Sheets == 0):
		return "a head stands first, and nowhere else"
	case s.kind == kindHead:
	case s.kind == kindIntent && c.Open > 0:
		return fmt.Sprintf("batch %d begins before batch %d is settled", s.part, c.Open)
	case s.kind == kindIntent && s.part <= 0:
		return "a batch has a number"
	case s.kind == kindIntent:
		c.Open, c.intended, c.settled, c.blind = s.part, sum{}, sum{}, false
	case s.kind == kindSettled && s.part != c.Open:
		return fmt.Sprintf("batch %d is settled without its intent", s.part)
	case s.kind == kindSettled:
	case s.kind == kindKept && s.part != c.kept+1:
		return fmt.Sprintf("part %d of what was kept doesn't follow part %d", s.part, c.kept)
	case s.kind == kindKept:
		c.kept++
	case s.kind == kindReturned && s.part != c.parts+1:
		return fmt.Sprintf("part %d of what came back doesn't follow part %d", s.part, c.parts)
	case s.kind == kindReturned:
		c.parts++
	case s.kind == kindEnd && c.Open > 0:
		return fmt.Sprintf("it ends before batch %d is settled", c.Open)
	case s.kind == kindEnd:
		c.Finished = true
	default:
		return "this version knows no such sheet"
	}
	return ""
}

// line takes one line.
func (c *checker) line(f frame, s said) error {
	switch {
	case s.Head != nil:
		c.Head = *s.Head
		if c.Head.Format != Format || c.Head.Plan != c.plan {
			return &wrongLine{"it is the head of another plan, or of another version"}
		}
		return nil
	case s.Total != nil:
		c.End = *s.Total
		return nil
	}
	c.Lines++
	if s.Type == typeReturned {
		return c.take(f, s)
	}
	id, err := c.id(f)
	if err != nil {
		return err
	}
	switch {
	case s.Type == typeIntent:
		c.intended.add(s.Object, id)
	case s.Type == typeBack:
		c.Outside++
	case !archived.State(s.As).Ended():
		return &wrongLine{"it names no end"}
	default:
		c.settled.add(s.Object, id)
		c.told.add(s, id)
	}
	return nil
}

// id is the Id that a line is about, "" where it was erased.
func (c *checker) id(f frame) (string, error) {
	if f.Erased != "" {
		c.Erased++
		c.blind = true
		return "", nil
	}
	what, err := f.record()
	return what.ID, err
}

// plansAgree holds the evidence against the plan, and against what it says itself at its end.
func (c *checker) plansAgree(ctx context.Context) error {
	key := manifest.Key(c.plan)
	broken := func(format string, args ...any) error {
		return &Broken{Key: key, What: fmt.Sprintf(format, args...)}
	}
	in, err := c.store.Open(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return broken("the plan is gone")
	}
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // what was read is compared
	var org string
	planned := map[string]sum{}
	digest, err := manifest.Read(in, manifest.Each{
		Head: func(h manifest.Head) error { org = h.Org; return nil },
		Record: func(r manifest.Record) error {
			s := planned[r.Object]
			s.add(r.Object, r.ID)
			planned[r.Object] = s
			return nil
		},
		Erased: func(e manifest.Erased) error {
			c.Erased++
			if e.Was == manifest.TypeRecord {
				s := planned[e.Object]
				s.add(e.Object, "")
				planned[e.Object] = s
			}
			return nil
		},
	})
	switch {
	case err != nil:
		return broken("%v", err)
	case digest != c.Head.SHA256:
		return broken("its digest is another one than its evidence says: it was changed")
	case org != c.Head.Org:
		return broken("it is of another org than its evidence says")
	}
	return c.complete(planned, broken)
}

// complete tells whether every record of a plan, and no other, has come to one end.
func (c *checker) complete(planned map[string]sum, broken func(string, ...any) error) error {
	ended := c.told.byObject()
	for object, s := range ended {
		if s.n > planned[object].n {
			return broken("it has %d records of %s, and its evidence tells of %d", planned[object].n, object, s.n)
		}
	}
	gone := map[string]int64{}
	for _, n := range c.Counts {
		if n.Outcome == archived.Deleted {
			gone[n.Object] += n.Records
		}
	}
	for _, b := range c.Backs {
		if b.Way != Inserted {
			continue
		}
		if gone[b.Object] -= b.Records; gone[b.Object] < 0 {
			return &Broken{Key: folder(c.plan),
				What: "more records of " + b.Object + " came back as new ones than were deleted"}
		}
	}
	if !c.Finished {
		return nil
	}
	for object, s := range planned {
		if s.n != ended[object].n {
			return broken("it has %d records of %s, and its evidence tells of %d", s.n, object, ended[object].n)
		}
		if c.Erased == 0 && s != ended[object] {
			return broken("its evidence tells of other records of %s", object)
		}
	}
	said := slices.Clone(c.End.Counts)
	said = slices.DeleteFunc(said, func(n Count) bool { return n.Records == 0 })
	slices.SortFunc(said, compareCounts)
	if !slices.Equal(said, c.Counts) {
		return &Broken{Key: folder(c.plan), What: "its account at the end isn't what its lines come to"}
	}
	return nil
}

// Against holds evidence against the ledger of the warehouse: what it counts of the plan. A
// record that the one says was deleted and the other doesn't is an error.
func (a Account) Against(tally []archived.Count) error {
	if err := a.backsAgainst(tally); err != nil {
		return err
	}
	differ := map[Count]int64{}
	for _, n := range a.Counts {
		differ[Count{Object: n.Object, Level: n.Level, Outcome: n.Outcome}] += n.Records
	}
	for _, n := range tally {
		differ[Count{Object: n.Object, Level: n.Level, Outcome: n.State}] -= n.Records
	}
	for n, by := range differ {
		if by == 0 || !n.Outcome.Ended() || a.Open > 0 || !a.Finished && n.Outcome != archived.Deleted {
			continue // on its way
		}
		return fmt.Errorf("of %s, level %d, the evidence tells of %d more that are %s than the ledger in the warehouse",
			n.Object, n.Level, by, n.Outcome)
	}
	return nil
}

// backsAgainst holds what came back as new records against the ledger, which has their Ids.
func (a Account) backsAgainst(tally []archived.Count) error {
	back := map[Count]int64{}
	for _, n := range tally {
		back[Count{Object: n.Object, Level: n.Level}] += n.Back
	}
	for _, b := range a.Backs {
		if has := back[Count{Object: b.Object, Level: b.Level}]; b.Way == Inserted && b.Records > has {
			return fmt.Errorf("of %s, level %d, the evidence tells of %d that came back as new records, and the "+
				"ledger in the warehouse of %d that are back", b.Object, b.Level, b.Records, has)
		}
	}
	return nil
}

func compareCounts(a, b Count) int {
	return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Level, b.Level), cmp.Compare(a.Outcome, b.Outcome))
}
