// Command pack puts a program into the zip that Lambda takes, the same bytes
// for the same program, and refuses one that has grown too large.
package main

import (
	"archive/zip"
	"compress/flate"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// atMost keeps cold starts short: a lake is half of it. Lambda itself would take 50 MB.
const atMost = 30 << 20

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: pack PROGRAM ZIP")
		os.Exit(2)
	}
	if err := pack(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func pack(program, into string) error {
	text, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	f, err := os.Create(into)
	if err != nil {
		return err
	}
	defer f.Close()
	z := zip.NewWriter(f)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	h := &zip.FileHeader{Name: filepath.Base(program), Method: zip.Deflate}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() > atMost {
		return fmt.Errorf("%s has %d bytes, and %d is the most", into, info.Size(), atMost)
	}
	fmt.Printf("%s: %.1f MB\n", into, float64(info.Size())/1e6)
	return nil
}
