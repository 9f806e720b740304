package write

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/salesforce/wire"
	"catchment/internal/salesforce/write/refusal"
	"catchment/internal/schema"
)

// Delete puts up to 200 records into the recycle bin, by one call, with all that Salesforce deletes along.
// Outcomes are in the order of the Ids. Without outcomes nothing was written; with an error beside them they
// are what is known all the same.
func (w *Writer) Delete(ctx context.Context, object string, ids []string, mode Mode) ([]Outcome, error) {
	b, err := w.batchOf(Delete, object, ids, mode)
	if err != nil {
		return nil, err
	}
	call := func() ([]saved, error) {
		path := w.api.Path("composite", "sobjects") + "?ids=" + url.QueryEscape(strings.Join(b.ids(), ",")) +
			"&allOrNone=" + strconv.FormatBool(bool(mode))
		return w.collection(ctx, &wire.Request{Method: http.MethodDelete, Path: path, Once: true}, len(b.sent))
	}
	outcomes, err := b.send(ctx, w, call, w.lookDeleted(object, InBin, looksAfter()))
	return outcomes, named(Delete, object, err)
}

// Fields are what a record is made of: JSON values by API name, a record that is referred to by its external
// Id as an object.
type Fields map[string]json.RawMessage

// Records are what to insert.
type Records struct {
	Object string
	Rows   []Fields
	// Key names a field whose value is another in each row, and in the org: an external Id as a rule. By it a
	// record is found whose answer was lost. Without one its outcome stays Unknown.
	Key string
}

// Insert makes up to 200 records, by one call. Its outcomes are as those of Delete.
func (w *Writer) Insert(ctx context.Context, records Records, mode Mode) ([]Outcome, error) {
	object := records.Object
	if len(records.Rows) > CallAtMost {
		return nil, plan.Failf(plan.Bug, "", "insert %s: %d records in one call", object, len(records.Rows))
	}
	may, err := w.allowance(Insert, object)
	if err != nil {
		return nil, err
	}
	b := &batch{verb: Insert, object: object, prefix: may.Prefix}
	for i, row := range records.Rows {
		b.take(i, "", row.flaw())
	}
	b.settleMode(mode)

	call := func() ([]saved, error) {
		body, err := records.body(b.sent, mode)
		if err != nil {
			return nil, err
		}
		return w.collection(ctx, &wire.Request{
			Method: http.MethodPost,
			Path:   w.api.Path("composite", "sobjects"),
			Header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}},
			Body:   body,
			Once:   true,
		}, len(b.sent))
	}
	keyOf := func(row int64) string { return records.Rows[row].text(records.Key) }
	outcomes, err := b.send(ctx, w, call, w.lookInserted(object, records.Key, keyOf, looksAfter()))
	return outcomes, named(Insert, object, err)
}

// flaw is why a record can't be sent, nil where it can.
func (f Fields) flaw() *refusal.Refusal {
	for name, value := range f {
		if !schema.IsName(name) || strings.EqualFold(name, "Id") || strings.EqualFold(name, "attributes") ||
			!json.Valid(value) {
			return &refusal.Refusal{Code: "INVALID_FIELD", Reason: refusal.Value}
		}
	}
	return nil
}

// text is the value of a field that holds text, else "".
func (f Fields) text(name string) (text string) {
	if json.Unmarshal(f[name], &text) != nil {
		return ""
	}
	return text
}

// body writes the rows that are sent.
func (r Records) body(sent []int, mode Mode) ([]byte, error) {
	attributes, err := json.Marshal(map[string]string{"type": r.Object})
	if err != nil {
		return nil, err
	}
	rows := make([]Fields, len(sent))
	for i, at := range sent {
		rows[i] = Fields{"attributes": attributes}
		for name, value := range r.Rows[at] {
			rows[i][name] = value
		}
	}
	return json.Marshal(struct {
		AllOrNone bool     `json:"allOrNone"`
		Records   []Fields `json:"records"`
	}{bool(mode), rows})
}

// collection sends r and reads its answer, one record after the other. What came before it was cut is given
// with the error.
func (w *Writer) collection(ctx context.Context, r *wire.Request, asked int) (answers []saved, err error) {
	_, err = w.api.Read(ctx, r, func(d *wire.Decoder) error {
		answers, err = readCollection(d, asked)
		return err
	})
	return answers, err
}

// readCollection reads the answers to so many records.
func readCollection(d *wire.Decoder, asked int) (answers []saved, err error) {
	err = d.Array(func() error {
		var one saved
		if len(answers) == asked {
			return errNotOurs
		}
		if err := d.Value(&one); err != nil {
			return err
		}
		answers = append(answers, one)
		return nil
	})
	return answers, err
}

// named says of what err is; nil stays nil.
func named(verb Verb, object string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", verb, object, err)
}
