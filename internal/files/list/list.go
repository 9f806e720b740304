// Package list finds the files of a copy, by the record that they hang on, by Id, or by name,
// and says of each how its body stands. It asks the copy alone, and no org.
//
// What a file is called is worked out here; making that safe for a disk is left to package
// filename, and reading bodies to package export. Start at Finder.Each.
package list

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"catchment/internal/body"
	"catchment/internal/warehouse/bodies"
)

// A State says how the body of a file stands.
type State string

// The states.
const (
	Copied  State = "copied"
	Older   State = "older"   // an older body is copied; the file was changed since, and waits
	Waiting State = "waiting" // a run will read it
	Aside   State = "aside"   // it couldn't be read, for a reason; it is tried again
	Nothing State = "nothing" // the file has no body, for a reason
	Skipped State = "skipped" // the flow doesn't copy it
	Gone    State = "gone"    // the record was deleted before its body was read
)

// States are all of them.
func States() []State { return []State{Copied, Older, Waiting, Aside, Nothing, Skipped, Gone} }

// A File is one of the copy.
type File struct {
	bodies.Listed
	Object string
	Name   string // as people see it in Salesforce; "" where the copy doesn't say
	State  State
}

// Digest is the SHA-256 of the file's body, "" where none is copied.
func (f File) Digest() string {
	if f.Line == nil || !body.IsDigest(f.Line.SHA256) {
		return ""
	}
	return f.Line.SHA256
}

// Bytes is how large the file is: its body, or what its row says.
func (f File) Bytes() int64 {
	if f.Digest() != "" {
		return f.Line.Size
	}
	return f.Size
}

// Reason is why there is no body, or no new one.
func (f File) Reason() string {
	if f.Line == nil {
		return ""
	}
	return f.Line.Reason
}

// A Question says which files are looked for. One that says nothing is all of them.
type Question struct {
	Object string   // "" for all of body.Objects
	IDs    []string // of files, or of the documents whose versions they are
	Record string   // the Id of a record that they hang on
	Name   string   // with * and ? for what may stand there; upper and lower case are the same
	State  State    // "" for any
}

// All tells whether nothing is said, and so all files are looked for.
func (q Question) All() bool {
	return q.Object == "" && len(q.IDs) == 0 && q.Record == "" && q.Name == "" && q.State == ""
}

// Names tells whether a file is named by its own Id.
func (q Question) Names(id string) bool { return slices.Contains(q.IDs, id) }

// A Finder finds files. Its fields are set once.
type Finder struct {
	Catalog bodies.Catalog
	// Bodies says of an object which bodies its flow copies.
	Bodies func(object string) body.Which
}

// atOnce is how many files are asked for in one go, so that memory doesn't grow with them.
const atOnce = 5000

// Each calls do with each file that is looked for, object by object and in order of Ids.
func (f Finder) Each(ctx context.Context, q Question, do func(File) error) error {
	called := pattern(q.Name)
	for _, object := range body.Objects() {
		if q.Object != "" && !strings.EqualFold(q.Object, object) {
			continue
		}
		s := bodies.Search{Object: object, IDs: q.IDs, Record: q.Record}
		for after := ""; ; {
			some, err := f.Catalog.Files(ctx, s, after, atOnce)
			if err != nil {
				return err
			}
			for _, listed := range some {
				file := f.file(object, listed)
				if !called.MatchString(file.Name) || q.State != "" && file.State != q.State {
					continue
				}
				if err := do(file); err != nil {
					return err
				}
			}
			if len(some) < atOnce {
				break
			}
			after = some[len(some)-1].ID
		}
	}
	return nil
}

// Digests calls do with the digest of each body that a file has, once and in order.
func (f Finder) Digests(ctx context.Context, do func(sha256 string) error) error {
	for after := ""; ; {
		some, err := f.Catalog.Digests(ctx, "", after, atOnce)
		if err != nil {
			return err
		}
		for _, d := range some {
			if !body.IsDigest(d.SHA256) {
				continue
			}
			if err := do(d.SHA256); err != nil {
				return err
			}
		}
		if len(some) < atOnce {
			return nil
		}
		after = some[len(some)-1].SHA256
	}
}

func (f Finder) file(object string, l bodies.Listed) File {
	return File{Listed: l, Object: object, Name: name(l), State: stateOf(l, f.Bodies(object))}
}

// stateOf says how the body of a file stands, where its flow copies these.
func stateOf(l bodies.Listed, which body.Which) State {
	switch {
	case l.Line == nil && (which == "" || which == body.Latest && l.Older):
		return Skipped
	case l.Line == nil && l.Deleted:
		return Gone
	case l.Line == nil:
		return Waiting
	case l.Line.State == bodies.Copied && l.Moved && !l.Deleted:
		return Older
	}
	return State(l.Line.State)
}

// name is what a file is called: its title, with the ending that it came with.
func name(l bodies.Listed) string {
	title := l.Title
	if title == "" { // the flow doesn't copy it
		title = l.Path[strings.LastIndexAny(l.Path, `/\`)+1:]
	}
	ending := "." + l.Ending
	if l.Ending == "" || title == "" || strings.HasSuffix(strings.ToLower(title), strings.ToLower(ending)) {
		return title
	}
	return title + ending
}

// pattern matches names as a pattern says; "" is any.
func pattern(text string) *regexp.Regexp {
	if text == "" {
		text = "*"
	}
	quoted := regexp.QuoteMeta(text)
	quoted = strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(quoted)
	return regexp.MustCompile("(?is)^" + quoted + "$")
}

// IsState tells whether there is a state of that name.
func IsState(text string) bool { return slices.Contains(States(), State(text)) }
