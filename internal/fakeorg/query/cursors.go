package query

import (
	"regexp"
	"strconv"
	"sync"
	"time"

	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
)

// cursorLife is how long a query locator works.
const cursorLife = 48 * time.Hour

// Cursors are the answers that clients may still read on from, by REST or by
// SOAP.
type Cursors struct {
	mu   sync.Mutex
	made int
	open map[string]cursor
}

type cursor struct {
	result *Result
	until  time.Time
}

// A Spot is where a client reads on: in which answer, and from which record.
type Spot struct {
	*Result
	Name string // of the cursor
	From int
}

// Add keeps an answer and returns the name of its cursor.
func (cs *Cursors) Add(r *Result, now time.Time) string {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.open == nil {
		cs.open = map[string]cursor{}
	}
	for name, old := range cs.open {
		if now.After(old.until) {
			delete(cs.open, name)
		}
	}
	cs.made++
	name := recordid.New("01g", cs.made)
	cs.open[name] = cursor{r, now.Add(cursorLife)}
	return name
}

// Locator names the place of a record in the answer of a cursor.
func Locator(name string, from int) string { return name + "-" + strconv.Itoa(from) }

var locatorForm = regexp.MustCompile(`^(01g\w{15})-(\d{1,9})$`)

// Find follows a locator.
func (cs *Cursors) Find(locator string, now time.Time) (Spot, error) {
	unknown := reply.Bad("INVALID_QUERY_LOCATOR", "invalid query locator")
	m := locatorForm.FindStringSubmatch(locator)
	if m == nil {
		return Spot{}, unknown
	}
	cs.mu.Lock()
	c, ok := cs.open[m[1]]
	cs.mu.Unlock()
	from, _ := strconv.Atoi(m[2]) // nine digits at most
	if !ok || now.After(c.until) || from > c.result.Total {
		return Spot{}, unknown
	}
	return Spot{c.result, m[1], from}, nil
}
