package compare

import (
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/shape"
)

// Repeated tells of the keys that a reading has more than once, by its pages, which the notes tell apart. It tells the
// keys, too, nil where they are more than so many. It ends the stream.
func Repeated(s *Stream, t shape.Table, most int) (found evidence.Repeats, keys []string, err error) {
	keys = []string{}
	for {
		row, has, err := s.Row()
		if err != nil || !has {
			return found, keys, err
		}
		if keys != nil {
			keys = append(keys, row.Key)
		}
		if len(keys) > most {
			keys = nil
		}
		n, pages, differ := int64(0), map[int64]bool{}, false
		err = s.All(row.Key, func(other Row) error {
			n++
			pages[other.Note] = true
			differ = differ || n > 1 && !alike(t, row, other)
			return nil
		})
		if err != nil {
			return found, nil, err
		}
		if n > 1 {
			found.Add(row.Key, n, int64(len(pages)), differ)
		}
	}
}

// alike tells whether two rows of a reading are equal in all columns.
func alike(t shape.Table, a, b Row) bool {
	for _, c := range t.Columns {
		if !sameIn(a.column(c.Name), b.column(c.Name))(a.at, b.at) {
			return false
		}
	}
	return true
}
