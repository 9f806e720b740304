package write

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/soql"
	"catchment/internal/salesforce/wire"
	"catchment/internal/salesforce/write/refusal"
)

// A File is a record with a body.
type File struct {
	Object string // ContentVersion, Attachment or Document
	Fields Fields // all but the body
	Size   int64  // of the body, exactly
	Open   func() (io.ReadCloser, error)
	Key    string // as Records.Key says
}

// A fileKind is how an object takes a body (REST API guide, "Insert or Update Blob Data").
type fileKind struct {
	entity string // the name of the part that has the other fields
	body   string // the field of the body, which names its part
	size   string // the field that has its size afterwards
	atMost int64
}

// The sizes that a multipart request may upload.
const (
	versionAtMost = 2 << 30
	otherAtMost   = 500 << 20
)

// kindOf is the table of the objects that have bodies.
func kindOf(object string) (fileKind, bool) {
	switch strings.ToLower(object) {
	case "contentversion":
		return fileKind{"entity_content", "VersionData", "ContentSize", versionAtMost}, true
	case "attachment":
		return fileKind{"entity_attachment", "Body", "BodyLength", otherAtMost}, true
	case "document":
		return fileKind{"entity_document", "Body", "BodyLength", otherAtMost}, true
	}
	return fileKind{}, false
}

// Upload makes one record with its body, which is streamed: no more of it is held than a few kB. Its outcome is
// Row 0; without an error it is known what became of it, or looked up in vain. With an error nothing was
// written, unless the outcome is Unknown.
func (w *Writer) Upload(ctx context.Context, f File) (Outcome, error) {
	may, err := w.allowance(Insert, f.Object)
	if err != nil {
		return Outcome{}, err
	}
	kind, ok := kindOf(f.Object)
	if !ok {
		return Outcome{}, plan.Failf(plan.Bug, "", "upload %s: it has no body", f.Object)
	}
	if flaw := f.flaw(kind); flaw != nil {
		return failed(0, "", *flaw), nil
	}
	request, err := f.request(w.api, kind)
	if err != nil {
		return Outcome{}, named(Insert, f.Object, err)
	}
	if err := w.spend(Insert, f.Object, 1); err != nil {
		return Outcome{}, err
	}
	var answer saved
	_, err = w.api.Read(ctx, request, func(d *wire.Decoder) error { return d.Value(&answer) })
	if undone(err) {
		w.giveBack(Insert, f.Object, 1)
		return ofFile(err), named(Insert, f.Object, ofCall(err))
	}
	if id, flaw := ownID(answer.ID, may.Prefix); err == nil && flaw == nil && answer.Success != nil && *answer.Success {
		return Outcome{ID: id, State: Done}, nil
	}
	outcome, err := w.lookUploaded(ctx, f, kind)
	return outcome, named(Insert, f.Object, err)
}

// flaw is why a file can't be sent, nil where it can.
func (f File) flaw(kind fileKind) *refusal.Refusal {
	for name := range f.Fields {
		if strings.EqualFold(name, kind.body) {
			return &refusal.Refusal{Code: "INVALID_FIELD", Reason: refusal.Value, Fields: []string{kind.body}}
		}
	}
	if f.Size < 0 || f.Size > kind.atMost {
		return &refusal.Refusal{Code: "REQUEST_ENTITY_TOO_LARGE", Reason: refusal.TooLarge}
	}
	return f.Fields.flaw()
}

// request writes what stands before and behind the body.
func (f File) request(api wire.API, kind fileKind) (*wire.Request, error) {
	entity, err := json.Marshal(f.Fields)
	if err != nil {
		return nil, err
	}
	var before bytes.Buffer
	parts := multipart.NewWriter(&before)
	if err := parts.SetBoundary(rand.Text() + rand.Text()); err != nil {
		return nil, err
	}
	part, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="` + kind.entity + `"`},
		"Content-Type":        {"application/json; charset=UTF-8"},
	})
	if err == nil {
		_, err = part.Write(entity)
	}
	if err != nil {
		return nil, err
	}
	// The name of the file is a field of the record. This one only says that the part is a file.
	if _, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="` + kind.body + `"; filename="body"`},
		"Content-Type":        {"application/octet-stream"},
	}); err != nil {
		return nil, err
	}
	after := "\r\n--" + parts.Boundary() + "--\r\n"
	return &wire.Request{
		Method: http.MethodPost,
		Path:   api.Path("sobjects", f.Object),
		Header: http.Header{"Content-Type": {`multipart/form-data; boundary="` + parts.Boundary() + `"`}},
		Once:   true,
		Stream: &wire.Stream{
			Size: int64(before.Len()) + f.Size + int64(len(after)),
			Open: func() (io.ReadCloser, error) { return f.between(before.Bytes(), after) },
		},
	}, nil
}

// between opens the body, with what stands before and behind it.
func (f File) between(before []byte, after string) (io.ReadCloser, error) {
	body, err := f.Open()
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(before), wire.Exactly(body, f.Size), strings.NewReader(after)), body}, nil
}

// ofCall is err where it says nothing of the file, but of the line, the login or the org's limits.
func ofCall(err error) error {
	switch plan.ClassOf(err) {
	case plan.Retry, plan.Wait:
		return err
	}
	if status := fault.StatusOf(err); status == 0 || status == http.StatusUnauthorized {
		return err
	}
	return nil
}

// ofFile is the outcome of a file that was refused.
func ofFile(err error) Outcome {
	if ofCall(err) != nil {
		return Outcome{State: Failed, Refusal: &refusal.Refusal{Code: "NOT_SENT", Reason: refusal.Trouble}}
	}
	return failed(0, "", refusal.Of(fault.CodeOf(err), fault.MessageOf(err), nil))
}

// lookUploaded looks for a file whose answer was lost, by its key. One of another size isn't it.
func (w *Writer) lookUploaded(ctx context.Context, f File, kind fileKind) (Outcome, error) {
	outcome := Outcome{State: Unknown}
	look := w.lookInserted(f.Object, f.Key, func(int64) string { return f.Fields.text(f.Key) }, looksAfter())
	if err := look(ctx, []*Outcome{&outcome}); err != nil || outcome.State != Done {
		return outcome, err
	}
	q := soql.Select{Fields: []string{kind.size}, From: f.Object, Where: []soql.Condition{
		soql.In("Id", []string{outcome.ID})}}
	for r, err := range w.client.Query(ctx, q.String(), false) {
		if err != nil {
			return Outcome{State: Unknown, Found: Live}, err
		}
		if size, err := r.Text(kind.size); err == nil && size == strconv.FormatInt(f.Size, 10) {
			return outcome, nil
		}
	}
	return Outcome{State: Unknown, Found: Live}, nil
}
