package flow

import (
	"reflect"
	"testing"
	"time"

	"catchment/internal/merger"
	"catchment/internal/upkeep"
)

// TestLake reads what only a lake has.
func TestLake(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Warehouse{
		"": {
			Maintain: upkeep.Maintain{By: upkeep.ByUs, Snapshots: 5 * aDay, Orphans: 3 * aDay}},
		"  history: {keep: off}\n  maintain: {by: service}\n": {
			History:  upkeep.History{Off: true},
			Maintain: upkeep.Maintain{By: upkeep.ByService, Snapshots: 5 * aDay, Orphans: 3 * aDay}},
		"  history: {keep: 400d}\n  maintain: {by: off, snapshots: 30d, orphans: 1d}\n": {
			History:  upkeep.History{Keep: 400 * aDay},
			Maintain: upkeep.Maintain{By: upkeep.ByNobody, Snapshots: 30 * aDay, Orphans: aDay}},
		"  merge: {by: auto, start: [spark-submit, --master, \"local[2]\"], patience: 30m}\n": {
			Maintain: upkeep.Maintain{By: upkeep.ByUs, Snapshots: 5 * aDay, Orphans: 3 * aDay},
			Merge: merger.Merger{By: merger.Auto, Start: []string{"spark-submit", "--master", "local[2]"},
				Patience: 30 * time.Minute}},
	} {
		if want.Merge.By == "" {
			want.Merge = merger.Merger{By: merger.Go, Patience: 2 * time.Hour}
		}
		f, err := Parse("c.yaml", []byte("version: 1\norg: {url: https://a.b, login: {flow: sf_cli, alias: a}}\n"+
			"warehouse:\n  url: iceberg:lake\n"+text+"flows: [{object: Account}]\n"), known())
		if err != nil {
			t.Fatal(err)
		}
		if w := f.Warehouse; w.History != want.History || w.Maintain != want.Maintain || !w.File ||
			!reflect.DeepEqual(w.Merge, want.Merge) {
			t.Errorf("%q is read as %+v", text, w)
		}
	}
}
