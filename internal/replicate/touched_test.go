package replicate_test

import (
	"slices"
	"strings"
	"sync"
	"time"

	"catchment/internal/warehouse/sql"
)

// hands is what somebody did in the final tables, as nobody should, until that is
// mended. A claim answers for such a row from the moment on when a run could have
// known: a row that is missing, or stands twice, or is stamped later than now, at
// once; another value in a row not before somebody compares the values.
type hands struct {
	mu      sync.Mutex
	touched map[string]map[string]*touch // by object and Id
}

// A touch is what was done to one row.
type touch struct {
	open bool  // a run sees it
	ran  bool  // one has moved the mark since
	then claim // what the mark said at that time
}

// on notes that a row was touched, while the mark said something.
func (h *hands) on(then claim, id string, open bool) {
	object := then.object
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.touched == nil {
		h.touched = map[string]map[string]*touch{}
	}
	if h.touched[object] == nil {
		h.touched[object] = map[string]*touch{}
	}
	h.touched[object][id] = &touch{open: open, then: then}
}

// moved hears of what a mark says; a table that was built anew has nothing in it that a
// hand left before.
func (h *hands) moved(now claim) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, t := range h.touched[now.object] {
		if t.then.generation != now.generation {
			delete(h.touched[now.object], id)
		}
		t.ran = t.ran || t.then != now
	}
}

// mended hears that a comparison of all values has left no difference but in rows of
// records that changed since, which wait for the next window.
func (h *hands) mended(object string, waits func(id string) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id := range h.touched[object] {
		if !waits(id) {
			delete(h.touched[object], id)
		}
	}
}

// has tells whether a row was touched, and isn't mended.
func (h *hands) has(object, id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.touched[object][id] != nil
}

// any tells whether rows of an object were touched, and are not mended.
func (h *hands) any(object string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.touched[object]) > 0
}

// excuse tells whether a claim doesn't answer for a row.
func (h *hands) excuse(c claim, id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.touched[c.object][id]
	return t != nil && (!t.open || !t.ran || unproven(c.grade))
}

// handed are the upheavals in the tables. ? is a moment, and % the Id of a row.
func handed() []deed {
	if *soakIn == "lake" { // whoever writes there stops the flow
		return nil
	}
	set := func(assignments string, ahead time.Duration, open bool) func(*life) bool {
		return func(l *life) bool {
			at := l.Org.Clock().Now().Add(ahead).Format("'2006-01-02 15:04:05+00'")
			assignments := strings.ReplaceAll(assignments, "?", at)
			return l.hand("UPDATE salesforce.thing__c SET "+assignments+" WHERE id = '%'", open)
		}
	}
	const year = 365 * 24 * time.Hour
	return []deed{
		{"hand: row taken away", 3, func(l *life) bool {
			return l.hand("DELETE FROM salesforce.thing__c WHERE id = '%'", true)
		}},
		{"hand: stamp ahead", 3, set("systemmodstamp = ?, _catchment_at = ?", year, true)},
		{"hand: stamp of the past", 1, set("systemmodstamp = ?, _catchment_at = ?", -year, false)},
		{"hand: isdeleted", 2, func(l *life) bool {
			return !l.ignores(thing) && set("isdeleted = NOT isdeleted", 0, false)(l)
		}},
		{"hand: marked as deleted", 1, set("_catchment_deleted_at = ?, _catchment_delete_reason = 'soft', "+
			"isdeleted = true", 0, false)},
		{"hand: another value", 2, set("note__c = 'by hand'", 0, false)},
		{"hand: no key", 2, (*life).loseKey},
		{"hand: row twice", 2, func(l *life) bool {
			return l.loseKey() && l.hand("INSERT INTO salesforce.thing__c SELECT * FROM salesforce.thing__c "+
				"WHERE id = '%' LIMIT 1", true)
		}},
	}
}

// hand does something to a row, or to a few, none of which was touched before.
func (l *life) hand(statement string, open bool) bool {
	value := strings.Contains(statement, "note__c")
	if value && !slices.Contains(l.Columns("thing__c"), "note__c") {
		return false // the field was hidden from the beginning
	}
	p := l.Start(nil)
	defer p.Close()
	rows, err := rowsOf(p.Eyes, thing)
	if err != nil {
		return false // it isn't there yet
	}
	compared := value || strings.Contains(statement, "isdeleted") // by verify, but for records that are gone
	ids := slices.DeleteFunc(sorted(rows), func(id string) bool {
		return l.hands.has(thing, id) || l.ever[id] || compared && !rows[id][0].live
	})
	if len(ids) < 5 {
		return false // it would be as good as emptied
	}
	then := claimsOf(p.Eyes)[thing]
	then.object = thing
	for range 1 + l.dice.IntN(2) {
		at := l.dice.IntN(len(ids))
		l.hands.on(then, ids[at], open)
		p.Exec(strings.ReplaceAll(statement, "%", ids[at]))
		ids = slices.Delete(ids, at, at+1)
	}
	return true
}

// loseKey makes the table anew from its rows, as people do to move one: its primary
// key is gone. It is no Catchment's business where others look after keys.
func (l *life) loseKey() bool {
	if !strings.HasSuffix(*soakIn, "duckdb") {
		return false
	}
	p := l.Start(nil)
	defer p.Close()
	if rows, err := rowsOf(p.Eyes, thing); err != nil || len(rows) < 5 {
		return false
	}
	l.Must(p.Driver.Tx(p.Ctx, func(tx sql.Tx) error {
		for _, s := range []string{
			"CREATE TABLE salesforce.other AS SELECT * FROM salesforce.thing__c",
			"DROP TABLE salesforce.thing__c",
			"ALTER TABLE salesforce.other RENAME TO thing__c",
		} {
			if _, err := tx.Exec(p.Ctx, s); err != nil {
				return err
			}
		}
		return nil
	}))
	return true
}
