// Package storage is the files of a lake: those of a folder of this machine, or the objects of S3.
//
// iceberg-go asks for files by their addresses, as a catalog and its tables tell them. Here they are got,
// and nothing that an address says is believed: a lake in a folder reaches no file outside of it, one in S3
// no file of this machine. A file that is written is there as a whole or not at all.
//
// Which addresses there are, and what is in the files, is left to iceberg-go. Start at Offer.
//
// Files, from the top: storage.go, folder.go, folder_write.go, s3.go, s3_read.go, s3_write.go, s3_list.go.
package storage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"sync"

	icebergio "github.com/apache/iceberg-go/io"
)

// An Opener gives the files of one lake. The properties are those of the catalog, and what a server
// or a table has put beside them.
type Opener func(ctx context.Context, properties map[string]string) (icebergio.IO, error)

// key is the property of a catalog by which its tables find their files.
const key = "catchment.files"

// offered are the openers of the lakes that are open, by the key's value.
//
// iceberg-go has one table of schemes for the whole process, and no other way to give files to a catalog.
// So all of our schemes have one entry there, which leads to the lake by a property of its catalog.
var offered sync.Map

// registered has the schemes entered once, with the first lake.
var registered sync.Once

// Offer has the tables of a catalog find their files. The catalog has to have the property that it returns,
// under the name that it returns, for as long as until withdraw is called.
func Offer(open Opener) (name, value string, withdraw func()) {
	registered.Do(register)
	value = rand.Text()
	offered.Store(value, open)
	return key, value, func() { offered.Delete(value) }
}

// register enters our schemes. Those of files of this machine are entered by iceberg-go before, and stay what
// they are for whoever makes a catalog without us.
func register() {
	for _, scheme := range []string{"file", ""} {
		icebergio.Unregister(scheme)
		icebergio.Register(scheme, find(icebergio.LocalFS{}))
	}
	for _, scheme := range s3Schemes {
		icebergio.Register(scheme, find(nil))
	}
}

// errNotOffered says that a catalog is used that isn't open, or that an answer of its server hides where its
// files are.
var errNotOffered = errors.New("no open lake has these files")

// find looks up the files of the lake that properties name; without a name they are otherwise, if that is
// anything.
func find(otherwise icebergio.IO) icebergio.SchemeFactory {
	return func(ctx context.Context, at *url.URL, properties map[string]string) (icebergio.IO, error) {
		value, named := properties[key]
		if !named && otherwise != nil {
			return otherwise, nil
		}
		open, ok := offered.Load(value)
		if !ok {
			return nil, fmt.Errorf("%s://%s: %w", at.Scheme, at.Host, errNotOffered)
		}
		return open.(Opener)(ctx, properties)
	}
}
