package warehousetest

import (
	"context"
	"errors"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// errLost is what a client sees when the answer to COMMIT never came.
var errLost = errors.New("connection reset")

// A lossy driver commits, and loses the answer.
type lossy struct{ passing }

func (d lossy) Tx(ctx context.Context, f func(warehouse.Tx) error) error {
	if err := d.Driver.Tx(ctx, f); err != nil {
		return err
	}
	return errLost
}

func (d lossy) Prepared(ctx context.Context, ddl []string, f func(warehouse.Tx) error) error {
	if err := d.passing.Prepared(ctx, ddl, f); err != nil {
		return err
	}
	return errLost
}

// A failing driver fails at the nth statement of a transaction.
type failing struct {
	passing
	at int
}

type failingTx struct {
	warehouse.Tx
	left *int
}

func (d failing) Tx(ctx context.Context, f func(warehouse.Tx) error) error {
	left := d.at
	return d.Driver.Tx(ctx, func(tx warehouse.Tx) error { return f(failingTx{tx, &left}) })
}

func (d failing) Prepared(ctx context.Context, ddl []string, f func(warehouse.Tx) error) error {
	if d.at < len(ddl) {
		return errors.Join(errLost, d.passing.Prepared(ctx, ddl[:d.at], nil))
	}
	left := d.at - len(ddl)
	if f == nil {
		return d.passing.Prepared(ctx, ddl, nil)
	}
	return d.passing.Prepared(ctx, ddl, func(tx warehouse.Tx) error { return f(failingTx{tx, &left}) })
}

func (t failingTx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if *t.left--; *t.left < 0 {
		return 0, errLost
	}
	return t.Tx.Exec(ctx, sql, args...)
}

func fences(r *rig) {
	ctx := r.t.Context()
	in := r.puts("a1", 100, rec("1", 10, false, "one"))
	m, err := r.w.Claim(ctx, warehouse.Fence{Flow: "Account", Number: 5}, "account", org)
	must(r.t, err)
	same(r.t, "fence", m.Fence, 5)
	_, claim := r.w.Claim(ctx, r.fence, "account", org)
	_, load := r.w.Load(ctx, r.fence, r.batch(in))
	_, merge := r.w.Consolidate(ctx, r.fence, r.mergeOf(in))
	_, prepare := r.w.Prepare(ctx, r.fence, r.table)
	_, unknown := r.w.Load(ctx, warehouse.Fence{Flow: "Nobody", Number: 9}, r.batch(in))
	for what, err := range map[string]error{"claim": claim, "load": load, "consolidate": merge, "prepare": prepare,
		"discard": r.w.Discard(ctx, r.fence, "a1"), "a flow without a mark": unknown} {
		same(r.t, what+" is refused", errors.Is(err, warehouse.ErrFenced), true)
	}
	r.fence.Number = 5
	r.read(in)
}

func otherOrg(r *rig) {
	for _, who := range [][2]string{{"account", "00D000000000002AAA"}, {"konto", org}} {
		_, err := r.w.Claim(r.t.Context(), r.fence, who[0], who[1])
		same(r.t, "class", plan.ClassOf(err), plan.Fix)
		same(r.t, "hint", plan.HintOf(err) != "", true)
	}
}

func oneFlowEach(r *rig) {
	ctx := r.t.Context()
	other := warehouse.Fence{Flow: "Acc_Ount", Number: 1}
	_, err := r.w.Claim(ctx, other, "account", org)
	same(r.t, "class", plan.ClassOf(err), plan.Fix)
	same(r.t, "hint", plan.HintOf(err) != "", true)
	_, known, err := r.w.Mark(ctx, other.Flow)
	must(r.t, err)
	same(r.t, "it has a mark", known, false)
}

func lostAnswer(r *rig) {
	ctx := r.t.Context()
	lost := r.over(lossy{passing{r.driver}})
	in := r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, true, "two"))
	_, err := lost.Load(ctx, r.fence, r.batch(in))
	same(r.t, "load", errors.Is(err, errLost), true)
	n, err := r.w.Load(ctx, r.fence, r.batch(in))
	must(r.t, err)
	same(r.t, "rows in the ledger", n, 2)
	_, err = lost.Consolidate(ctx, r.fence, r.mergeOf(in))
	same(r.t, "consolidate", errors.Is(err, errLost), true)
	c, err := r.w.Consolidate(ctx, r.fence, r.mergeOf(in))
	must(r.t, err)
	same(r.t, "counts", c, warehouse.Counts{Staged: 2, Inserted: 2, Rows: 2})
	sameRows(r.t, r.rows(columns), "1|one|true|~", "2|two|false|soft")
}

func atomic(r *rig) {
	ctx := r.t.Context()
	r.read(r.puts("a1", 100, rec("1", 10, false, "one"), rec("2", 10, false, "two")))
	in := r.puts("a2", 200, rec("1", 120, true, "one"), rec("3", 120, false, "three"))
	in.merge.Policy = warehouse.Remove
	before := r.rows(columns)
	for n := 0; ; n++ {
		_, err := r.over(failing{passing{r.driver}, n}).Load(ctx, r.fence, r.batch(in))
		if err == nil {
			break
		}
		same(r.t, "nothing staged", r.query(`SELECT count(*) FROM "salesforce_incremental"."account"`)[0], "0")
	}
	for n := 0; ; n++ {
		c, err := r.over(failing{passing{r.driver}, n}).Consolidate(ctx, r.fence, r.mergeOf(in))
		if err == nil {
			same(r.t, "counts", c, warehouse.Counts{Staged: 2, Inserted: 1, Deleted: 1, Rows: 2})
			break
		}
		sameRows(r.t, r.rows(columns), before...)
	}
	sameRows(r.t, r.rows(columns), "2|two|true|~", "3|three|true|~")
}

func readOnly(r *rig) {
	err := r.driver.View(r.t.Context(), func(tx warehouse.Tx) error {
		_, err := tx.Exec(r.t.Context(), `INSERT INTO "salesforce"."account" (id) VALUES ('1')`)
		return err
	})
	same(r.t, "refused", err != nil, true)
	sameRows(r.t, r.rows("id"))
}
