package compare

import "errors"

// Nothing is the note of a record that was asked for, and that no page held.
const Nothing = -1

// Layers are readings of records, each of which replaces what those before it say of its records.
type Layers struct {
	streams []*Stream // the first is the whole reading
}

// NewLayers puts readings one upon the other. Close must follow.
func NewLayers(streams ...*Stream) *Layers { return &Layers{streams: streams} }

// Row is what the topmost layer says of the least key, as it is now. A record with the note Nothing isn't there.
func (l *Layers) Row() (Row, bool, error) {
	var least Row
	found := false
	for _, s := range l.streams {
		row, has, err := s.Row()
		if err != nil {
			return Row{}, false, err
		}
		if has && (!found || row.Key <= least.Key) {
			least, found = row, true
		}
	}
	return least, found, nil
}

// Next goes past the least key.
func (l *Layers) Next() error {
	row, has, err := l.Row()
	if err != nil || !has {
		return err
	}
	for _, s := range l.streams {
		if err := s.All(row.Key, func(Row) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

// Close ends all of them.
func (l *Layers) Close() error {
	var all error
	for _, s := range l.streams {
		all = errors.Join(all, s.Close())
	}
	return all
}
