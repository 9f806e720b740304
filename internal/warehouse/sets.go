package warehouse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"time"
)

// A Set is the records of one side of a comparison, as a digest: sha256, in
// hex, of one line "Id,SystemModstamp" for each live record that isn't pending,
// in the order of the Ids' bytes. The stamp is UTC with milliseconds, as in
// 2026-01-02T03:04:05.000Z, and empty where there is none; each line ends in LF.
type Set struct {
	Records int64
	Digest  string
}

// Sets gives both sides' sets. They are equal where nothing is missing, extra
// or stale. Under Ignore the final table's set leaves out rows whose record is
// deleted: they stay there on purpose.
func (r *comparing) Sets(ctx context.Context) (source, rows Set, err error) {
	err = r.do(ctx, "digest of "+r.c.Table.Name, func(tx Tx) error {
		s := r.sql()
		for _, side := range []struct {
			into *Set
			sql  string
		}{{&source, s.sourceSet()}, {&rows, s.rowSet()}} {
			lines := &lines{hash: sha256.New()}
			err := tx.Query(ctx, lines.add, side.sql)
			if err != nil {
				return err
			}
			*side.into = Set{lines.n, hex.EncodeToString(lines.hash.Sum(nil))}
		}
		return nil
	})
	return source, rows, err
}

// lines hashes the lines of a set.
type lines struct {
	hash hash.Hash
	n    int64
	line []byte
}

func (l *lines) add(scan Scan) error {
	var id string
	var stamp *time.Time
	if err := scan(&id, &stamp); err != nil {
		return err
	}
	l.line = append(append(l.line[:0], strings.ReplaceAll(id, unit, ",")...), ',')
	if stamp != nil {
		l.line = stamp.UTC().AppendFormat(l.line, "2006-01-02T15:04:05.000Z")
	}
	l.n++
	_, err := l.hash.Write(append(l.line, '\n'))
	return err
}

func (s *compareSQL) sourceSet() string {
	return fill("SELECT {key} AS record, s._catchment_stamp FROM {source} s "+
		"WHERE NOT s._catchment_gone AND {settled} ORDER BY {key}{bytewise}", holes{
		"key": s.record("s"), "source": s.source(false), "settled": s.settled("s"), "bytewise": s.d.Bytewise,
	})
}

func (s *compareSQL) rowSet() string {
	stamp := "CAST(NULL AS " + s.d.Type(Timestamp, 0) + ")"
	if name := s.stamp(); name != "" {
		stamp = s.col("f", name)
	}
	kept := ""
	if s.c.Policy == Ignore {
		kept = fmt.Sprintf(" AND %s IN (SELECT %s FROM %s s WHERE NOT s._catchment_gone)", s.record("f"), s.record("s"),
			s.source(false))
	}
	return fill("SELECT {key} AS record, {stamp} FROM {rows} f WHERE {settled}{kept} ORDER BY {key}{bytewise}", holes{
		"key": s.record("f"), "stamp": stamp, "rows": s.rows(false), "settled": s.settled("f"), "kept": kept,
		"bytewise": s.d.Bytewise,
	})
}

// settled leaves out what is pending or rejected, or can't be judged.
func (s *compareSQL) settled(alias string) string {
	return fmt.Sprintf("NOT EXISTS (SELECT 1 FROM %s p "+
		"WHERE p.how IN ('pending', 'unjudged', 'rejected') AND p.record = %s)", s.suspect, s.record(alias))
}
