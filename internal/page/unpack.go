package page

import (
	"io"

	"github.com/klauspost/compress/gzip"

	"catchment/internal/plan"
)

// What a packed page may become. Salesforce ends a page at 1 GB, and the sparsest
// objects pack to a hundredth; deflate itself could make a thousand bytes of one, and
// of a few megabytes what fills the disk of whoever loads the page.
const (
	textAtMost  = 4 << 30  // bytes
	ratioAtMost = 400      // bytes of text for each packed one,
	ratioFrom   = 64 << 20 // once there are so many
)

// A gunzip yields the text of a packed page, as far as it can be one. All of it goes through Read: a Reader that was
// embedded could write it into something by itself.
type gunzip struct {
	from   *gzip.Reader
	packed *counted
	text   int64
}

// counted counts what is read of a packed page.
type counted struct {
	from io.Reader
	n    int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}

// newGunzip reads the header of a packed page. Its errors are classed as those of Check.
func newGunzip(from io.Reader) (*gunzip, error) {
	packed := &counted{from: from}
	z, err := gzip.NewReader(packed)
	if err != nil {
		return nil, broken(err)
	}
	return &gunzip{from: z, packed: packed}, nil
}

func (g *gunzip) Read(p []byte) (int, error) {
	n, err := g.from.Read(p)
	g.text += int64(n)
	if isBomb(g.packed.n, g.text) {
		return 0, plan.Failf(plan.Fix, plan.NoOrg, "unpack: %d bytes became %d", g.packed.n, g.text)
	}
	if err != nil && err != io.EOF {
		err = broken(err)
	}
	return n, err
}

// Close ends the unpacking, not what it reads from.
func (g *gunzip) Close() error { return g.from.Close() }

// isBomb tells whether so many bytes of text can't be a page's.
func isBomb(packed, text int64) bool {
	return text > textAtMost || text > ratioFrom && text/ratioAtMost > packed
}
