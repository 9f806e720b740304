package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	icebergio "github.com/apache/iceberg-go/io"

	"catchment/internal/plan"
	"catchment/internal/printable"
)

// A Folder has the files of a lake in a folder of this machine. No address, and no link that lies in
// the folder, leads out of it.
type Folder struct {
	root *os.Root
	at   string
}

var (
	_ icebergio.ReadFileIO      = (*Folder)(nil)
	_ icebergio.WriteFileIO     = (*Folder)(nil)
	_ icebergio.ListableIO      = (*Folder)(nil)
	_ icebergio.StatIO          = (*Folder)(nil)
	_ icebergio.BulkRemovableIO = (*Folder)(nil)
)

// CheckFolder tells what is wrong with the path of a folder, as far as it shows without looking at it: tables have
// their files by addresses, and the engines that read them don't agree on how an address spells a blank.
func CheckFolder(at string) error {
	if at == "" || (&url.URL{Path: "/" + at}).EscapedPath() != "/"+at {
		return plan.Fixf("choose a folder with letters, digits, and any of / . _ - in its path",
			"%q can't be the folder of a lake: in the addresses of its files it would be spelled otherwise", at)
	}
	return nil
}

// OpenFolder opens the folder at a path, and makes it where it is missing.
func OpenFolder(at string) (*Folder, error) {
	at, err := filepath.Abs(at)
	if err != nil {
		return nil, fmt.Errorf("folder of the lake: %w", err)
	}
	if err := CheckFolder(at); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(at, 0o700); err != nil {
		return nil, plan.Fixf("name a folder that this user may write in warehouse.url", "folder of the lake: %w",
			printable.Error(err))
	}
	root, err := os.OpenRoot(at)
	if err != nil {
		return nil, plan.Fixf("name a folder that this user may write in warehouse.url", "folder of the lake: %w",
			printable.Error(err))
	}
	return &Folder{root: root, at: at}, nil
}

// Location is the folder's address.
func (f *Folder) Location() string { return "file://" + f.at }

// Close gives the folder back.
func (f *Folder) Close() error { return f.root.Close() }

// within gives the path, from the folder, of what has an address in it.
func (f *Folder) within(name string) (string, error) {
	at := strings.TrimPrefix(name, "file://")
	inside, ok := strings.CutPrefix(path.Clean(at), f.at+"/")
	if !ok || !filepath.IsLocal(inside) {
		return "", plan.Fixf("a lake in a folder can't be moved: its tables tell where their files are. Name the "+
			"folder that it was made in, or fill a new one with: catchment run --full",
			"%s isn't in the folder of the lake, %s", printable.Line(name), f.at)
	}
	return inside, nil
}

// failed says what couldn't be done to which file. The error of the system stays in it.
func failed(verb, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", verb, printable.Line(name), printable.Error(err))
}

// Open opens a file for reading.
func (f *Folder) Open(name string) (icebergio.File, error) {
	inside, err := f.within(name)
	if err != nil {
		return nil, err
	}
	file, err := f.root.Open(inside)
	if err != nil {
		return nil, failed("read", name, err)
	}
	return file, nil
}

// ReadFile reads a whole file.
func (f *Folder) ReadFile(name string) (text []byte, err error) {
	file, err := f.Open(name)
	if err != nil {
		return nil, err
	}
	text, err = io.ReadAll(file)
	return text, failed("read", name, errors.Join(err, file.Close()))
}

// Stat tells a file's size and when it was written.
func (f *Folder) Stat(name string) (fs.FileInfo, error) {
	inside, err := f.within(name)
	if err != nil {
		return nil, err
	}
	info, err := f.root.Stat(inside)
	return info, failed("read", name, err)
}

// WalkDir calls each with what is under an address, that included. A folder that isn't there has nothing in it.
func (f *Folder) WalkDir(root string, each fs.WalkDirFunc) error {
	inside, err := f.within(root)
	if err != nil {
		return err
	}
	if _, err := f.root.Lstat(inside); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fs.WalkDir(f.root.FS(), inside, func(name string, d fs.DirEntry, err error) error {
		return each(f.Location()+"/"+name, d, err)
	})
}

// Remove removes a file. One that isn't there is gone already.
func (f *Folder) Remove(name string) error {
	inside, err := f.within(name)
	if err != nil {
		return err
	}
	err = f.root.Remove(inside)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return failed("remove", name, err)
}
