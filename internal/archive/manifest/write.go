package manifest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// A Writer writes a plan, line by line.
type Writer struct {
	out *bufio.Writer
	of  digest
}

// NewWriter makes a Writer. What it was given is in w once Close has returned.
func NewWriter(w io.Writer) *Writer {
	return &Writer{out: bufio.NewWriter(w), of: newDigest()}
}

// Put writes a line: one of the types of this package, in the order of a plan.
func (w *Writer) Put(line any) error {
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("a line of a plan: %w", err)
	}
	if err := w.of.add(text); err != nil {
		return err
	}
	_, err = w.out.Write(append(text, '\n'))
	return err
}

// Close writes what is left, and gives the digest of the whole: SHA-256 in hex, of those of
// its lines.
func (w *Writer) Close() (digest string, err error) {
	if err := w.out.Flush(); err != nil {
		return "", err
	}
	return w.of.String(), nil
}

// Name is what a plan is called: its policy, the day it was made, and the beginning of
// its digest.
func Name(h Head, digest string) string {
	return fmt.Sprintf("%s-%s-%.8s", h.Policy.Name, h.MadeAt.UTC().Format("20060102"), digest)
}

// Folder is the folder of the blob store that has all that belongs to a plan.
func Folder(name string) string { return "archive/" + name + "/" }

// Key is the blob of a plan.
func Key(name string) string { return Folder(name) + "plan.jsonl" }
