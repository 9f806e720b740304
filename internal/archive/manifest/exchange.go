package manifest

import (
	"context"
	"fmt"
	"io"
	"strings"

	"catchment/internal/blob"
)

// spares is the folder of blobs that are on their way into the places of others.
func spares(name string) string { return Folder(name) + "erasing/" }

// Exchange puts a changed copy of a blob in its place, which no other part of the archive does:
// only erase may change what was written. The copy is whole before the old one is deleted, and
// Resume finishes what was stopped. It is of the plan of this name, and its key lies in the
// plan's folder.
func Exchange(ctx context.Context, store blob.Store, name, key string,
	change func(in io.Reader, out io.Writer) error) error {
	spare := spares(name) + strings.TrimPrefix(key, Folder(name))
	if err := Rewrite(ctx, store, key, spare, change); err != nil {
		return err
	}
	return replace(ctx, store, spare, key)
}

// Resume finishes the exchanges of a plan that were stopped.
func Resume(ctx context.Context, store blob.Store, name string) error {
	var left []string
	for info, err := range store.List(ctx, spares(name)) {
		if err != nil {
			return err
		}
		left = append(left, info.Key) // a store isn't changed while it is listed
	}
	for _, spare := range left {
		if err := replace(ctx, store, spare, Folder(name)+strings.TrimPrefix(spare, spares(name))); err != nil {
			return err
		}
	}
	return nil
}

// replace moves a blob to the place of another one.
func replace(ctx context.Context, store blob.Store, from, to string) error {
	if err := store.Delete(ctx, to); err != nil {
		return err
	}
	if err := Rewrite(ctx, store, from, to, func(in io.Reader, out io.Writer) error {
		_, err := io.Copy(out, in)
		return err
	}); err != nil {
		return err
	}
	return store.Delete(ctx, from)
}

// Rewrite writes a changed copy of a blob, whole or not at all.
func Rewrite(ctx context.Context, store blob.Store, from, to string,
	change func(in io.Reader, out io.Writer) error) error {
	in, err := store.Open(ctx, from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // it was only read
	out, feed := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		feed.CloseWithError(change(in, feed))
	}()
	_, err = store.Put(ctx, to, out)
	_ = out.Close() // it ends the change, whose error Put has told
	<-done
	if err != nil {
		return fmt.Errorf("write %s: %w", to, err)
	}
	return nil
}
