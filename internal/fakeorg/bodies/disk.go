package bodies

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// partSize is how much is written to the disk at a time. A body is a list of parts,
// of which only the last may be shorter, so that several can be written at once.
const partSize = 256 << 10

// parts are the places of a body's parts on the disk, in order.
type parts []int64

// disk is one file that has no name any more once it is open: it goes with the
// process, however that ends. It is made when there is something to be written.
type disk struct {
	mu     sync.Mutex
	file   *os.File
	parts  int64   // that the file has
	unused []int64 // parts that nobody has
}

// open returns the file.
func (d *disk) open() (*os.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.file != nil {
		return d.file, nil
	}
	file, err := os.CreateTemp("", "fakeorg-bodies-")
	if err != nil {
		return nil, fmt.Errorf("a file for bodies: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, fmt.Errorf("a file for bodies: %w", err)
	}
	d.file = file
	return file, nil
}

// take gives a place for a part.
func (d *disk) take() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if last := len(d.unused) - 1; last >= 0 {
		at := d.unused[last]
		d.unused = d.unused[:last]
		return at
	}
	d.parts++
	return (d.parts - 1) * partSize
}

// free takes places back.
func (d *disk) free(places parts) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unused = append(d.unused, places...)
}

// write reads to the end, and returns where it wrote what it read. The places are
// told with an error too: they are the caller's to free.
func (d *disk) write(r io.Reader) (places parts, size int64, err error) {
	file, err := d.open()
	if err != nil {
		return nil, 0, err
	}
	buffer := make([]byte, partSize)
	for {
		n, ended, err := fill(buffer, r)
		if err != nil {
			return places, size, err
		}
		if n > 0 {
			at := d.take()
			places = append(places, at)
			size += int64(n)
			if _, err := file.WriteAt(buffer[:n], at); err != nil {
				return places, size, fmt.Errorf("write a body: %w", err)
			}
		}
		if ended {
			return places, size, nil
		}
	}
}

// fill reads until a buffer is full or the reader ends. Unlike io.ReadFull it tells a
// reader that has ended from one that was cut off.
func fill(buffer []byte, r io.Reader) (n int, ended bool, err error) {
	for n < len(buffer) {
		got, err := r.Read(buffer[n:])
		n += got
		if err == io.EOF {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

// reading is a body on the disk.
type reading struct {
	disk  *disk
	parts parts
	size  int64
}

// ReadAt implements io.ReaderAt.
func (b reading) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 || at >= b.size {
		return 0, io.EOF
	}
	file, err := b.disk.open()
	if err != nil {
		return 0, err
	}
	n := min(int64(len(p)), b.size-at)
	for done := int64(0); done < n; {
		within := (at + done) % partSize
		some := p[done:min(n, done+partSize-within)]
		if _, err := file.ReadAt(some, b.parts[(at+done)/partSize]+within); err != nil {
			return int(done), err
		}
		done += int64(len(some))
	}
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}
