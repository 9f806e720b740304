package register

import (
	"iter"
	"strconv"
	"time"

	"github.com/apache/iceberg-go"

	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/compare"
	"catchment/internal/warehouse/lake/own"
)

// object is the column that says of which object a file is.
const object = "object"

// Columns are those of a line, but for the file's object and its Id.
func Columns() []string {
	return []string{"state", "sha256", "md5", "size", "content_type", "read_at", "reason", "tries", "again_at",
		"checksum", "stamp"}
}

// Of tells of the lines of an object.
func Of(name string) iceberg.BooleanExpression { return own.Is(object, name) }

// LineOf reads a line that has these columns.
func LineOf(r compare.Row) bodies.Line {
	return bodies.Line{
		ID:      r.Key,
		State:   bodies.State(r.Text("state")),
		Version: bodies.Version{Checksum: r.Text("checksum"), Stamp: r.Time("stamp")},
		SHA256:  r.Text("sha256"),
		MD5:     r.Text("md5"),
		Size:    r.Number("size"),
		Type:    r.Text("content_type"),
		ReadAt:  r.Time("read_at"),
		Reason:  r.Text("reason"),
		Tries:   int(r.Number("tries")),
		Again:   r.Time("again_at"),
	}
}

// whole is a line as it is once it was written: moments have microseconds.
func whole(l bodies.Line) bodies.Line {
	for _, at := range []*time.Time{&l.Version.Stamp, &l.ReadAt, &l.Again} {
		*at = at.UTC().Truncate(time.Microsecond)
	}
	return l
}

// rowsOf are the lines of an object's files as the table has them.
func rowsOf(name string, lines []bodies.Line) iter.Seq[own.Row] {
	return func(yield func(own.Row) bool) {
		for _, l := range lines {
			if !yield(rowOf(name, l)) {
				return
			}
		}
	}
}

// rowOf is one of them. What a line doesn't say is null.
func rowOf(name string, l bodies.Line) own.Row {
	row := own.Row{
		object:      name,
		own.FileKey: l.ID,
		"state":     string(l.State),
		"size":      strconv.FormatInt(l.Size, 10),
		"tries":     strconv.Itoa(l.Tries),
	}
	for column, text := range map[string]string{"sha256": l.SHA256, "md5": l.MD5, "content_type": l.Type,
		"reason": l.Reason, "checksum": l.Version.Checksum} {
		if text != "" {
			row[column] = text
		}
	}
	for column, at := range map[string]time.Time{"read_at": l.ReadAt, "again_at": l.Again,
		"stamp": l.Version.Stamp} {
		if !at.IsZero() {
			row[column] = columns.Moment(at)
		}
	}
	return row
}
