package removal

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"catchment/internal/archive/manifest"
	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/policy"
	"catchment/internal/salesforce"
	"catchment/internal/schema"
	"catchment/internal/warehouse/archived"
)

// A warden looks at the roots of records that are about to go.
type warden struct {
	*run
	digest [sha256.Size]byte // of the files of holds, as they were read last
	read   bool
	kept   map[string]bool // roots that those files keep
}

// held finds the roots that a hold keeps as the holds are now: a hold may come after the
// approval.
func (w *warden) held(ctx context.Context, roots []string) (map[string]bool, error) {
	object, err := w.known.describe(ctx, w.paper.head.Policy.Root)
	if err != nil {
		return nil, err
	}
	if err := w.holdFiles(ctx); err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, id := range roots {
		if w.kept[id] {
			found[id] = true
		}
	}
	for _, h := range w.policy.Hold {
		if h.File != "" {
			continue
		}
		f := lookup.Finder{Org: w.Org, Object: object, Where: h.Where, Before: w.spare}
		for record, err := range f.Records(ctx, roots, []string{"Id"}) {
			if err != nil {
				return nil, fmt.Errorf("ask which records a hold keeps: %w", err)
			}
			id, err := record.Text("Id")
			if err != nil {
				return nil, err
			}
			found[id] = true
		}
	}
	return found, nil
}

// holdFiles reads the files of holds again where they have changed. An Id in one keeps its
// root, and with it all that goes with that.
func (w *warden) holdFiles(ctx context.Context) error {
	ids := map[string]bool{}
	sum := sha256.New()
	for _, h := range w.policy.Hold {
		if h.File == "" {
			continue
		}
		if err := readHolds(h, sum, ids); err != nil {
			return err
		}
	}
	digest := [sha256.Size]byte(sum.Sum(nil))
	if w.read && digest == w.digest {
		return nil
	}
	roots := map[string]bool{}
	if len(ids) > 0 {
		_, err := w.paper.read(ctx, manifest.Each{Record: func(record manifest.Record) error {
			if ids[record.ID] || ids[record.Root] {
				roots[record.Root] = true
			}
			return nil
		}})
		if err != nil {
			return err
		}
	}
	w.digest, w.read, w.kept = digest, true, roots
	return nil
}

// readHolds reads the Ids of a file of holds, one a line. A line that is none is refused: it
// may be meant to keep something.
func readHolds(h policy.Hold, sum io.Writer, ids map[string]bool) error {
	in, err := os.Open(h.File) // #nosec G304 -- the user names it
	if err != nil {
		return plan.Fixf("put the file of holds back, or plan anew without it", "read holds: %w", err)
	}
	defer func() { _ = in.Close() }() // it was only read
	lines := bufio.NewScanner(io.TeeReader(in, sum))
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		id, err := schema.ID18(text)
		if err != nil {
			return plan.Fixf("write one Id a line", "line %d of the file of holds has no Id", n)
		}
		ids[id] = true
	}
	return lines.Err()
}

// roots decides on the roots of records that are about to go: where one is kept, or isn't as
// it was planned any more, what goes with it stays.
func (w *warden) roots(ctx context.Context, roots []string) (map[string]ruling, error) {
	kept := map[string]ruling{}
	held, err := w.held(ctx, roots)
	if err != nil {
		return nil, err
	}
	for id := range held {
		kept[id] = ruling{fateEnded, archived.Held, whyHold}
	}
	name := w.paper.head.Policy.Root
	lines, err := w.ledger.Lookup(ctx, w.paper.name, name, roots)
	if err != nil {
		return nil, err
	}
	object, err := w.known.describe(ctx, name)
	if err != nil {
		return nil, err
	}
	stamps, err := w.stamps(ctx, object, roots)
	if err != nil {
		return nil, err
	}
	for _, line := range lines {
		if _, is := kept[line.ID]; is {
			continue
		}
		stamp, lives := stamps[line.ID]
		switch {
		case line.State == archived.Held:
			kept[line.ID] = ruling{fateEnded, archived.Held, line.Reason}
		case line.State.Ended() && line.State != archived.Deleted && line.State != archived.Vanished:
			kept[line.ID] = ruling{fateEnded, archived.Changed, whyKept}
		case lives && line.State == archived.Proven && !stamp.at.Equal(line.Stamp) && !w.ours(stamp.at, stamp.author):
			kept[line.ID] = ruling{fateEnded, archived.Changed, whyRoot}
		}
	}
	return kept, nil
}

// A stamp is when a record changed last, and by whom.
type stamp struct {
	at     time.Time
	author string
}

// stamps asks for those of living records.
func (w *warden) stamps(ctx context.Context, object schema.Object, ids []string) (map[string]stamp, error) {
	fields := []string{"Id", "IsDeleted"}
	cursor := object.Cursor().Field
	if cursor == "" {
		return nil, nil
	}
	fields = append(fields, cursor)
	if _, has := object.Field("LastModifiedById"); has {
		fields = append(fields, "LastModifiedById")
	}
	all := map[string]stamp{}
	f := lookup.Finder{Org: w.Org, Object: object, Before: w.spare}
	for record, err := range f.Records(ctx, ids, fields) {
		if err != nil {
			return nil, err
		}
		texts := map[string]string{}
		for _, name := range fields {
			if texts[name], err = record.Text(name); err != nil {
				return nil, err
			}
		}
		if texts["IsDeleted"] == "true" {
			continue
		}
		at, err := salesforce.ParseTime(texts[cursor])
		if err != nil {
			return nil, err
		}
		all[texts["Id"]] = stamp{at, texts["LastModifiedById"]}
	}
	return all, nil
}

// ours tells whether a change comes from our own deletes: an org counts again what hung on a
// record, and stamps it, in the name of who deleted. Stamps have no more than seconds, so that
// the first batch waits for the next one.
func (r *run) ours(at time.Time, author string) bool {
	return author != "" && author == r.user && !r.first.IsZero() && at.After(r.first)
}
