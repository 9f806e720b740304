package write

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"catchment/internal/page"
	"catchment/internal/salesforce/write/refusal"
)

// What one job holds. Salesforce writes 10,000 records of a job at once (Bulk API 2.0 guide, "How Requests Are
// Processed"), and takes 100 MB of them; what is held here is less, since all of it is in memory.
const (
	rowsInJob  = 10_000
	bytesInJob = 8 << 20
)

// csvNull is what Salesforce takes for null. A value that is this very text can't be written so.
const csvNull = "#N/A"

// A sheet is the rows of one job.
type sheet struct {
	table  Table
	verb   Verb
	object string
	prefix string
	first  int64 // place of its first row among all

	rows  []sheetRow
	sent  []int            // places in rows of those that go into the job
	byKey map[rowKey][]int // the same, by what their results repeat; rows that are alike stand in their order
	seen  map[string]bool  // Ids of a delete
	csv   bytes.Buffer
	to    *page.Writer
}

type sheetRow struct {
	outcome Outcome
	key     string // the value of Table.Key
	doubted bool   // two results contradict each other
}

// A rowKey tells rows apart: a digest of their values.
type rowKey [sha256.Size]byte

// keyOf makes the key of a row. Line ends may come back in another form.
func keyOf[T string | []byte](values []T) (key rowKey) {
	digest := sha256.New()
	for _, v := range values {
		text := strings.ReplaceAll(string(v), "\r\n", "\n")
		_ = binary.Write(digest, binary.LittleEndian, int64(len(text))) // a digest takes everything
		digest.Write([]byte(text))
	}
	copy(key[:], digest.Sum(nil))
	return key
}

func newSheet(t Table, prefix string, first int64) *sheet {
	s := &sheet{table: t, verb: t.Verb, object: t.Object, prefix: prefix, first: first,
		byKey: map[rowKey][]int{}, seen: map[string]bool{}}
	s.to = page.NewWriter(&s.csv, s.table.Columns)
	return s
}

// full tells whether row has to wait for the next job.
func (s *sheet) full(row []string) bool {
	size := 0
	for _, value := range row {
		size += len(value) + len(`"",`)
	}
	return len(s.rows) >= rowsInJob || len(s.sent) > 0 && s.csv.Len()+size > bytesInJob
}

// add takes a row, or refuses it.
func (s *sheet) add(values []string) {
	at := len(s.rows)
	number := s.first + int64(at)
	id, refused := s.judge(values)
	if refused != nil {
		s.rows = append(s.rows, sheetRow{outcome: failed(number, id, *refused)})
		return
	}
	if s.verb == Delete {
		values = []string{id}
	}
	row := sheetRow{outcome: Outcome{Row: number, ID: id, State: Unknown}}
	if i := slices.IndexFunc(s.table.Columns, s.isKey); i >= 0 {
		row.key = values[i]
	}
	s.rows, s.sent = append(s.rows, row), append(s.sent, at)
	key := keyOf(values)
	s.byKey[key] = append(s.byKey[key], at)
	_ = s.to.Write(values) // a Buffer takes everything, and judge saw to the number of fields
	_ = s.to.Flush()
}

func (s *sheet) isKey(column string) bool { return strings.EqualFold(column, s.table.Key) }

// judge tells why a row can't be sent. Of a delete it gives the Id.
func (s *sheet) judge(values []string) (id string, refused *refusal.Refusal) {
	if len(values) != len(s.table.Columns) {
		return "", &refusal.Refusal{Code: "INVALID_INPUT", Reason: refusal.Value}
	}
	if s.verb == Delete {
		if id, refused = ownID(values[0], s.prefix); refused == nil && s.seen[id] {
			refused = &refusal.Refusal{Code: "DUPLICATE_VALUE_IN_LIST", Reason: refusal.Twice}
		}
		s.seen[id] = true
		return id, refused
	}
	for i, value := range values {
		if value == csvNull || strings.ContainsRune(value, 0) || !utf8.ValidString(value) ||
			len(value) > bytesInJob/2 {
			return "", &refusal.Refusal{Code: "NOT_FOR_CSV", Reason: refusal.Value, Fields: s.table.Columns[i : i+1]}
		}
	}
	return "", nil
}

// text is the CSV of all rows that are sent.
func (s *sheet) text() ([]byte, error) {
	err := s.to.Flush()
	return s.csv.Bytes(), err
}

// tell hands the outcomes on, in the order of the rows.
func (s *sheet) tell(each func(Outcome) error) error {
	for _, row := range s.rows {
		if err := each(row.outcome); err != nil {
			return err
		}
	}
	return nil
}

// open are the outcomes that nobody knows.
func (s *sheet) open() (open []*Outcome) {
	for _, at := range s.sent {
		if o := &s.rows[at].outcome; o.State == Unknown {
			open = append(open, o)
		}
	}
	return open
}

func (s *sheet) settled() bool { return len(s.open()) == 0 }

// keyOf is the value of Table.Key in a row.
func (s *sheet) keyOf(row int64) string { return s.rows[row-s.first].key }

// take notes the result of the row with this key. Where its place is taken, by a result that says something
// else, both are doubted: the record tells.
func (s *sheet) take(key rowKey, result Outcome) (known bool) {
	alike := s.byKey[key]
	for _, at := range alike {
		row := &s.rows[at]
		if row.outcome.State == Unknown && !row.doubted {
			number := row.outcome.Row
			row.outcome = result
			row.outcome.Row = number
			return true
		}
	}
	for _, at := range alike {
		row := &s.rows[at]
		if o := row.outcome; o.State == result.State && o.ID == result.ID {
			continue
		}
		row.doubted = true
		row.outcome = Outcome{Row: row.outcome.Row, ID: s.deletedID(row.outcome), State: Unknown}
	}
	return len(alike) > 0
}

// deletedID is the Id that a delete was given; that of an insert came from the result that is doubted.
func (s *sheet) deletedID(o Outcome) string {
	if s.verb == Delete {
		return o.ID
	}
	return ""
}
