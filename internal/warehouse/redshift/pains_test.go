package redshift_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/redshift"
	"catchment/internal/warehouse/sql"
)

// What users of other extractors have reported of Redshift: docs/pains.md.

// Texts of more than 65,535 bytes broke the load, and nobody said which
// (airbyte#14441). Here the flow chooses, and is told the column.
func TestPainAirbyte14441(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"fail", "truncate", "super"} {
		t.Run(mode, func(t *testing.T) {
			s := newSite(t)
			d := s.desk(s.wire("&text=" + mode)).prepared()
			b := batch("a", "before", longer(), "after")
			if mode == "fail" {
				_, err := d.w.Load(t.Context(), d.f, b)
				failsAs(t, err, plan.Fix, "text: truncate")
				if !strings.Contains(err.Error(), "column name on line 3") {
					t.Errorf("it isn't said where: %v", err)
				}
				var staged int
				s.ask(&staged, "SELECT count(*) FROM salesforce_incremental.account")
				if staged != 0 {
					t.Errorf("%d rows of a page that was refused", staged)
				}
				return
			}
			d.finish(b)
			column, want := "name", filled() // the letter behind it is cut off
			if mode == "super" {
				column, want = "json_serialize(name)", longer()
			}
			var got string
			s.ask(&got, "SELECT "+column+" FROM salesforce.account WHERE id = '1'")
			if strings.Trim(got, `"`) != want {
				t.Errorf("%d bytes, want %d", len(got), len(want))
			}
			told := []redshift.Cut{{Page: b.Pages[0].Key, Column: "name", Texts: 1}}
			if mode == "super" {
				told = nil
			}
			if !slices.Equal(s.cuts, told) {
				t.Errorf("told: %v", s.cuts)
			}
		})
	}
}

// Staging held two versions of one key, and the upsert wrote both
// (move-coop/parsons#355): keys are declared here, and not enforced. By the
// engine and by CALL.
func TestPainParsons355(t *testing.T) {
	t.Parallel()
	const versions = `INSERT INTO salesforce_incremental.account (id, systemmodstamp, name) VALUES
		('1', '2026-01-03', 'second'), ('1', '2026-01-02', 'first'), ('2', '2026-01-02', 'only'), ('1', '2026-01-04', 'third'), ('2', '2026-01-02', 'only')`
	consolidations := map[string]func(*desk) error{
		"engine": func(d *desk) error {
			_, err := d.w.Consolidate(t.Context(), d.f, warehouse.Merge{Table: account(), Policy: gone.Flag})
			return err
		},
		"CALL": func(d *desk) error { return d.typed(call) },
	}
	for name, consolidate := range consolidations {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			d := s.desk(s.wire("")).prepared().installed()
			for range 2 { // and what is there already stays one row as well
				must(t, s.typed(versions))
				must(t, consolidate(d))
				var got string
				s.ask(&got, "SELECT listagg(id || ' ' || name, ';') WITHIN GROUP (ORDER BY id) FROM salesforce.account")
				if got != "1 third;2 only" {
					t.Errorf("%s", got)
				}
			}
		})
	}
}

// AWS's own sample of an upsert sends BEGIN and END through the Data API one by
// one, each in a session of its own: a reader sees the table between the delete
// and the insert, and a failure leaves it so. Here both are one transaction.
func TestPainUpsertInSeparateSessions(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, s *site, open func(string) sql.Driver) {
		driver := open("")
		d := s.desk(driver).prepared()
		d.finish(batch("a", "one", "two"))
		rows := func() (n int) {
			s.ask(&n, "SELECT count(*) FROM salesforce.account")
			return n
		}
		failure := errors.New("the function was stopped")
		err := driver.Tx(t.Context(), func(tx sql.Tx) error {
			if _, err := tx.Exec(t.Context(), "DELETE FROM salesforce.account"); err != nil {
				return err
			}
			if n := rows(); n != 2 {
				t.Errorf("between delete and insert a reader sees %d rows", n)
			}
			return failure
		})
		if !errors.Is(err, failure) {
			t.Error(err)
		}
		if n := rows(); n != 2 {
			t.Errorf("%d rows are left", n)
		}
	})
}
