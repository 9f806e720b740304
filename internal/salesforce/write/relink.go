package write

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"catchment/internal/salesforce/soql"
	"catchment/internal/salesforce/wire"
	"catchment/internal/salesforce/write/refusal"
	"catchment/internal/schema"
)

// A Link has lookups of one record lead to other records.
type Link struct {
	ID      string
	Lookups map[string]string // the Id that each is to hold, by the field's API name; never ""
}

// Relink changes lookups of up to 200 records, by one call: those fields that the purpose names, and nothing
// but Ids. Its outcomes are as those of Delete.
func (w *Writer) Relink(ctx context.Context, object string, links []Link, mode Mode) ([]Outcome, error) {
	may, err := w.allowance(Relink, object)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(links))
	for i, l := range links {
		ids[i] = l.ID
	}
	b, err := w.batchOf(Relink, object, ids, EachAlone)
	if err != nil {
		return nil, err
	}
	b.sent = slices.DeleteFunc(b.sent, func(at int) bool {
		flaw := links[at].flaw(may)
		if flaw != nil {
			b.outcomes[at] = failed(int64(at), b.outcomes[at].ID, *flaw)
		}
		return flaw != nil
	})
	b.settleMode(mode)

	call := func() ([]saved, error) {
		body, err := linksBody(object, b, links, mode)
		if err != nil {
			return nil, err
		}
		return w.collection(ctx, &wire.Request{
			Method: http.MethodPatch,
			Path:   w.api.Path("composite", "sobjects"),
			Header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}},
			Body:   body,
			Once:   true,
		}, len(b.sent))
	}
	outcomes, err := b.send(ctx, w, call, w.lookLinked(object, links))
	return outcomes, named(Relink, object, err)
}

// flaw is why a link can't be sent, nil where it can.
func (l Link) flaw(may Allowance) *refusal.Refusal {
	if len(l.Lookups) == 0 {
		return &refusal.Refusal{Code: "INVALID_FIELD", Reason: refusal.Value}
	}
	for field, id := range l.Lookups {
		allowed := slices.ContainsFunc(may.Fields, func(name string) bool { return strings.EqualFold(name, field) })
		if _, ok := fullID(id); !ok || !allowed || !schema.IsName(field) || strings.EqualFold(field, "Id") {
			return &refusal.Refusal{Code: "INVALID_FIELD", Reason: refusal.Value}
		}
	}
	return nil
}

// linksBody writes the links that are sent.
func linksBody(object string, b *batch, links []Link, mode Mode) ([]byte, error) {
	rows := make([]map[string]any, len(b.sent))
	for i, at := range b.sent {
		rows[i] = map[string]any{"attributes": map[string]string{"type": object}, "id": b.outcomes[at].ID}
		for field, id := range links[at].Lookups {
			rows[i][field] = id
		}
	}
	return json.Marshal(map[string]any{"allOrNone": bool(mode), "records": rows})
}

// lookLinked looks at the lookups themselves: those that lead where they were to lead are done.
func (w *Writer) lookLinked(object string, links []Link) looker {
	return func(ctx context.Context, open []*Outcome) error {
		return w.look(ctx, looksAfter(), open, func(ctx context.Context, open []*Outcome) error {
			for some := range slices.Chunk(open, idsInQuery) {
				if err := w.findLinks(ctx, object, some, links); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// findLinks settles some outcomes by where the lookups of their records lead.
func (w *Writer) findLinks(ctx context.Context, object string, some []*Outcome, links []Link) error {
	fields, ids := []string{"Id"}, make([]string, len(some))
	byID := map[string]*Outcome{}
	for i, o := range some {
		ids[i], byID[o.ID] = o.ID, o
		o.Found = Absent
		for field := range links[o.Row].Lookups {
			if !slices.Contains(fields, field) {
				fields = append(fields, field)
			}
		}
	}
	slices.Sort(fields[1:])
	q := soql.Select{Fields: fields, From: object, Where: []soql.Condition{soql.In("Id", ids)}}
	for r, err := range w.client.Query(ctx, q.String(), false) {
		if err != nil {
			return err
		}
		id, err := recordID(r)
		if err != nil {
			return err
		}
		o := byID[id]
		if o == nil { // nobody asked for it
			continue
		}
		o.State, o.Found = Done, NotSeen
		for field, to := range links[o.Row].Lookups {
			has, err := r.Text(field)
			if err != nil {
				return err
			}
			wanted, _ := fullID(to)
			if full, _ := fullID(has); full != wanted {
				o.State, o.Found = Unknown, Live
			}
		}
	}
	return nil
}
