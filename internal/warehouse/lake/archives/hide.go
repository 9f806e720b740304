package archives

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/lake/erasing"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
)

// Hide has the lines of erased records say nothing of who they were: an Id gives way to its digest. What became of
// them, and that their copies were proven, stays. Files that held the Ids are written anew without them; those of
// older snapshots go with these.
func (l *Ledger) Hide(ctx context.Context, object string, ids map[string]bool) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := l.at.Lake.Commit(ctx, l.name(), func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		said, live, err := l.naming(ctx, t, object, ids)
		if err != nil || len(said) == 0 {
			return nil, err
		}
		c, _, err := erasing.Without(ctx, t, erasing.Records{Key: own.ArchiveOrder(), Keys: said}, l.at.Scratch)
		if err != nil || c == nil {
			return nil, err
		}
		for i := range live {
			live[i].ID, live[i].NewID = hidden(live[i].ID, ids), hidden(live[i].NewID, ids)
		}
		slices.SortFunc(live, compare)
		come, err := files(ctx, t, live)
		c.Rows = append(c.Rows, come...)
		return c, err
	})
	if errors.Is(err, tables.ErrNone) {
		return nil
	}
	return named("hide erased records in the ledger of archives", err)
}

// naming finds what names one of some records: the keys of such lines, of dead ones, too, and the lines that live.
func (l *Ledger) naming(
	ctx context.Context, t *table.Table, object string, ids map[string]bool,
) (said map[string]bool, live []archived.Line, err error) {
	all := slices.Sorted(maps.Keys(ids))
	where := iceberg.NewAnd(says("object", object), iceberg.NewOr(iceberg.IsIn(iceberg.Reference("record_id"), all...),
		iceberg.IsIn(iceberg.Reference("new_id"), all...)))
	said = map[string]bool{}
	q := rows.Query{Key: own.ArchiveOrder(), Where: where, Dead: true, AnyOrder: true}
	err = l.each(ctx, t, q, func(b rows.Batch) error {
		for _, key := range b.Keys {
			said[key] = true
		}
		return nil
	})
	if err != nil || len(said) == 0 {
		return nil, nil, err
	}
	q = rows.Query{Key: own.ArchiveOrder(), Keys: slices.Sorted(maps.Keys(said)), Columns: names(), AnyOrder: true}
	err = l.each(ctx, t, q, func(b rows.Batch) error {
		for i := range b.Keys {
			live = append(live, lineAt(b.Record, i))
		}
		return nil
	})
	return said, live, err
}

// hidden is what stands for the Id of an erased record: its SHA-256 in hex. Other Ids stay.
func hidden(id string, erased map[string]bool) string {
	if !erased[id] {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}
