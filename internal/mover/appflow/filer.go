package appflow

import (
	"context"
	"iter"

	"catchment/internal/mover"
	"catchment/internal/mover/appflow/files"
)

// A Filer has flows leave files in S3, and hands these out.
type Filer struct {
	*Lander
	bucket *files.Bucket
}

var _ mover.Filer = (*Filer)(nil)

// NewFiler makes a Filer of files that lie in bucket. What its settings lack is told at once.
func NewFiler(c Config, bucket *files.Bucket) (*Filer, error) {
	l, err := newLander(c)
	return &Filer{l, bucket}, err
}

// Pages lists what the executions have left that count.
func (f *Filer) Pages(ctx context.Context, r mover.LandRequest, at mover.Landing) iter.Seq2[mover.Page, error] {
	return f.bucket.Pages(ctx, files.Folder{Flow: at.Flow(), Executions: at.Files, Fields: r.Fields})
}
