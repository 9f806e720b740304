package rest

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"catchment/internal/fakeorg/bodies"
	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/faults"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/web"
)

// readBody answers with the bytes that a field of a record holds.
func (a *Records) readBody(field string) web.Handler {
	return func(w http.ResponseWriter, c *web.Call) error {
		if web.IsInner(c.Request) {
			return reply.Bad("INVALID_REQUEST", "The resource isn't supported in a composite request")
		}
		r, err := a.pathRow(c)
		if err != nil {
			return err
		}
		at := r.Object.Place(field)
		if at < 0 || r.Object.Slots[at].Type != "base64" || r.Text(at) == "" {
			return reply.NotFound()
		}
		body, err := a.ledger.Bodies.Open(r.Text(at))
		if err != nil {
			return err
		}
		rule := c.Fault.OfBody()
		body = faulty(body, rule)
		part := span{0, body.Size}
		if asked := c.Header.Get("Range"); asked != "" && a.options.Ranges && !rule.IgnoreRange {
			if part, err = spanOfBody(asked, body.Size); err != nil {
				w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", body.Size))
				return err
			}
		}
		sendPart(w, body, part, rule.Vanish)
		if rule.Vanish {
			a.vanish(w, r)
		}
		return nil
	}
}

// A span is a part of a body: from a byte up to another one.
type span struct{ from, to int64 }

// spanOfBody reads a Range of one part: "bytes=100-199", "bytes=100-" or "bytes=-100".
func spanOfBody(asked string, size int64) (span, error) {
	unreachable := reply.Refuse(http.StatusRequestedRangeNotSatisfiable, "INVALID_RANGE", "The body has %d bytes", size)
	text, ok := strings.CutPrefix(asked, "bytes=")
	first, last, both := strings.Cut(text, "-")
	if !ok || !both || strings.Contains(text, ",") {
		return span{0, size}, nil // what can't be understood is ignored (RFC 9110, 14.2)
	}
	from, err := strconv.ParseInt(first, 10, 64)
	switch {
	case first == "":
		tail, err := strconv.ParseInt(last, 10, 64)
		if err != nil || tail <= 0 {
			return span{}, unreachable
		}
		return span{max(0, size-tail), size}, nil
	case err != nil || from >= size:
		return span{}, unreachable
	}
	to, err := strconv.ParseInt(last, 10, 64)
	switch {
	case last == "":
		to = size - 1
	case err != nil || to < from:
		return span{}, unreachable
	}
	return span{from, min(to+1, size)}, nil
}

// sendPart answers with a part of a body, or with the first half of that.
func sendPart(w http.ResponseWriter, body bodies.Body, part span, half bool) {
	h, length := w.Header(), part.to-part.from
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.FormatInt(length, 10))
	if length == body.Size {
		w.WriteHeader(http.StatusOK)
	} else {
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", part.from, part.to-1, body.Size))
		w.WriteHeader(http.StatusPartialContent)
	}
	if half {
		length /= 2
	}
	_, _ = io.Copy(w, io.NewSectionReader(body, part.from, length)) // a broken connection is the client's to notice
}

// vanish deletes a record whose body is being sent, and breaks the connection.
// A version goes with its document.
func (a *Records) vanish(w http.ResponseWriter, r *store.Row) {
	obj, id := r.Object, r.Text(r.Object.Sys.ID)
	if at := obj.Place("ContentDocumentId"); at >= 0 {
		id = r.Text(at)
		obj, _ = a.store.Catalog().Owner(id)
	}
	_ = http.NewResponseController(w).Flush()                                   // what was sent arrives
	_ = a.ledger.Write(func(e *change.Edit) error { return e.Remove(obj, id) }) // or somebody has done it
	panic(http.ErrAbortHandler)
}

// faulty is a body as a rule has it.
func faulty(body bodies.Body, rule faults.BodyRule) bodies.Body {
	if rule.Resize != 0 {
		body = bodies.Body{ReaderAt: padded{body}, Size: max(0, body.Size+rule.Resize)}
	}
	if rule.Spoil {
		body.ReaderAt = spoilt{body.ReaderAt}
	}
	return body
}

// padded is a body with zeros behind it, as many as anybody reads.
type padded struct{ bodies.Body }

// ReadAt implements io.ReaderAt.
func (b padded) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	if at < b.Size {
		if _, err := b.Body.ReadAt(p[:min(int64(len(p)), b.Size-at)], at); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// spoilt is a body whose first bit is another one.
type spoilt struct{ io.ReaderAt }

// ReadAt implements io.ReaderAt.
func (b spoilt) ReadAt(p []byte, at int64) (int, error) {
	n, err := b.ReaderAt.ReadAt(p, at)
	if at == 0 && n > 0 {
		p[0] ^= 1
	}
	return n, err
}
