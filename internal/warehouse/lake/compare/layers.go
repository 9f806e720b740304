package compare

import "errors"

// Layers are a reading, and answers that replace what it says of their records. Either may be nil.
//
// The note of an answer is the number of the time that it was given, from 1 on: the last one counts. It is negative
// where the record was asked for, and is in no page.
type Layers struct {
	Reading, Answers *Stream
}

// key is the least key that is left.
func (l Layers) key() (least string, has bool, err error) {
	for _, s := range []*Stream{l.Reading, l.Answers} {
		if s == nil {
			continue
		}
		row, is, err := s.Row()
		if err != nil {
			return "", false, err
		}
		if is && (!has || row.Key < least) {
			least, has = row.Key, true
		}
	}
	return least, has, nil
}

// take goes past a key, and gives what is said of it at last: there may be no such record.
func (l Layers) take(key string) (row Row, err error) {
	if l.Reading != nil {
		if err := l.Reading.All(key, func(r Row) error { row = r; return nil }); err != nil {
			return row, err
		}
	}
	if l.Answers == nil {
		return row, nil
	}
	last := int64(0)
	err = l.Answers.All(key, func(r Row) error {
		if n := max(r.Note, -r.Note); n >= last {
			row, last = r, n
		}
		return nil
	})
	if last > 0 && row.Note < 0 {
		row = Row{}
	}
	return row, err
}

// Close ends both.
func (l Layers) Close() error {
	var all error
	for _, s := range []*Stream{l.Reading, l.Answers} {
		if s != nil {
			all = errors.Join(all, s.Close())
		}
	}
	return all
}
