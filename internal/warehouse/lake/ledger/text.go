package ledger

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/apache/iceberg-go"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// prefix begins the properties that have the ledger of an attempt each.
const prefix = "catchment.ledger."

// Key is the property that has the ledger of an attempt.
func Key(attempt string) string { return prefix + attempt }

// Attempts are those whose ledgers are among a table's properties, in order.
func Attempts(of iceberg.Properties) []string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(of)) {
		if attempt, is := strings.CutPrefix(key, prefix); is {
			all = append(all, attempt)
		}
	}
	return all
}

// Read reads an attempt's ledger, an empty one where there is none.
func Read(of iceberg.Properties, attempt string) (l Ledger, err error) {
	text, has := of[Key(attempt)]
	if !has {
		return l, nil
	}
	var jobs []jobText
	if err := json.Unmarshal([]byte(text), &jobs); err != nil {
		return l, fmt.Errorf("ledger of attempt %s: %w", attempt, err)
	}
	for _, j := range jobs {
		job := Job{Name: j.Name, Op: j.Op, Columns: j.Columns, Reason: j.Reason, Override: j.Override}
		if j.ReadAt != nil {
			job.ReadAt = time.UnixMicro(*j.ReadAt).UTC()
		}
		for _, p := range j.Pages {
			job.Pages = append(job.Pages, Page(p))
		}
		l.Jobs = append(l.Jobs, job)
	}
	return l, nil
}

// Text is the ledger as the property has it. It is short: it is written with each commit of the table, whoever
// makes it.
func (l Ledger) Text() (string, error) {
	jobs := make([]jobText, len(l.Jobs))
	for i, j := range l.Jobs {
		jobs[i] = jobText{Name: j.Name, Op: j.Op, Columns: j.Columns, Reason: j.Reason, Override: j.Override}
		if !j.ReadAt.IsZero() {
			at := j.ReadAt.UnixMicro()
			jobs[i].ReadAt = &at
		}
		for _, p := range j.Pages {
			jobs[i].Pages = append(jobs[i].Pages, pageText(p))
		}
	}
	text, err := json.Marshal(jobs)
	return string(text), err
}

// A jobText is a Job as JSON has it.
type jobText struct {
	Name     string       `json:"job"`
	Op       warehouse.Op `json:"op"`
	Columns  []string     `json:"columns"`
	Reason   gone.Reason  `json:"reason,omitempty"`
	Override bool         `json:"override,omitempty"`
	ReadAt   *int64       `json:"read_at,omitempty"` // in microseconds since 1970
	Pages    []pageText   `json:"pages"`
}

// A pageText is a Page as JSON has it: its place, its rows, and the hashes.
type pageText Page

func (p pageText) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{p.Seq, p.Rows, p.key + p.digest})
}

func (p *pageText) UnmarshalJSON(text []byte) error {
	var hashes string
	if err := json.Unmarshal(text, &[]any{&p.Seq, &p.Rows, &hashes}); err != nil {
		return err
	}
	if len(hashes) != 2*shortText {
		return fmt.Errorf("the line of page %d is cut", p.Seq)
	}
	p.key, p.digest = hashes[:shortText], hashes[shortText:]
	return nil
}

// A short hash has nine bytes, and twelve letters.
const (
	shortBytes = 9
	shortText  = 12
)

func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:shortBytes])
}
