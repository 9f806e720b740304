package soql

import "testing"

// rowRecord is a Record as a store would have it: values by place.
type rowRecord struct {
	id, name, deleted, modified, revenue string
}

func (r *rowRecord) Value(p *Path) string {
	switch p.Field.Name {
	case "Id":
		return r.id
	case "IsDeleted":
		return r.deleted
	case "SystemModstamp":
		return r.modified
	case "AnnualRevenue":
		return r.revenue
	}
	return r.name
}

func newRow() *rowRecord {
	return &rowRecord{id: "001000000000005AAA", name: "Société Générale", deleted: "false",
		modified: "2026-05-20T10:00:00.000Z", revenue: "123456789012345678.12"}
}

// benchmarked gives the WHERE clauses that a window over millions of records
// uses, all of them true for newRow.
func benchmarked() map[string]string {
	return map[string]string{
		"window":   "SystemModstamp >= 2026-05-01T00:00:00Z AND SystemModstamp < 2026-06-01T00:00:00Z",
		"ids":      "Id >= '001000000000001AAA' AND Id < '001000000000009AAA'",
		"boolean":  "IsDeleted = false AND IsDeleted != true",
		"number":   "AnnualRevenue > 123456789012345678.119",
		"text":     "Name = 'SOCIÉTÉ générale' AND Name LIKE 'soc%ale'",
		"in":       "Id IN ('001000000000003', '001000000000005', '001000000000001AAA')",
		"relative": "SystemModstamp = TODAY OR SystemModstamp = LAST_N_DAYS:7",
	}
}

// TestFilterAllocatesNothing keeps a scan of millions of records out of the
// garbage collector.
func TestFilterAllocatesNothing(t *testing.T) {
	row := newRow()
	for name, where := range benchmarked() {
		filter := mustBind(t, "SELECT Id FROM Account WHERE "+where).Filter(noon())
		if !filter(row) {
			t.Errorf("%s does not match", name)
		}
		if n := testing.AllocsPerRun(100, func() { filter(row) }); n != 0 {
			t.Errorf("%s: %v allocations for each record", name, n)
		}
	}
}

func BenchmarkFilter(b *testing.B) {
	row := newRow()
	for name, where := range benchmarked() {
		b.Run(name, func(b *testing.B) {
			filter := mustBind(b, "SELECT Id FROM Account WHERE "+where).Filter(noon())
			b.ReportAllocs()
			for b.Loop() {
				filter(row)
			}
		})
	}
}
