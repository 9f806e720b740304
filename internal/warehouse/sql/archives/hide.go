package archives

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
)

// hiddenAtOnce is how many Ids one statement looks for.
const hiddenAtOnce = 100

// Hide has the lines of erased records say nothing of who they were: an Id gives way to its digest. What
// became of them, and that their copies were proven, stays.
func Hide(ctx context.Context, tx Tx, of *statements.Tables, ids []string) error {
	table := of.Dialect.Table(of.Options.Schema, own.ArchiveTable)
	for len(ids) > 0 {
		some := ids[:min(len(ids), hiddenAtOnce)]
		for _, column := range []string{"record_id", "new_id"} {
			named, err := namedIn(ctx, tx, of, column, some)
			if err != nil {
				return err
			}
			for _, id := range named {
				_, err := tx.Exec(ctx, fmt.Sprintf("UPDATE %s SET %s = $1 WHERE object = $2 AND %s = $3", table, column,
					column), Hidden(id), of.Table.Object, id)
				if err != nil {
					return err
				}
			}
		}
		ids = ids[len(some):]
	}
	return nil
}

// Hidden is what stands for the Id of an erased record: its SHA-256 in hex.
func Hidden(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}

// namedIn are those of some Ids that a column of the ledger has.
func namedIn(ctx context.Context, tx Tx, of *statements.Tables, column string, ids []string) ([]string, error) {
	b := &dialect.Binds{Dialect: of.Dialect}
	ask := fmt.Sprintf("SELECT DISTINCT %s FROM %s WHERE object = %s AND %s IN (%s)", column,
		of.Dialect.Table(of.Options.Schema, own.ArchiveTable), b.Text(of.Table.Object), column, b.Texts(ids))
	var all []string
	err := tx.Query(ctx, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		all = append(all, id)
		return err
	}, ask, b.Args...)
	return all, err
}
