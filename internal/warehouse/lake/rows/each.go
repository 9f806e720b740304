package rows

import (
	"context"
	"errors"
	"io"

	"github.com/apache/iceberg-go/table"
)

// ErrEnough is what a look at rows returns that wants no more of them.
var ErrEnough = errors.New("enough was seen")

// Each goes through the rows of a query, a batch at a time, until look says that it has enough.
func Each(ctx context.Context, t *table.Table, q Query, look func(Batch) error) (err error) {
	c, err := Open(ctx, t, q)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()

	for {
		b, err := c.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = look(b)
		}
		if errors.Is(err, ErrEnough) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
