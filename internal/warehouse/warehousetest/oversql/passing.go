package oversql

import (
	"context"

	"catchment/internal/warehouse"
)

// A passing driver passes on what its dialect says that it has beside Driver. The
// decorators are made of it.
type passing struct{ warehouse.Driver }

// Behind is the driver for whoever isn't Catchment.
func (d passing) Behind() warehouse.Driver { return behind(d.Driver) }

func (d passing) Prepared(ctx context.Context, ddl []string, f func(warehouse.Tx) error) error {
	return d.Driver.(warehouse.Preparer).Prepared(ctx, ddl, f)
}

func (d passing) Bring(ctx context.Context, c warehouse.Copy) error {
	return d.Driver.(warehouse.Bringer).Bring(ctx, c)
}

func (d passing) Forget(ctx context.Context, c warehouse.Copy) error {
	return d.Driver.(warehouse.Bringer).Forget(ctx, c)
}

// behind is a driver without its decorators.
func behind(d warehouse.Driver) warehouse.Driver {
	if on, ok := d.(interface{ Behind() warehouse.Driver }); ok {
		return on.Behind()
	}
	return d
}

// decorated is a driver with all that passing passes on.
type decorated interface {
	warehouse.Driver
	warehouse.Preparer
	warehouse.Bringer
}
