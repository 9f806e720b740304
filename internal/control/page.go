package control

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"catchment/internal/control/versioned"
)

// A PageRow is what is known of one stored page of an attempt: enough to load
// it without reading it again.
type PageRow struct {
	Attempt  string   `json:"attempt"`
	Job      string   `json:"job"`
	Name     string   `json:"name"` // within the job
	Key      string   `json:"key"`  // of the blob
	Seq      int64    `json:"seq"`  // order within the attempt; one row for each
	Records  int64    `json:"records"`
	Bytes    int64    `json:"bytes"`  // of the text, unpacked
	Digest   string   `json:"digest"` // of the text
	Gzip     bool     `json:"gzip,omitzero"`
	Header   []string `json:"header,omitempty"`
	Digits   []Digits `json:"digits,omitempty"`
	NULs     int64    `json:"nuls,omitzero"`     // NUL characters in it
	NULAt    string   `json:"nul_at,omitzero"`   // Id and field of the first
	NoTexts  int64    `json:"no_texts,omitzero"` // characters in it that are no text
	NoTextAt string   `json:"no_text_at,omitzero"`
	Rejected int64    `json:"rejected,omitzero"` // records that don't come into the table: Misfits are among them

	// Of the stored text: records with a value that no column takes, and deleted records with
	// such a value, who come without it.
	Misfits int64     `json:"misfits,omitzero"`
	Blanks  int64     `json:"blanks,omitzero"`
	Room    []Digits  `json:"room,omitempty"`    // of columns that take less than others of their kind do
	Refused []Refused `json:"refused,omitempty"` // records that the warehouse refused by itself

	Loaded bool `json:"loaded,omitzero"` // a cache: the warehouse's ledger is the truth
}

// Digits is the widest decimal that a page holds in one column.
type Digits struct {
	Column   string `json:"column"`
	Whole    int    `json:"whole"`
	Fraction int    `json:"fraction"`
	Point    bool   `json:"point,omitempty"`     // some value is written with a point or an exponent
	Beyond32 bool   `json:"beyond_32,omitempty"` // some whole number has more than 32 bits
}

// A Refused is a record that a warehouse refused to load, for a reason of its own.
type Refused struct {
	Key    string `json:"key"`
	Column string `json:"column"`
	Why    string `json:"why"` // in words, without the value
}

// SavePage writes the row of a page over the one of the same attempt and
// number. No two runs can do that at once, since they hold the flow's lease.
func (c *Control) SavePage(ctx context.Context, p PageRow) error {
	id := fmt.Sprintf("%s/%010d", p.Attempt, p.Seq)
	row, err := c.table.Get(ctx, versioned.Key{Kind: kindPage, ID: id})
	if err != nil && !errors.Is(err, versioned.ErrNotFound) {
		return fmt.Errorf("read page %s: %w", id, err)
	}
	_, err = write(ctx, c.table, rowOf(kindPage, id, row.Version), p)
	return err
}

// Pages lists the pages of an attempt in order of Seq.
func (c *Control) Pages(ctx context.Context, attempt string) ([]PageRow, error) {
	return list(c.table.List(ctx, kindPage, attempt+"/"), func(*PageRow, int64) {})
}

// DropPages forgets the pages of an attempt, all but those of keepJobs.
func (c *Control) DropPages(ctx context.Context, attempt string, keepJobs ...string) error {
	for row, err := range c.table.List(ctx, kindPage, attempt+"/") {
		var p PageRow
		if err == nil && len(keepJobs) > 0 {
			p, err = decode[PageRow](row)
		}
		if err == nil && !slices.Contains(keepJobs, p.Job) {
			err = c.table.Delete(ctx, row)
		}
		if err != nil {
			return fmt.Errorf("drop the pages of %s: %w", attempt, err)
		}
	}
	return nil
}
