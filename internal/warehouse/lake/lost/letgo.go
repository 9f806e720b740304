package lost

import (
	"context"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/tables"
)

// LetGo takes what is lost out of a table whose rows nobody can read anew, and tells what it was. The rest of the table
// can be read then.
func LetGo(ctx context.Context, in *tables.Lake, name table.Identifier) (lost Files, err error) {
	_, err = in.Commit(ctx, name, func(ctx context.Context, t *table.Table) (_ *tables.Change, err error) {
		lost, err = In(ctx, t, nil)
		if err != nil || len(lost) == 0 {
			return nil, err
		}
		return lost.Out(), nil
	})
	return lost, err
}
