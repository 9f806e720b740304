package oversql

import (
	"context"

	"catchment/internal/warehouse/sql"
)

// A passing driver passes on what its dialect says that it has beside Driver. The
// decorators are made of it.
type passing struct{ sql.Driver }

// Behind is the driver for whoever isn't Catchment.
func (d passing) Behind() sql.Driver { return behind(d.Driver) }

func (d passing) Prepared(ctx context.Context, ddl []string, f func(sql.Tx) error) error {
	return d.Driver.(sql.Preparer).Prepared(ctx, ddl, f)
}

func (d passing) Bring(ctx context.Context, c sql.Copy) error {
	return d.Driver.(sql.Bringer).Bring(ctx, c)
}

func (d passing) Forget(ctx context.Context, c sql.Copy) error {
	return d.Driver.(sql.Bringer).Forget(ctx, c)
}

// behind is a driver without its decorators.
func behind(d sql.Driver) sql.Driver {
	if on, ok := d.(interface{ Behind() sql.Driver }); ok {
		return on.Behind()
	}
	return d
}

// decorated is a driver with all that passing passes on.
type decorated interface {
	sql.Driver
	sql.Preparer
	sql.Bringer
}
