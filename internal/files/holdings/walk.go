package holdings

import (
	"context"
	"fmt"

	"catchment/internal/blob"
	"catchment/internal/body"
	"catchment/internal/warehouse/bodies"
)

// A Pair is one body: what the register says of it, and what the stage has.
type Pair struct {
	SHA256 string
	Named  bool // by the register
	Size   int64
	Stored *blob.Info // nil where the stage has none
}

// Lost tells of a body that a file has, and the stage hasn't.
func (p Pair) Lost() bool { return p.Named && p.Stored == nil }

// Resized tells of a body that the stage has with another size.
func (p Pair) Resized() bool { return p.Named && p.Stored != nil && p.Stored.Size != p.Size }

// A Register is what Walk needs of one.
type Register interface {
	Digests(ctx context.Context, object, after string, most int) ([]bodies.Digest, error)
}

// Walk calls do with each body that the register names of an object's files, of all where it is
// "", and with each that the stage has, in order of their digests and in memory that doesn't grow
// with them. What lies among the bodies and is none is passed over.
func Walk(ctx context.Context, r Register, stage blob.Store, object string, do func(Pair) error) error {
	named := &cursor{register: r, object: object}
	if err := named.next(ctx); err != nil {
		return err
	}
	for shard := range 256 { // a list of all bodies may have no room in memory
		for info, err := range stage.List(ctx, fmt.Sprintf("%s%02x/", body.Prefix, shard)) {
			if err != nil {
				return err
			}
			digest, ok := body.DigestOf(info.Key)
			if !ok {
				continue
			}
			if err := named.before(ctx, digest, do); err != nil {
				return err
			}
			p := Pair{SHA256: digest, Stored: &info}
			if named.at != nil && named.at.SHA256 == digest {
				p.Named, p.Size = true, named.at.Size
				if err := named.next(ctx); err != nil {
					return err
				}
			}
			if err := do(p); err != nil {
				return err
			}
		}
	}
	return named.before(ctx, "", do)
}

// atOnce is how many digests the register is asked for in one go.
const atOnce = 5000

// A cursor goes through the digests that the register names.
type cursor struct {
	register Register
	object   string
	some     []bodies.Digest
	last     string
	ended    bool
	at       *bodies.Digest // nil at the end
}

// next goes to the next digest.
func (c *cursor) next(ctx context.Context) (err error) {
	if len(c.some) == 0 && !c.ended {
		if c.some, err = c.register.Digests(ctx, c.object, c.last, atOnce); err != nil {
			return err
		}
		c.ended = len(c.some) < atOnce
	}
	c.at = nil
	if len(c.some) > 0 {
		c.at, c.some = &c.some[0], c.some[1:]
		c.last = c.at.SHA256
	}
	return nil
}

// before tells of the digests before one, "" is the end, that the stage has none of them.
func (c *cursor) before(ctx context.Context, digest string, do func(Pair) error) error {
	for c.at != nil && (digest == "" || c.at.SHA256 < digest) {
		if err := do(Pair{SHA256: c.at.SHA256, Named: true, Size: c.at.Size}); err != nil {
			return err
		}
		if err := c.next(ctx); err != nil {
			return err
		}
	}
	return nil
}
