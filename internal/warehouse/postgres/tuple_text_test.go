package postgres_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/refusals"
)

// stamped is a page of an attempt whose records have these stamps.
func stamped(attempt string, seq int64, stamps ...string) warehouse.Batch {
	text := "Id,SystemModstamp,Name\n"
	for i, stamp := range stamps {
		text += string(rune('a'+i)) + "," + stamp + ",x\n"
	}
	key := attempt + string(rune('0'+seq))
	return warehouse.Batch{Table: account, Attempt: attempt, Job: attempt, ReadAt: time.Unix(1, 0),
		Pages: []warehouse.Page{{Key: key, Seq: seq, Digest: key, Rows: int64(len(stamps)),
			Header: []string{"Id", "SystemModstamp", "Name"},
			Open: func(context.Context) (io.ReadCloser, error) {
				return io.NopCloser(strings.NewReader(text)), nil
			}}}}
}

// A value in another form than Salesforce's is read by PostgreSQL itself, and what it refuses is named as ever.
func TestWhatGoesAsText(t *testing.T) {
	t.Parallel()
	s := newSite(t, cluster.Database(t), postgres.Options{Tuples: 2}).prepared()
	load := func(b warehouse.Batch) error {
		_, err := s.w.Load(t.Context(), s.f, b)
		return err
	}
	const usual, other = "2026-01-01T00:00:00.000Z", "2026-01-01 00:00:00+00"
	must(t, load(stamped("a", 1, usual, usual)))
	if s.own("a1") {
		t.Error("a page of two rows didn't go as tuples")
	}
	must(t, load(stamped("a", 2, usual)))
	if !s.own("a2") {
		t.Error("a page of one row went as tuples")
	}
	must(t, load(stamped("a", 3, usual, other, usual)))
	must(t, load(stamped("a", 4, usual, usual)))
	if !s.own("a4") {
		t.Error("a page went as tuples, after one that couldn't")
	}
	must(t, load(stamped("b", 1, usual, usual)))
	if s.own("b1") {
		t.Error("the page of another attempt didn't go as tuples")
	}
	err := load(stamped("c", 1, usual, "never", usual))
	if refused := refusals.Of(err); refused == nil || refused.Line != 3 || refused.Column != "systemmodstamp" {
		t.Errorf("what is refused is %v", err)
	}
	var stamps int
	s.ask(&stamps, "SELECT count(DISTINCT systemmodstamp) FROM salesforce_incremental.account")
	if rows := s.staged(); rows != 10 || stamps != 1 {
		t.Errorf("%d rows with %d stamps are staged", rows, stamps)
	}
}

// own tells whether the rows of a page were written by the transaction itself that wrote its entry in the ledger. A
// page of tuples is written behind a savepoint.
func (s *site) own(page string) bool {
	s.t.Helper()
	var others int
	s.ask(&others, `SELECT count(*)
FROM salesforce_incremental.account v
JOIN salesforce_incremental._catchment_page p ON p.attempt = v._catchment_attempt AND p.seq = v._catchment_seq
WHERE p.page = '`+page+`' AND v.xmin <> p.xmin`)
	return others == 0
}

// A page that can't be read to its end leaves nothing, whichever way it goes.
func TestTornTuples(t *testing.T) {
	t.Parallel()
	s := newSite(t, cluster.Database(t), postgres.Options{Tuples: 1}).prepared()
	torn := errors.New("the disk is gone")
	b := batch(1, func(text []byte) io.Reader {
		return io.MultiReader(strings.NewReader(string(text[:len(text)/2])), iotest.ErrReader(torn))
	})
	if _, err := s.w.Load(t.Context(), s.f, b); !errors.Is(err, torn) {
		t.Errorf("it says %v", err)
	}
	if rows := s.staged(); rows != 0 {
		t.Errorf("%d rows stay", rows)
	}
}
