package evidence

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// A link is what all lines up to one come to: the digest of the link before it and of the line.
type link [sha256.Size]byte

func (l link) String() string { return hex.EncodeToString(l[:]) }

// parseLink reads a link.
func parseLink(text string) (link, error) {
	l, ok := parseDigest(text)
	if !ok {
		return link{}, errors.New("it names no line before it")
	}
	return l, nil
}

// parseDigest reads a digest. The text may be of any length.
func parseDigest(text string) (digest [sha256.Size]byte, ok bool) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(digest) {
		return digest, false
	}
	return [sha256.Size]byte(b), true
}

// A frame is a line as it is written. Its digest is that of the digests of its two parts, so
// that it stays the same once Erased has taken the place of About.
type frame struct {
	After  string          `json:"after"` // the link of the line before
	Said   json.RawMessage `json:"said"`
	About  json.RawMessage `json:"about,omitempty"`
	Erased string          `json:"erased,omitempty"` // digest of what About was
}

// record is what a line is about that wasn't erased.
func (f frame) record() (what about, err error) {
	if json.Unmarshal(f.About, &what) != nil || what.ID == "" {
		return about{}, &wrongLine{"it is about no record"}
	}
	return what, nil
}

// framed makes the line that says something, behind a link, and gives the link after it.
func framed(after link, said said, what *about) (line []byte, next link, err error) {
	f := frame{After: after.String()}
	if f.Said, err = json.Marshal(said); err != nil {
		return nil, link{}, err
	}
	if what != nil {
		what.Salt = rand.Text()
		if f.About, err = json.Marshal(what); err != nil {
			return nil, link{}, err
		}
	}
	if line, err = json.Marshal(f); err != nil {
		return nil, link{}, err
	}
	next, err = f.next(after)
	return line, next, err
}

// next is the link after a line that stands behind another link.
func (f frame) next(after link) (link, error) {
	if f.After != after.String() {
		return link{}, errors.New("it doesn't follow the line before it: " +
			"one of the two was changed, or lines between are gone")
	}
	said := sha256.Sum256(f.Said)
	what := sha256.Sum256(f.About)
	if f.Erased != "" {
		digest, ok := parseDigest(f.Erased)
		if !ok || f.About != nil {
			return link{}, errors.New("what was erased of it left no digest")
		}
		what = digest
	}
	of := sha256.New()
	of.Write(after[:])
	of.Write(said[:])
	of.Write(what[:])
	return link(of.Sum(nil)), nil
}

// erase takes out of a line what leads to a person.
func (f frame) erase() frame {
	what := sha256.Sum256(f.About)
	f.Erased, f.About = hex.EncodeToString(what[:]), nil
	return f
}

// unframed reads a line. What isn't written exactly as this package writes it is refused:
// a byte between the parts counts as much as one in them.
func unframed(line []byte) (f frame, s said, err error) {
	if err := strict(line, &f); err != nil {
		return f, s, err
	}
	again, err := json.Marshal(f)
	if err != nil || !bytes.Equal(again, line) {
		return f, s, errors.New("it isn't written as it was")
	}
	return f, s, strict(f.Said, &s)
}

// strict decodes JSON that has no key which into lacks. Its errors repeat nothing of the text.
func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil || d.More() {
		return errors.New("it isn't a line of this version")
	}
	return nil
}

// The types of lines.
type lineType string

const (
	typeSheet  lineType = "sheet" // the first of each sheet
	typeHead   lineType = "head"
	typeIntent lineType = "intent" // a record that is about to be deleted
	typeEnd    lineType = "end"    // a record that came to its end
	typeBack   lineType = "back"   // a record outside the plan, which was brought back
	typeTotal  lineType = "total"  // the account

	typeReturned lineType = "returned" // a record that came back later

	typeSeal lineType = "seal" // the last of each sheet
)

// said is what a line says. Which keys it has goes by its type.
type said struct {
	Type lineType `json:"type"`

	Plan   string    `json:"plan,omitempty"`   // of a sheet
	Number int       `json:"number,omitempty"` // of a sheet
	Kind   kind      `json:"kind,omitempty"`   // of a sheet
	Part   int64     `json:"part,omitempty"`   // of a sheet: its batch, or which of its kind it is
	Lines  int64     `json:"lines,omitempty"`  // a seal's: of records
	Head   *Head     `json:"head,omitempty"`
	Total  *End      `json:"total,omitempty"`
	Object string    `json:"object,omitempty"`
	Level  int       `json:"level,omitempty"`
	As     string    `json:"outcome,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Job    string    `json:"job,omitempty"`
	Proven time.Time `json:"proven_at,omitzero"`
	Ended  time.Time `json:"ended_at,omitzero"`
}

// about is the record that a line tells of, with what is as good as its Id. The salt keeps
// anybody from finding an erased one out by trying.
type about struct {
	ID     string    `json:"id"`
	New    string    `json:"new_id,omitempty"` // that it came back under
	Stamp  time.Time `json:"stamp,omitzero"`
	Row    string    `json:"row,omitempty"`
	Bodies []string  `json:"bodies,omitempty"`
	Salt   string    `json:"salt"`
}

// parts are the two parts of a record's line.
func (l Line) parts(intent bool) (said, *about, error) {
	s := said{Type: typeEnd, Object: l.Object, Level: l.Level, As: string(l.Outcome), Reason: l.Reason, Job: l.Job,
		Proven: l.ProvenAt.UTC(), Ended: l.EndedAt.UTC()}
	switch {
	case l.ID == "" || l.Object == "":
		return said{}, nil, errors.New("a line of evidence without its record")
	case intent:
		s.Type, s.As, s.Reason, s.Ended = typeIntent, "", "", time.Time{}
	case l.Outside:
		s.Type, s.As = typeBack, ""
	case !l.Outcome.Ended():
		return said{}, nil, fmt.Errorf("evidence of %s %s before its end", l.Object, l.ID)
	}
	return s, &about{ID: l.ID, Stamp: l.Stamp.UTC(), Row: l.Row, Bodies: l.Bodies}, nil
}
