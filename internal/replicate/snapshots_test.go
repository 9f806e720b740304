package replicate_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"catchment/internal/flow"
	"catchment/internal/rig"
	"catchment/internal/rig/lakes"
	"catchment/internal/warehouse/shape"
)

// A lake keeps what it was. The snapshots are read as each of them comes, by the way that our own merges read, and held
// against what the org's history says at that moment; and once more when the life is over, by the way that others read.
// The stage is the history of versions: each that an attempt has read is in it once.
type snapshots struct {
	t     *testing.T
	lake  *lakes.Lake
	flows func() []flow.Flow
	judge func(fl flow.Flow, now claim, rows map[string][]row) // hears of those that claim something

	mu     sync.Mutex
	seen   map[string]map[int64]map[string]row // by table and snapshot
	merged map[string]map[string][]string      // versions that were merged, by table and attempt
	wrong  []string
}

// inLake has a life's catchment copy into a lake, whose snapshots are looked at.
func (l *life) inLake() {
	lake := lakes.New(l.T)
	lake.History.Off = l.dice.IntN(4) == 0
	l.Shelf = lake.Shelf()
	l.snapshots = watch(l.T, lake, func() []flow.Flow { return l.Flows }, l.claims.check)
}

// watch has every snapshot be read that a lake's processes make.
func watch(
	t *testing.T, lake *lakes.Lake, flows func() []flow.Flow, judge func(flow.Flow, claim, map[string][]row),
) *snapshots {
	s := &snapshots{t: t, lake: lake, flows: flows, judge: judge, seen: map[string]map[int64]map[string]row{},
		merged: map[string]map[string][]string{}}
	lake.Committed = s.committed
	return s
}

// committed reads the snapshots of a final table that nobody has seen yet.
func (s *snapshots) committed(schema, table string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fl := range s.flows() {
		if schema != "salesforce" || table != shape.TableName(fl.Object, false) {
			continue
		}
		all, err := s.lake.Snapshots(table)
		s.check(err)
		for _, one := range all {
			if s.seen[table][one.ID] == nil {
				s.see(fl, table, one)
			}
		}
	}
}

func (s *snapshots) check(err error) {
	if err != nil {
		s.wrong = append(s.wrong, err.Error())
	}
}

// see reads one snapshot.
func (s *snapshots) see(fl flow.Flow, table string, one lakes.Snapshot) {
	texts, err := s.lake.InOrder(table, one.ID, looked...)
	s.check(err)
	rows := rowsIn(texts)
	if s.seen[table] == nil {
		s.seen[table], s.merged[table] = map[int64]map[string]row{}, map[string][]string{}
	}
	s.seen[table][one.ID] = s.single(fmt.Sprintf("snapshot %d of %s", one.ID, table), rows)
	if one.Attempt != "" && s.merged[table][one.Attempt] == nil {
		all, err := s.lake.Versions(table)
		s.check(err)
		s.merged[table][one.Attempt] = slices.Collect(maps.Keys(all[one.Attempt]))
	}
	if one.Grade != "" && s.judge != nil {
		s.judge(fl, claim{object: fl.Object, grade: one.Grade, until: one.Until, generation: one.Generation}, rows)
	}
}

// single are rows by their Ids, each of which has one.
func (s *snapshots) single(where string, rows map[string][]row) map[string]row {
	all := map[string]row{}
	for id, has := range rows {
		if len(has) > 1 {
			s.wrong = append(s.wrong, fmt.Sprintf("%s has %d rows of %s", where, len(has), id))
		}
		all[id] = has[0]
	}
	return all
}

// ended reads everything once more, and tells how many snapshots there were.
func (s *snapshots) ended() int {
	s.t.Helper()
	n, wrong := s.look()
	if len(wrong) > 0 {
		first := wrong[:min(len(wrong), 5)]
		s.t.Errorf("%d things are wrong with snapshots:\n  %s", len(wrong), strings.Join(first, "\n  "))
	}
	return n
}

// look finds out whether what the snapshots were they are, and whether the stage has each version once. It tells what
// is wrong, of what was seen before, too.
func (s *snapshots) look() (n int, wrong []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for table, seen := range s.seen {
		all, err := s.lake.Snapshots(table)
		s.check(err)
		for _, one := range all {
			texts, err := s.lake.At(table, one.ID, looked...)
			s.check(err)
			n++
			where := fmt.Sprintf("snapshot %d of %s", one.ID, table)
			if now := s.single(where, rowsIn(texts)); !maps.Equal(now, seen[one.ID]) {
				s.wrong = append(s.wrong, fmt.Sprintf("%s is %v to others, and was %v", where, now, seen[one.ID]))
			}
		}
		s.staged(table)
	}
	if n == 0 {
		s.wrong = append(s.wrong, "no snapshot was ever seen")
	}
	return n, s.wrong
}

// staged looks at the history of versions.
func (s *snapshots) staged(table string) {
	all, err := s.lake.Versions(table)
	s.check(err)
	for attempt, versions := range all {
		for version, n := range versions {
			if n > 1 {
				s.wrong = append(s.wrong, fmt.Sprintf("the stage of %s has %s of attempt %s %d times", table, version,
					attempt, n))
			}
		}
	}
	for attempt, versions := range s.merged[table] {
		for _, version := range versions {
			if !s.lake.History.Off && all[attempt][version] == 0 {
				s.wrong = append(s.wrong, fmt.Sprintf("the stage of %s lacks %s of attempt %s, which was merged", table,
					version, attempt))
			}
		}
	}
}

// What looks at snapshots is itself held to account: it hears of what a hand does, and of the truth it has nothing to
// say.
func TestSnapshotsAreChecked(t *testing.T) {
	t.Parallel()
	const final, stage = "salesforce", "salesforce_incremental"
	double, lose := (*lakes.Lake).Double, (*lakes.Lake).Lose
	for _, hand := range []struct {
		name   string
		do     func(l *lakes.Lake, schema, table string) error
		schema string
		seen   bool // as if a process had done it
		want   string
	}{
		{"none", nil, "", false, ""},
		{"rows twice", double, final, true, "has 2 rows of"},
		{"a row that is gone", lose, final, true, "is missing"},
		{"a snapshot that nobody saw", lose, final, false, "and was map[]"},
		{"versions twice", double, stage, false, "2 times"},
		{"a version that is gone", lose, stage, false, "which was merged"},
	} {
		t.Run(hand.name, func(t *testing.T) {
			t.Parallel()
			l := newLife(t, 1, rig.Shelf{}, &tallied{}, 0)
			l.Flows = l.Flows[:1]
			l.Flows[0].Deletes, l.Flows[0].Mover = flow.Flag, flow.Auto
			l.inLake()
			lake, table := l.snapshots.lake, shape.TableName(thing, false)
			lake.History.Off = false
			l.Done(nil)
			if hand.do != nil {
				l.Must(hand.do(lake, hand.schema, table))
			}
			if hand.seen {
				lake.Committed(hand.schema, table)
			}
			n, wrong := l.snapshots.look()
			got := strings.Join(append(wrong, l.claims.wrong...), "\n")
			if n == 0 || (got == "") != (hand.want == "") || !strings.Contains(got, hand.want) {
				t.Errorf("of %d snapshots it says %q, want %q", n, got, hand.want)
			}
		})
	}
}
