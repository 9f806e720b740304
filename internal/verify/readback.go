package verify

import (
	"context"
	"crypto/md5" // #nosec G501 -- Salesforce's own checksum of a file; the digest that proves is SHA-256
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"catchment/internal/archive"
	"catchment/internal/body"
	"catchment/internal/files/holdings"
	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
	"catchment/internal/warehouse/bodies"
)

// A readback reads bodies back from the blob store, each once for all the files that have it.
type readback struct {
	*proof
	of        body.Fields
	documents bool // the records are documents, and of says what their versions have
	register  bodies.Register
	catalog   bodies.Catalog
	known     map[string]error // what became of those that were read, by their SHA-256
	since     struct{ bytes, bodies int64 }
}

// A held is what was found of a record's bodies: they were read back, or why not.
type held struct {
	bodies []archive.Body
	why    string
}

// isDocument tells of an object whether its records have versions that are files.
func isDocument(object string) bool { return strings.EqualFold(object, "ContentDocument") }

// prove proves the body of one file. An error is no file's own.
func (r *readback) prove(ctx context.Context, f bodies.File, line *bodies.Line) (held, error) {
	if why, none := r.registered(f, line); why != "" || none {
		return held{why: why}, nil
	}
	if err := r.pace(ctx, line.Size); err != nil {
		return held{}, err
	}
	if err := r.stored(ctx, f.ID, line); err != nil {
		if holdings.IsLost(err) {
			return held{why: "body: it is lost, or its bytes are others than were copied"}, nil
		}
		return held{}, err
	}
	if f.Version.Checksum == "" && r.in == archive.Live {
		if why, err := r.again(ctx, f, line); why != "" || err != nil {
			return held{why: why}, err
		}
	}
	return held{bodies: []archive.Body{{SHA256: line.SHA256, Size: line.Size}}}, nil
}

// registered says why what the register has of a file isn't the body that the org's record names,
// and whether that has none at all.
func (r *readback) registered(f bodies.File, line *bodies.Line) (why string, none bool) {
	elsewhere := f.Location != "" && f.Location != "S"
	link := r.of.Checksum != "" && f.Version.Checksum == "" && f.Size <= 0
	stamped := r.of.Stamp != "" && r.in == archive.Live // a delete moves the stamp
	switch {
	case line != nil && line.State == bodies.Nothing && (elsewhere || link):
		return "", true
	case line != nil && line.State == bodies.Aside:
		return "body: kept aside: " + line.Reason, false
	case line == nil || line.State != bodies.Copied || line.SHA256 == "":
		return "body: it isn't copied", false
	case line.Version.Checksum != f.Version.Checksum, stamped && !line.Version.Stamp.Equal(f.Version.Stamp):
		return "body: the copy has it in another version", false
	case f.Size >= 0 && line.Size != f.Size:
		return fmt.Sprintf("body: %d bytes were copied of %d", line.Size, f.Size), false
	case f.Version.Checksum != "" && !strings.EqualFold(line.MD5, f.Version.Checksum):
		return "body: another checksum", false
	}
	return "", false
}

// stored reads a body back from the blob store, unless another file of the batch has the same.
func (r *readback) stored(ctx context.Context, id string, line *bodies.Line) error {
	if err, read := r.known[line.SHA256]; read {
		return err
	}
	sum := md5.New() // #nosec G401 -- the org knows no other digest
	b := holdings.Body{ID: id, Key: body.Key(line.SHA256), Size: line.Size, SHA256: line.SHA256}
	err := b.Stream(ctx, r.Stage, sum)
	if err == nil && line.MD5 != "" && !strings.EqualFold(hex.EncodeToString(sum.Sum(nil)), line.MD5) {
		err = holdings.ErrOther
	}
	if err == nil || holdings.IsLost(err) {
		r.known[line.SHA256] = err
	}
	return err
}

// triesAtMost is how often a body is asked for whose answer was cut.
const triesAtMost = 3

// again reads a body from the org once more and digests it: of a file without a checksum nothing
// else tells what the org has.
func (r *readback) again(ctx context.Context, f bodies.File, line *bodies.Line) (string, error) {
	for try := 1; ; try++ {
		digest, err := r.download(ctx, f.ID, line.Size)
		status := fault.StatusOf(err)
		switch {
		case err == nil && digest == line.SHA256:
			return "", nil
		case err == nil:
			return "body: the org has another one", nil
		case context.Cause(ctx) != nil:
			return "", context.Cause(ctx)
		case status == http.StatusNotFound, status == http.StatusForbidden:
			return fmt.Sprintf("body: the org doesn't give it: HTTP %d", status), nil
		case plan.ClassOf(err) != plan.Retry:
			return "", err
		case try == triesAtMost:
			return "body: it couldn't be read from the org again", nil
		}
	}
}

// download digests a body as the org gives it, and reads no more than one byte beyond a size.
func (r *readback) download(ctx context.Context, id string, size int64) (string, error) {
	in, err := r.Org.Body(ctx, r.of.Object, id, r.of.Body, 0)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, io.LimitReader(in, size+1))
	return hex.EncodeToString(sum.Sum(nil)), errors.Join(err, in.Close())
}

// pace keeps the flow while bodies are read, and hears of a stop.
func (r *readback) pace(ctx context.Context, size int64) error {
	select {
	case <-r.Options.Stop:
		return plan.ErrStopped
	default:
	}
	r.since.bytes, r.since.bodies = r.since.bytes+size, r.since.bodies+1
	if r.since.bytes < bytesPerRenewal && r.since.bodies < bodiesPerRenewal {
		return nil
	}
	r.since.bytes, r.since.bodies = 0, 0
	return r.held.Renew(ctx)
}
