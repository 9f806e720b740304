package replicate_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"catchment/internal/control/recall"
	"catchment/internal/flow"
	"catchment/internal/rig"
	"catchment/internal/warehouse/shape"
)

// A claim is what a mark in the warehouse says of its table: every change that was
// stamped before a moment is in it, and, where that is proven, every delete.
type claim struct {
	object     string
	grade      string
	until      time.Time
	generation string
}

// claims holds each claim against the org's history, whenever a mark has moved and
// whenever a process has ended. What it compares, and how, it shares with nobody:
// neither with the runs that claim, nor with verify.
type claims struct {
	history *history
	tally   *tallied
	hands   *hands

	holding sync.Mutex // one at a time

	mu     sync.Mutex
	last   map[string]claim          // that was held, by object
	policy map[string][]flow.Deletes // that deletes may have been treated by
	moves  map[string]int            // how often its mark moved
	held   map[string]int            // how often a claim of it was held
	rows   map[string]map[string]row // as they stood then, by object and Id
	wrong  []string                  // what the org's history contradicts
}

func newClaims(h *history, tally *tallied, hands *hands) *claims {
	return &claims{
		history: h, tally: tally, hands: hands,
		last: map[string]claim{}, policy: map[string][]flow.Deletes{},
		moves: map[string]int{}, held: map[string]int{}, rows: map[string]map[string]row{},
	}
}

// A row is what the claims look at in a row of a final table.
type row struct {
	stamp time.Time
	live  bool
}

// hold holds the claims of all flows against the history; moved leaves out those
// that were held before.
func (c *claims) hold(e rig.Eyes, flows []flow.Flow, moved bool) {
	c.holding.Lock()
	defer c.holding.Unlock()
	all := claimsOf(e)
	for _, fl := range flows {
		now, claimed := all[fl.Object]
		if !claimed || moved && now == c.lastOf(fl.Object) {
			continue
		}
		rows, err := rowsOf(e, fl.Object)
		if err != nil {
			c.mu.Lock()
			c.wrong = append(c.wrong, fmt.Sprintf("the table of %s can't be read: %v", fl.Object, err))
			c.mu.Unlock()
			continue
		}
		c.check(fl, now, rows)
	}
}

// lastOf is the claim that was held last.
func (c *claims) lastOf(object string) claim {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last[object]
}

// check holds one claim, and the rows that stand with it.
func (c *claims) check(fl flow.Flow, now claim, rows map[string][]row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last := c.last[fl.Object]; now != last {
		c.moves[fl.Object]++
		c.policy[fl.Object] = policies(c.policy[fl.Object], fl.Deletes, now.generation != last.generation)
		if now.generation != last.generation {
			delete(c.rows, fl.Object)
		}
		c.hands.moved(now)
		c.tally.add("claims held against the org's history", now.grade, 1)
	}
	c.last[fl.Object] = now
	c.held[fl.Object]++
	c.wrong = append(c.wrong, c.contradictions(now, rows)...)
	c.remember(fl.Object, rows)
}

// remember keeps the rows as they stand, to tell what becomes of them.
func (c *claims) remember(object string, rows map[string][]row) {
	c.rows[object] = map[string]row{}
	for id, has := range rows {
		c.rows[object][id] = has[0]
	}
}

// policies are those by which the rows of deleted records may look: the one of the
// last consolidation, and, until the table is built anew, those before it.
func policies(all []flow.Deletes, now flow.Deletes, anew bool) []flow.Deletes {
	if anew {
		return []flow.Deletes{now}
	}
	all = slices.DeleteFunc(slices.Clone(all), func(d flow.Deletes) bool { return d == now })
	return append([]flow.Deletes{now}, all...)
}

// claimsOf reads what the warehouse claims of each object, but for those of which that
// is nothing.
func claimsOf(e rig.Eyes) map[string]claim {
	got, err := e.Rows("salesforce_incremental", "_catchment_flow", "flow", "grade", "watermark", "generation")
	all := map[string]claim{}
	if err != nil { // the table isn't there yet; that claims are held at all, the end of a life looks after
		return all
	}
	for _, m := range got {
		if m[1] != nil && *m[1] != "" && m[2] != nil {
			all[*m[0]] = claim{object: *m[0], grade: *m[1], until: momentOf(*m[2]), generation: *m[3]}
		}
	}
	return all
}

// rowsOf reads the rows of an object by Id.
func rowsOf(e rig.Eyes, object string) (map[string][]row, error) {
	got, err := e.Rows("salesforce", shape.TableName(object, false), looked...)
	return rowsIn(got), err
}

// looked are the columns of rows that claims look at.
var looked = []string{"id", "systemmodstamp", "_catchment_deleted_at"}

// rowsIn are rows that have them, by Id.
func rowsIn(texts [][]*string) map[string][]row {
	all := map[string][]row{}
	for _, r := range texts {
		next := row{live: r[2] == nil}
		if r[1] != nil {
			next.stamp = momentOf(*r[1])
		}
		all[*r[0]] = append(all[*r[0]], next)
	}
	return all
}

