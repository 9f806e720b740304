package verify_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"catchment/internal/archive"
	"catchment/internal/body"
	"catchment/internal/fakeorg"
	"catchment/internal/rig"
)

// A harm is done to one record, in the copy or in the org, and says what a proof has to find.
type harm struct {
	name string
	do   func(r *rig.Rig, random *rand.Rand, id string)
	want archive.Finding
}

// harms are those of a table whose texts stand in some columns.
func harms(table string, columns ...string) []harm {
	row := func(set func(random *rand.Rand) string) func(*rig.Rig, *rand.Rand, string) {
		return func(r *rig.Rig, random *rand.Rand, id string) {
			r.Exec("UPDATE salesforce." + table + " SET " + set(random) + " WHERE id = '" + id + "'")
		}
	}
	column := func(random *rand.Rand) string { return columns[random.IntN(len(columns))] }
	return []harm{
		{"a character", row(func(random *rand.Rand) string {
			c := column(random)
			return c + " = coalesce(" + c + ", '') || ' '"
		}), archive.Differs},
		{"another text", row(func(random *rand.Rand) string { return column(random) + " = 'Other'" }), archive.Differs},
		{"a stamp", row(func(random *rand.Rand) string {
			return fmt.Sprintf("systemmodstamp = systemmodstamp + INTERVAL '%d' SECOND", random.IntN(9)-10)
		}), archive.Differs},
		{"a row is gone", func(r *rig.Rig, _ *rand.Rand, id string) {
			r.Exec("DELETE FROM salesforce." + table + " WHERE id = '" + id + "'")
		}, archive.Differs},
		{"a row says it is deleted", row(func(*rand.Rand) string {
			return "_catchment_deleted_at = TIMESTAMP '2026-01-01 00:00:00'"
		}), archive.Differs},
		{"edited", func(r *rig.Rig, random *rand.Rand, id string) {
			r.Must(r.Org.Update(id, map[string]any{"Description": fmt.Sprint(random.Uint64())}))
		}, archive.Differs},
		{"drifted", func(r *rig.Rig, random *rand.Rand, id string) {
			r.Must(r.Org.Drift(id, "Description", fmt.Sprint(random.Uint64())))
		}, archive.Differs},
		{"deleted", func(r *rig.Rig, _ *rand.Rand, id string) { r.Delete(id) }, archive.Binned},
		{"purged", func(r *rig.Rig, _ *rand.Rand, id string) {
			r.Delete(id)
			r.Must(r.Org.Purge(id))
		}, archive.Absent},
	}
}

// Whatever happens to copy and org, a record is equal exactly where nothing was done to it.
func TestProveAtRandom(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"duckdb", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			rounds := 3
			if testing.Short() {
				rounds = 1
			}
			for range rounds {
				seed := rand.Uint64()
				random := rand.New(rand.NewPCG(seed, 0))
				org := rig.NewOrg(t, map[string]int{"Account": 5, "Contact": 60},
					func(o *fakeorg.Options) { o.Seed = seed })
				if err := org.GenerateFiles(fakeorg.Files{Attachments: 20, Size: 50}); err != nil {
					t.Fatal(err)
				}
				r := rig.New(t, org, "Contact", "Attachment")
				r.Shelf = rig.NewShelf(t, &cluster, kind)
				r.Flows[1].Bodies = "all"
				r.Begun = func(p *rig.Process) { p.Options.Folder = r.Path("spool") }
				r.Later(time.Hour)
				r.Done(nil)
				r.Later(time.Hour)
				t.Logf("seed %d", seed)
				// first, since a contact that is deleted takes its attachments along
				harmed(r, random, 1, append(harms("attachment", "name", "description"),
					harm{"a flipped bit", func(r *rig.Rig, _ *rand.Rand, id string) {
						flip(r, id, "Attachment")
					}, archive.Differs},
					harm{"a lost body", func(r *rig.Rig, _ *rand.Rand, id string) {
						forget(r, id, "Attachment")
					}, archive.Differs}))
				harmed(r, random, 0, harms("contact", "lastname", "firstname", "title", "mailingcity", "description"))
				onlyBodies(r)
			}
		})
	}
}

// harmed does harm to about half of a flow's records, and proves all of them.
func harmed(r *rig.Rig, random *rand.Rand, n int, harms []harm) {
	r.T.Helper()
	ids, done := r.IDs(r.Flows[n].Object), map[string]harm{}
	for _, id := range ids {
		if h := harms[random.IntN(len(harms))]; random.IntN(2) == 0 {
			h.do(r, random, id)
			done[id] = h
		}
	}
	random.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	for _, v := range proved(r, r.Flows[n], archive.Live, ids...) {
		want := archive.Equal
		if h, harmed := done[v.ID]; harmed {
			want = h.want
		}
		if v.Finding != want {
			r.T.Errorf("%s after %q: %s %s, want %s", v.ID, done[v.ID].name, v.Finding, v.Reason, want)
		}
	}
}

// onlyBodies proves that no page of a proof is left in the stage.
func onlyBodies(r *rig.Rig) {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	for info, err := range p.Stage.List(p.Ctx, "") {
		if _, isBody := body.DigestOf(info.Key); !isBody || err != nil {
			r.T.Errorf("%s is left in the stage, %v", info.Key, err)
		}
	}
}
