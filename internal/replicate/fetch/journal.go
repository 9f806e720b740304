package fetch

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"catchment/internal/blob"
	"catchment/internal/body"
	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/warehouse/bodies"
)

// A journal remembers the bodies that are stored and not in the register yet: that takes them
// many at a time. A process that is killed between the two leaves it behind, and the next one
// doesn't read them again. It is a file beside the bodies on their way, of one flow, whose
// lease its writer holds.
//
// What an earlier process left is believed only of a file that still waits, in that version,
// and whose body is in the blob store: an old journal, or one of another copy, does no harm.
type journal struct {
	mu   sync.Mutex
	path string
	file *os.File
	left map[string]bodies.Line // of an earlier process, by Id: nobody has asked for them yet
	own  map[string]bodies.Line // that the register doesn't have yet
}

// openJournal opens the journal of an object in a folder, which it makes.
func openJournal(folder, object string) (*journal, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, unwritable(err)
	}
	path := filepath.Join(folder, object+".journal") // an API name: letters, digits and _
	j := &journal{path: path, left: map[string]bodies.Line{}, own: map[string]bodies.Line{}}
	old, err := os.Open(path) // #nosec G304 -- in a folder of ours
	if err == nil {
		j.read(old)
		err = old.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, unwritable(err)
	}
	if err := j.open(); err != nil {
		return nil, err
	}
	return j, nil
}

// open opens the file to write at its end.
func (j *journal) open() (err error) {
	// #nosec G304 -- as above
	if j.file, err = os.OpenFile(j.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return unwritable(err)
	}
	return nil
}

func unwritable(err error) error {
	return plan.Fixf("look at the folder that the error names: it holds bodies on their way",
		"note which bodies are stored: %w", printable.Error(err))
}

// longest is how long a line of a journal is at most; it has about 400 bytes.
const longest = 64 << 10

// read reads what an earlier process left. Its last line may be cut.
func (j *journal) read(from io.Reader) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, longest)
	for lines.Scan() {
		var l bodies.Line
		if json.Unmarshal(lines.Bytes(), &l) == nil && body.IsDigest(l.SHA256) {
			j.left[l.ID] = l
		}
	}
}

// Of gives the line of a file whose body an earlier process has stored.
func (j *journal) Of(ctx context.Context, f bodies.File, store blob.Store) (bodies.Line, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	l, ok := j.left[f.ID]
	if !ok || l.State != bodies.Copied || l.Version.Checksum != f.Version.Checksum ||
		!l.Version.Stamp.Equal(f.Version.Stamp) || differs(f, l.Size, l.MD5) != nil {
		return l, false
	}
	in, err := store.Open(ctx, body.Key(l.SHA256))
	if err != nil {
		return l, false
	}
	_ = in.Close() // nothing was read of it
	delete(j.left, f.ID)
	j.own[f.ID] = l
	return l, true
}

// Passed forgets what an earlier process left of files up to an Id: none of them waits.
func (j *journal) Passed(id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	maps.DeleteFunc(j.left, func(old string, _ bodies.Line) bool { return old <= id })
}

// Add notes the line of a body that is stored. It goes out in one write, so that a kill cuts
// the last one at most.
func (j *journal) Add(l bodies.Line) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.own[l.ID] = l
	return j.append(l)
}

func (j *journal) append(l bodies.Line) error {
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("note which bodies are stored: %w", err)
	}
	if _, err := j.file.Write(append(text, '\n')); err != nil {
		return spoiled(err)
	}
	return nil
}

// Registered forgets lines that the register has. The others, which are few, stay: a file with
// them takes the place of the old one, so that a kill loses none.
func (j *journal) Registered(lines []bodies.Line) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, l := range lines {
		delete(j.own, l.ID)
	}
	if len(j.left)+len(j.own) == 0 {
		if err := j.file.Truncate(0); err != nil {
			return spoiled(err)
		}
		return nil
	}
	if err := j.rewrite(); err != nil {
		return spoiled(err)
	}
	return j.open()
}

func (j *journal) rewrite() error {
	var rest bytes.Buffer
	for _, some := range []map[string]bodies.Line{j.left, j.own} {
		for _, l := range some {
			text, err := json.Marshal(l)
			if err != nil {
				return err
			}
			rest.Write(append(text, '\n'))
		}
	}
	if err := os.WriteFile(j.path+".new", rest.Bytes(), 0o600); err != nil {
		return err
	}
	_ = j.file.Close() // some systems give an open file no other name
	return os.Rename(j.path+".new", j.path)
}

// Close leaves the journal as it is.
func (j *journal) Close() { _ = j.file.Close() }
