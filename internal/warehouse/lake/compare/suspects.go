package compare

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"math"
	"os"
	"strings"

	"catchment/internal/warehouse/evidence"
)

// How a record differs, or why it isn't said to.
const (
	Missing   = "missing"
	Extra     = "extra"
	Stale     = "stale"
	Wrong     = "wrong"
	Formula   = "formula"
	Duplicate = "duplicate"

	Pending  = "pending"
	Unjudged = "unjudged"
	Rejected = "rejected"
	Outdated = "outdated"
)

// A Suspect is a record that differs, and how.
type Suspect struct {
	Record, How string
	Columns     []string // whose values differ
	N           int64
}

// Open tells that nobody can say yet whether the record differs, or that it does on purpose.
func (s Suspect) Open() bool {
	return s.How == Pending || s.How == Unjudged || s.How == Rejected || s.How == Outdated
}

// compare is the order of suspects.
func (s Suspect) compare(with Suspect) int {
	return cmp.Or(strings.Compare(s.Record, with.Record), strings.Compare(s.How, with.How))
}

// Suspects are kept in a file of scratch, in order of their keys.
type Suspects struct {
	file *os.File
	to   *bufio.Writer
}

// NewSuspects makes a list without any. Close must follow.
func NewSuspects(folder string) (*Suspects, error) {
	file, err := os.CreateTemp(folder, "catchment-suspects-*")
	if err != nil {
		return nil, err
	}
	// It has no name any more: nothing of it stays, whatever happens.
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Suspects{file: file, to: bufio.NewWriter(file)}, nil
}

// Close forgets them.
func (l *Suspects) Close() error { return l.file.Close() }

// Add adds one, which comes after those that are there.
func (l *Suspects) Add(s Suspect) error {
	var b []byte
	for _, text := range []string{s.Record, s.How, strings.Join(s.Columns, "\x1f")} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	b = binary.AppendVarint(b, s.N)
	_, err := l.to.Write(b)
	return err
}

// All goes through them.
func (l *Suspects) All() iter.Seq2[Suspect, error] {
	return func(yield func(Suspect, error) bool) {
		if err := l.to.Flush(); err != nil {
			yield(Suspect{}, err)
			return
		}
		from := bufio.NewReader(io.NewSectionReader(l.file, 0, math.MaxInt64))
		for {
			s, err := read(from)
			if errors.Is(err, io.EOF) || !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// read reads one, io.EOF where there is none.
func read(from *bufio.Reader) (s Suspect, err error) {
	var texts [3]string
	for i := range texts {
		n, err := binary.ReadUvarint(from)
		if err != nil {
			return s, err
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(from, b); err != nil {
			return s, io.ErrUnexpectedEOF
		}
		texts[i] = string(b)
	}
	s.Record, s.How = texts[0], texts[1]
	if texts[2] != "" {
		s.Columns = strings.Split(texts[2], "\x1f")
	}
	s.N, err = binary.ReadVarint(from)
	return s, err
}

// Difference counts them, and names so many of each kind.
func (l *Suspects) Difference(t Tally, sample int) (evidence.Difference, error) {
	d := evidence.Difference{Source: t.Source, Warehouse: t.Warehouse, Archived: t.Archived, Alone: t.Alone}
	for s, err := range l.All() {
		if err != nil {
			return d, err
		}
		n, ids, columns := counted(&d, s.How)
		*n += s.N
		if ids == nil || len(*ids) >= sample {
			continue
		}
		*ids = append(*ids, shown(s.Record))
		if columns != nil {
			*columns = append(*columns, s.Columns)
		}
	}
	d.CountOutdated(sample)
	return d, nil
}

// Replaced is the list without the suspects of some keys, which are in order, and with others, which are in order too.
func (l *Suspects) Replaced(folder string, keys []string, by []Suspect) (*Suspects, error) {
	fresh, err := NewSuspects(folder)
	if err != nil {
		return nil, err
	}
	for s, err := range l.All() {
		for err == nil && len(by) > 0 && by[0].compare(s) < 0 {
			err = fresh.Add(by[0])
			by = by[1:]
		}
		for len(keys) > 0 && keys[0] < s.Record {
			keys = keys[1:]
		}
		if err == nil && (len(keys) == 0 || keys[0] != s.Record) {
			err = fresh.Add(s)
		}
		if err != nil {
			return nil, errors.Join(err, fresh.Close())
		}
	}
	for _, s := range by {
		if err := fresh.Add(s); err != nil {
			return nil, errors.Join(err, fresh.Close())
		}
	}
	return fresh, nil
}
