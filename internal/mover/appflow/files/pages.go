// Package files reads what executions of Amazon AppFlow leave in S3, as pages of the very
// form that Bulk API 2.0 gives.
//
// Whose a file is, its key says, and whether it is the one that was listed, its ETag. What
// is in it, CSV or Parquet, its first bytes say, so that files of a flow that was made
// before the configuration changed are read as well. Which executions count is left to
// package appflow, and what the records are worth to whoever stages the pages.
//
// Start at Bucket.Pages. bucket.go lists and opens, csv.go and parquet.go take records out,
// text.go writes their values, and page.go a page of them.
package files

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"strings"

	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/schema"
)

// A Folder is what a flow has left.
type Folder struct {
	Flow       string
	Executions []mover.Execution // those that count
	Fields     []schema.Field    // of the pages, in this order; the files' columns are called so
}

// filesAtMost is how many files one landing may have: a page has a place among so many.
const filesAtMost = 1_000_000

// Pages lists the files of the executions that count: one execution after the other, each
// in the order of its keys.
func (b *Bucket) Pages(ctx context.Context, f Folder) iter.Seq2[mover.Page, error] {
	return func(yield func(mover.Page, error) bool) {
		found, err := b.filesOf(ctx, f)
		if err != nil {
			yield(mover.Page{}, err)
			return
		}
		for _, one := range found {
			open := func(ctx context.Context) (*mover.Body, error) { return b.page(ctx, one, f.Fields) }
			if !yield(mover.Page{Name: one.name(), Open: open}, nil) {
				return
			}
		}
	}
}

// A file is an object of the bucket as it was listed.
type file struct {
	execution string
	key, etag string
	size      int64
}

// name tells a file from every other one, and from what somebody writes in its place.
func (f file) name() string {
	sum := sha256.Sum256([]byte(f.key + "\x00" + f.etag))
	return f.execution + "-" + hex.EncodeToString(sum[:8])
}

// filesOf finds the files of a folder's executions.
//
// AppFlow puts them below the prefix, in a folder that is called like the flow; below that
// come, as the flow says, the execution's ID, the version of its schema, and folders of the
// date (AppFlow API Reference, PrefixConfig; User Guide, "Partitioning and aggregating data
// output"). In which order, nobody documents: so the ID may stand at any place between the
// flow's name and the file's. Whatever has none of the IDs is another execution's.
func (b *Bucket) filesOf(ctx context.Context, f Folder) ([]file, error) {
	place := map[string]int{}
	for i, e := range f.Executions {
		place[e.ID] = i
	}
	var found []file
	has := map[string]bool{}
	for one, err := range b.list(ctx, f.Flow+"/") {
		if err != nil {
			return nil, err
		}
		folders := strings.Split(one.rest, "/")
		i := slices.IndexFunc(folders[:len(folders)-1], func(name string) bool { _, ours := place[name]; return ours })
		if i < 0 || one.size == 0 {
			continue
		}
		if len(found) == filesAtMost {
			return nil, plan.Fixf("set a larger target file size for the flow, or read the object by `mover: bulk`",
				"flow %s has left more than %d files", f.Flow, filesAtMost)
		}
		has[folders[i]] = true
		found = append(found, file{execution: folders[i], key: one.key, etag: one.etag, size: one.size})
	}
	for _, e := range f.Executions {
		if !has[e.ID] && (e.Records > 0 || e.Bytes > 0) {
			return nil, gone("execution %s of flow %s has written %d records, and no file of it is in %s", e.ID, f.Flow,
				e.Records, b.url(f.Flow+"/"))
		}
	}
	slices.SortFunc(found, func(a, c file) int {
		return cmp.Or(place[a.execution]-place[c.execution], strings.Compare(a.key, c.key))
	})
	return found, nil
}

// gone says that files aren't there as they were listed, or recorded. Another execution
// reads the same records again.
func gone(format string, args ...any) error {
	const hint = "nothing but AppFlow may write or delete in its folder: look at the bucket's lifecycle rules"
	return plan.Failf(plan.Retry, hint, "%w: %w", fmt.Errorf(format, args...), mover.ErrGone)
}

// wrong says that a file isn't what the flow was made to write: to read it again can't help.
func wrong(f file, why error) error {
	const hint = "look at the file, and at the flow in Amazon AppFlow: the next run has it write another one; " +
		"where that is wrong too, set `mover: bulk` for the flow"
	return plan.Failf(plan.Fix, hint, "%w: file %s: %w", mover.ErrFailed, f.key, why)
}
