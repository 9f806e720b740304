package erase

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"strings"
)

// erasePages deletes the stored pages of a flow that hold one of the Ids. They
// are whole pages, since a page is never changed (invariant 3); what else they
// hold is in the warehouse, or is read again.
func (e *Eraser) erasePages(ctx context.Context, flow string, ids []string) (int64, error) {
	var n int64
	for info, err := range e.Stage.List(ctx, flow+"/") {
		if err != nil {
			return n, err
		}
		holds, err := e.holdsAny(ctx, info.Key, ids)
		if err != nil {
			return n, err
		}
		if !holds {
			continue
		}
		if err := e.Stage.Delete(ctx, info.Key); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (e *Eraser) holdsAny(ctx context.Context, key string, ids []string) (bool, error) {
	f, err := e.Stage.Open(ctx, key)
	if err != nil {
		return false, err
	}
	defer f.Close()
	var text io.Reader = f
	if strings.HasSuffix(key, ".gz") {
		if text, err = gzip.NewReader(f); err != nil {
			return false, fmt.Errorf("unpack %s: %w", key, err)
		}
	}
	holds, err := containsAny(text, ids)
	if err != nil {
		return false, fmt.Errorf("search %s: %w", key, err)
	}
	return holds, nil
}

// containsAny searches a text of any length, in a buffer of one size.
func containsAny(text io.Reader, words []string) (bool, error) {
	longest := 0
	for _, w := range words {
		longest = max(longest, len(w))
	}
	buf := make([]byte, 1<<20)
	kept := 0
	for {
		n, err := text.Read(buf[kept:])
		seen := buf[:kept+n]
		for _, w := range words {
			if bytes.Contains(seen, []byte(w)) {
				return true, nil
			}
		}
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		tail := seen[max(0, len(seen)-longest+1):] // a word may be cut
		kept = copy(buf, tail)
	}
}
