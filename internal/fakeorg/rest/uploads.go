package rest

import (
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"strings"

	"catchment/internal/fakeorg/bodies"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/web"
)

// How long a file may be that comes in a part of its own ("Insert or Update Blob
// Data", REST API Developer Guide).
const (
	longestVersion = 2 << 30
	longestOther   = 500 << 20
)

// longestUpload is how long a file of an object may be.
func (a *Records) longestUpload(obj *store.Object) int64 {
	switch {
	case a.options.LongestUpload > 0:
		return a.options.LongestUpload
	case obj.Name() == "ContentVersion":
		return longestVersion
	}
	return longestOther
}

// given reads the fields that a client writes: as JSON, or as JSON and a file in the
// parts of a form.
func (a *Records) given(c *web.Call, obj *store.Object) (map[string]json.RawMessage, error) {
	if !strings.HasPrefix(c.Header.Get("Content-Type"), "multipart/form-data") {
		return givenIn(c)
	}
	parts, err := c.MultipartReader()
	if err != nil {
		return nil, badForm("%v", err)
	}
	u := &upload{bodies: a.ledger.Bodies, obj: obj, longest: a.longestUpload(obj)}
	fields, err := u.read(parts)
	if err != nil {
		u.bodies.Forget(u.key)
	}
	return fields, err
}

// refused takes back the file of a record that wasn't written after all.
func (a *Records) refused(given map[string]json.RawMessage, err error) error {
	for _, value := range given {
		if key, ok := bodies.KeyOf(value); ok {
			a.ledger.Bodies.Forget(key)
		}
	}
	return err
}

// badForm refuses the parts of a form, with the code that Salesforce has been seen to
// answer.
func badForm(format string, args ...any) error {
	return reply.Bad("INVALID_MULTIPART_REQUEST", format, args...)
}

// An upload is a record that comes in two parts: its fields, and a file.
type upload struct {
	bodies  *bodies.Store
	obj     *store.Object
	longest int64

	fields map[string]json.RawMessage
	field  string // that the file belongs to
	key    string // of the file
}

// read reads all parts.
func (u *upload) read(parts *multipart.Reader) (map[string]json.RawMessage, error) {
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return u.whole()
		}
		if err != nil {
			return nil, badForm("%v", err)
		}
		if err := u.take(part); err != nil {
			return nil, err
		}
	}
}

// take reads a part. The one with the fields may be called anything; the one with the
// file is called as the field that holds it.
func (u *upload) take(part *multipart.Part) error {
	if part.FileName() == "" && strings.HasPrefix(part.Header.Get("Content-Type"), "application/json") {
		if u.fields != nil {
			return badForm("Cannot include more than one non-binary part")
		}
		return web.DecodeJSON(part, &u.fields)
	}
	if u.key != "" {
		return badForm("Cannot include more than one binary part")
	}
	at := u.obj.Place(part.FormName())
	if at < 0 || u.obj.Slots[at].Type != "base64" {
		return u.obj.NoColumn(part.FormName())
	}
	key, err := u.bodies.Keep(part, u.longest)
	if errors.Is(err, bodies.ErrTooLong) {
		return reply.Bad("FILE_SIZE_LIMIT_EXCEEDED", "File is larger than %d bytes", u.longest)
	}
	if err != nil {
		return badForm("%v", err)
	}
	u.field, u.key = u.obj.Slots[at].Name, key
	return nil
}

// whole puts the parts together.
func (u *upload) whole() (map[string]json.RawMessage, error) {
	if u.fields == nil {
		return nil, badForm("Multipart message must include a non-binary part")
	}
	delete(u.fields, "attributes")
	if u.key != "" {
		u.fields[u.field] = bodies.Uploaded(u.key)
	}
	return u.fields, nil
}

// RecordOptions say how an org deals with files.
type RecordOptions struct {
	Ranges        bool  // a part of a body may be asked for
	LongestUpload int64 // bytes of a file; as in Salesforce where 0
}