// contradictions are what the org's history has against a claim.
func (c *claims) contradictions(now claim, rows map[string][]row) []string {
	c.history.mu.Lock()
	defer c.history.mu.Unlock()
	all := c.history.past[now.object]
	ids := slices.Sorted(maps.Keys(all))
	for id := range rows {
		if all[id] == nil {
			ids = append(ids, id)
		}
	}
	var wrong []string
	for _, id := range ids {
		if c.hands.excuse(now, id) || c.hands.has(now.object, id) && all[id].changedSince(now.until) {
			continue // that a verify calls pending: the next window brings it whole
		}
		why := ""
		switch has := rows[id]; {
		case len(has) > 1:
			why = fmt.Sprintf("has %d rows", len(has))
		case all[id].since(now.until).keptOut():
			why = c.againstKeptOut(now, id, all[id], has)
		case len(has) == 1:
			why = c.against(now, all[id], &has[0])
		default:
			why = c.against(now, all[id], nil)
		}
		if why != "" {
			wrong = append(wrong, fmt.Sprintf("%s is %s up to %s, and %s %s: its past is %v", now.object, now.grade,
				now.until.Format(time.DateTime), id, why, all[id]))
		}
	}
	return wrong
}

// against is what a record's past has against its row, or "". A row may be newer
// than the claim: readings have no upper bound.
func (c *claims) against(now claim, p past, r *row) string {
	policy := c.policy[now.object]
	at := p.before(now.until)
	since := p.since(now.until)
	switch {
	case len(p) == 0:
		return "was never in the org"
	case since.was(outSight):
		return "" // no stamp tells of that, and no delete log
	case p.last().state == purged && !p.last().at.Before(now.until):
		return "" // nobody can have read it since
	case p.last().state == purged && r != nil && r.live && policy[0] != flow.Ignore &&
		strings.HasPrefix(now.grade, "proven"):
		return "is live, though it was deleted before"
	case p.last().state == purged:
		return ""
	case r != nil && r.live:
		ignored := policy[0] == flow.Ignore || unproven(now.grade) && slices.Contains(policy, flow.Ignore)
		return againstLive(since, at, r, ignored)
	case at < 0:
		return "" // newer than the claim
	case r == nil:
		return againstNone(since, policy)
	case !since.was(inBin):
		return "is marked as deleted, and was not since"
	case since[0].state == inBin && policy[0] == flow.Remove && len(policy) == 1:
		return "is marked as deleted, and such rows are removed"
	}
	return ""
}

// againstKeptOut is what a past has against the rows of a record whose newest version
// may be one that fits no column: the row that there was stays as it was.
func (c *claims) againstKeptOut(now claim, id string, p past, has []row) string {
	before, was := c.rows[now.object][id]
	was = was && before.live && !p.was(inBin) && !p.was(outSight) && p.last().state == alive
	switch {
	case len(has) == 0 && was:
		return "is gone, and an update that fits no column leaves the row"
	case len(has) == 0:
		return ""
	case !has[0].live && !p.was(inBin) && !p.was(purged) && !p.was(outSight):
		return "is marked as deleted, and never was"
	case has[0].live && was && has[0].stamp.Before(before.stamp):
		return "went back to the stamp " + has[0].stamp.Format(time.DateTime)
	// a version that came and went between two looks at the org is in no past
	case has[0].live && p.version(has[0].stamp, true) && !p.version(has[0].stamp, false):
		return "is live under the stamp " + has[0].stamp.Format(time.DateTime) + " of what fits no column"
	}
	return ""
}

// version tells whether the record was there under a stamp, as one that fits no column or
// as one that does.
func (p past) version(at time.Time, unfit bool) bool {
	return slices.ContainsFunc(p, func(m moment) bool { return m.state == alive && m.unfit == unfit && m.at.Equal(at) })
}

// againstLive is what the part of a past that may have been read has against a live
// row: it is that of a state in which the record was alive. Deletes are ignored, or were,
// and the claim says that it isn't proven since.
func againstLive(since past, at int, r *row, ignored bool) string {
	if at >= 0 && since.was(inBin) && ignored {
		return "" // the row stays as it was when it was read last
	}
	if !slices.ContainsFunc(since, func(m moment) bool { return m.state == alive && m.at.Equal(r.stamp) }) {
		return "is live under the stamp " + r.stamp.Format(time.DateTime)
	}
	return ""
}

// againstNone is what it has against there being no row: the record was there.
func againstNone(since past, policy []flow.Deletes) string {
	kept := slices.Contains(policy, flow.Flag) && len(policy) == 1
	if since[0].state == inBin && !kept || since[0].state == alive && since.was(inBin) {
		return ""
	}
	return "is missing"
}

// settled ends a life's claims: each flow had some, and none was contradicted.
func (c *claims) settled(r *rig.Rig) {
	r.T.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, fl := range r.Flows {
		if c.held[fl.Object] == 0 {
			r.T.Errorf("no claim of %s was ever held against the org's history", fl.Object)
		}
	}
	c.tell(r)
}

// tell reports what was contradicted since the last time.
func (c *claims) tell(r *rig.Rig) {
	r.T.Helper()
	c.wrong = slices.Compact(c.wrong)
	if len(c.wrong) > 0 {
		r.T.Errorf("%d contradictions:\n  %s", len(c.wrong), strings.Join(c.wrong[:min(len(c.wrong), 5)], "\n  "))
	}
	c.wrong = nil
}

// unproven is whether a grade says that something is in doubt.
func unproven(grade string) bool { return grade == recall.Unproven }
