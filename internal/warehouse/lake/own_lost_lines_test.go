package lake_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/maintained"
)

// ourFile is the path of the one data file that a table beside the final ones has.
func (h *holder) ourFile(name string) string {
	h.t.Helper()
	paths := h.filesOf(own.Table{Name: name, Beside: true}, stamped())
	if len(paths) != 1 {
		h.t.Fatalf("%s has %d files", name, len(paths))
	}
	return paths[0]
}

// TestLedgerLost has the ledger of archives lose a file. No merge goes on without its lines, and nobody lets go of
// them: they say which records are on their way out. With the file back, all is as it was.
func TestLedgerLost(t *testing.T) {
	t.Parallel()
	h := holdingTwo(t)
	f := warehouse.Fence{Flow: stamped().Object, Number: 1}
	ledger, _ := archived.Of(h.w)
	must(t, ledger.Write(t.Context(), f, []archived.Line{
		{Plan: "old", Object: stamped().Object, ID: "001", State: archived.Posted, Batch: 1}}))
	path := h.ourFile(own.Archive)
	was, err := os.ReadFile(path)
	must(t, err)
	must(t, os.Remove(path))

	err = h.run(stamped(), "without")
	lost, is := errors.AsType[*rows.LostFile](err)
	if !is || where(lost.Path) != path || plan.ClassOf(err) != plan.Fix {
		t.Errorf("%v, of class %s", err, plan.ClassOf(err))
	}
	keeper, _ := maintained.Of(h.w)
	_, err = keeper.MaintainOwn(t.Context(), maintained.LetGo)
	if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), own.Archive) ||
		!strings.Contains(err.Error(), "on their way out of Salesforce") {
		t.Errorf("let go: %v", err)
	}

	must(t, os.WriteFile(path, was, 0o600))
	must(t, h.run(stamped(), "without"))
	left, err := ledger.Lookup(t.Context(), "old", stamped().Object, []string{"001"})
	if err != nil || len(left) != 1 {
		t.Errorf("%d lines, %v", len(left), err)
	}
}

// TestRegisterLost has the register of files lose a file. Who asks it hears which; once it is let go of, the bodies
// wait to be read again.
func TestRegisterLost(t *testing.T) {
	t.Parallel()
	h := holdingTwo(t)
	f := warehouse.Fence{Flow: stamped().Object, Number: 1}
	register, _ := bodies.Of(h.w)
	must(t, register.Write(t.Context(), f, stamped().Object, []bodies.Line{{ID: "001", State: bodies.Nothing}}))
	path := h.ourFile(own.Files)
	must(t, os.Truncate(path, 100))

	_, err := register.Lines(t.Context(), stamped().Object, "", 10)
	lost, is := errors.AsType[*rows.LostFile](err)
	if !is || where(lost.Path) != path || !strings.Contains(plan.HintOf(err), "maintain --let-go") {
		t.Errorf("%v, hint %q", err, plan.HintOf(err))
	}
	must(t, h.run(stamped(), "beside"))
	h.letsGo(sideOf(own.Table{Beside: true}), own.Files, 1)
	lines, err := register.Lines(t.Context(), stamped().Object, "", 10)
	if err != nil || len(lines) != 0 {
		t.Errorf("%d lines, %v", len(lines), err)
	}
}
