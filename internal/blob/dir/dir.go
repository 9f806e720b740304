// Package dir keeps blobs as files under one folder: a key is a path in it.
//
// A blob appears under its name by a hard link, whole and never over another
// (invariant 3). The package leaves to others what is in the blobs and when
// they go. Start at New.
package dir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"catchment/internal/blob"
	"catchment/internal/plan"
	"catchment/internal/printable"
)

// tempPrefix starts the names of files that are being written. No key may
// start a word with a dot, so they can't meet a blob.
const tempPrefix = ".put-"

// A Store keeps blobs under its root.
type Store struct{ root string }

var _ blob.Store = (*Store)(nil)

// New makes a Store in the folder root, and the folder where it is missing.
func New(root string) (*Store, error) {
	abs, err := filepath.Abs(root)
	if err == nil {
		err = os.MkdirAll(abs, 0o700)
	}
	if err != nil {
		return nil, plan.Fixf("set stage.url to dir: and a folder that this user may write", "stage folder: %w",
			printable.Error(err))
	}
	return &Store{root: abs}, nil
}

// Put writes a file beside the blob's place, and links it there once every
// byte has reached the disk.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	path, err := s.path(key)
	if err != nil {
		return blob.Info{}, err
	}
	if _, err := os.Lstat(path); err == nil {
		return blob.Info{}, fmt.Errorf("put %s: %w", key, blob.ErrExists)
	}
	f, err := createTemp(filepath.Dir(path))
	if err != nil {
		return blob.Info{}, classed("put", key, err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	info, err := fill(ctx, f, key, r)
	if err != nil {
		return blob.Info{}, err
	}
	if err := os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
		return blob.Info{}, fmt.Errorf("put %s: %w", key, blob.ErrExists)
	} else if err != nil {
		return blob.Info{}, classed("put", key, err)
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return blob.Info{}, classed("put", key, err)
	}
	return info, nil
}

// fill copies r to f and waits until the disk has it. What r fails with is
// passed on as it is: it isn't the disk's.
func fill(ctx context.Context, f *os.File, key string, r io.Reader) (blob.Info, error) {
	from := &source{ctx: ctx, r: r}
	if _, err := io.Copy(f, from); from.err != nil {
		return blob.Info{}, fmt.Errorf("put %s: %w", key, from.err)
	} else if err != nil {
		return blob.Info{}, classed("put", key, err)
	}
	if err := f.Sync(); err != nil {
		return blob.Info{}, classed("put", key, err)
	}
	stat, err := f.Stat()
	if err != nil {
		return blob.Info{}, classed("put", key, err)
	}
	return blob.Info{Key: key, Size: stat.Size(), Written: stat.ModTime()}, nil
}

// Open opens the blob's file.
func (s *Store) Open(_ context.Context, key string) (io.ReadCloser, error) {
	path, err := s.path(key)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path) // #nosec G304 -- of a key that CheckKey keeps below the root
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open %s: %w", key, blob.ErrNotFound)
	}
	if err != nil {
		return nil, classed("open", key, err)
	}
	return f, nil
}

// List walks the files under the root. It holds the names of one listing in
// memory, since the order of keys isn't the order of folders.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		infos, err := s.list(ctx, prefix)
		if err != nil {
			yield(blob.Info{}, fmt.Errorf("list %s: %w", prefix, err))
			return
		}
		for _, info := range infos {
			if !yield(info, nil) {
				return
			}
		}
	}
}

func (s *Store) list(ctx context.Context, prefix string) ([]blob.Info, error) {
	var infos []blob.Info
	from := s.root
	if cut := strings.LastIndexByte(prefix, '/'); cut > 0 && blob.ValidKey(prefix[:cut]) {
		from = filepath.Join(s.root, filepath.FromSlash(prefix[:cut])) // not what lies beside it
	}
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			err = context.Cause(ctx)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // deleted by another since its folder was read
		}
		if err != nil || path == s.root {
			return err
		}
		key := filepath.ToSlash(strings.TrimPrefix(path, s.root+string(filepath.Separator)))
		if d.IsDir() {
			if strings.HasPrefix(key, prefix) || strings.HasPrefix(prefix, key+"/") {
				return nil
			}
			return fs.SkipDir
		}
		if !strings.HasPrefix(key, prefix) || !blob.ValidKey(key) {
			return nil
		}
		stat, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		infos = append(infos, blob.Info{Key: key, Size: stat.Size(), Written: stat.ModTime()})
		return nil
	})
	slices.SortFunc(infos, func(a, b blob.Info) int { return strings.Compare(a.Key, b.Key) })
	return infos, err
}

// Delete removes the blob's file, and the folders that it leaves empty.
func (s *Store) Delete(_ context.Context, key string) error {
	path, err := s.path(key)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return classed("delete", key, err)
	}
	for folder := filepath.Dir(path); folder != s.root; folder = filepath.Dir(folder) {
		if os.Remove(folder) != nil {
			break // not empty: another blob lives there
		}
	}
	return nil
}

// Where gives the path of the blob's file.
func (s *Store) Where(key string) (path, url string) {
	path, err := s.path(key)
	if err != nil {
		return "", ""
	}
	return path, ""
}
