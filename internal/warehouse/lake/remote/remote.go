// Package remote opens lakes whose files are in S3, and whose catalog is a server: one that speaks the REST
// protocol of Iceberg, or AWS Glue.
//
// What such a server answers is told by somebody else. So requests go to no host but the configured ones, and
// credentials with them; files are read and written in S3 alone, where the environment says that this is.
// Start at OpenREST.
//
// Files, from the top: remote.go, pinned.go.
package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/catalog/glue"
	"github.com/apache/iceberg-go/catalog/rest"
	icebergio "github.com/apache/iceberg-go/io"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/place"
	"catchment/internal/warehouse/lake/storage"
)

// A World is what is needed to reach a server.
type World struct {
	Transport http.RoundTripper                      // carries proxy and certificates
	AWS       func() (aws.Config, error)             // asked only where a lake needs it
	S3        func() (*s3.Client, error)             // of the account
	Secret    func(reference string) (string, error) // reads a secret
}

// openTime bounds the questions that opening asks.
const openTime = time.Minute

// OpenREST asks a catalog how it wants to be spoken to.
func OpenREST(at place.REST, w World) (lake.Place, error) {
	client, err := w.S3()
	if err != nil {
		return lake.Place{}, err
	}
	options, err := signing(at, w)
	if err != nil {
		return lake.Place{}, err
	}
	files := storage.NewBuckets(client, at.Location)
	return open(func(property iceberg.Properties) (catalog.Catalog, error) {
		ctx, cancel := context.WithTimeout(context.Background(), openTime)
		defer cancel()
		options = append(options, rest.WithAdditionalProps(property),
			rest.WithCustomTransport(pin(w.Transport, at.URL, at.OAuth)))
		made, err := rest.NewCatalog(ctx, "lake", at.URL, options...)
		if err != nil {
			return nil, fmt.Errorf("catalog of the lake: %w", printable.Error(err))
		}
		return made, nil
	}, func(properties map[string]string) icebergio.IO { return files.Lent(properties) })
}

// signing is how requests say who asks.
func signing(at place.REST, w World) (options []rest.Option, err error) {
	if at.Warehouse != "" {
		options = append(options, rest.WithWarehouseLocation(at.Warehouse))
	}
	switch {
	case at.Sign != "":
		config, err := w.AWS()
		if err != nil {
			return nil, err
		}
		return append(options, rest.WithAwsConfig(config), rest.WithSigV4RegionSvc(config.Region, at.Sign)), nil
	case at.Token != "":
		token, err := w.Secret(at.Token)
		return append(options, rest.WithOAuthToken(token)), err
	case at.Credential != "":
		credential, err := w.Secret(at.Credential)
		if err != nil {
			return nil, err
		}
		options = append(options, rest.WithCredential(credential), rest.WithScope(at.Scope))
		if at.OAuth != "" {
			options = append(options, rest.WithAuthURI(parsed(at.OAuth)))
		}
	}
	return options, nil
}

// OpenGlue opens a lake whose catalog is Glue. It asks nothing yet.
func OpenGlue(at place.Glue, w World) (lake.Place, error) {
	config, err := w.AWS()
	if err != nil {
		return lake.Place{}, err
	}
	client, err := w.S3()
	if err != nil {
		return lake.Place{}, err
	}
	files := storage.NewBuckets(client, "")
	return open(func(property iceberg.Properties) (catalog.Catalog, error) {
		properties := glue.AwsProperties(property)
		properties["warehouse"] = at.Location
		if at.Catalog != "" {
			properties[glue.CatalogIdKey] = at.Catalog
		}
		return glue.NewCatalog(glue.WithAwsConfig(config), glue.WithAwsProperties(properties))
	}, func(map[string]string) icebergio.IO { return files })
}

// open makes a catalog that finds its files, and a folder for what has no room in memory.
func open(
	make func(property iceberg.Properties) (catalog.Catalog, error), files func(map[string]string) icebergio.IO,
) (p lake.Place, err error) {
	name, value, withdraw := storage.Offer(func(_ context.Context, properties map[string]string) (icebergio.IO, error) {
		return files(properties), nil
	})
	defer func() {
		if err != nil {
			withdraw()
		}
	}()
	if p.Catalog, err = make(iceberg.Properties{name: value}); err != nil {
		return p, err
	}
	p.Scratch, err = os.MkdirTemp("", "catchment-lake-")
	if err != nil {
		return p, plan.Fixf("set TMPDIR to a folder that this user may write", "scratch of the lake: %w",
			errors.Join(printable.Error(err), end(p.Catalog)))
	}
	p.Close = func() error {
		defer withdraw()
		return errors.Join(end(p.Catalog), os.RemoveAll(p.Scratch))
	}
	return p, nil
}

// end gives back what a catalog has open.
func end(c catalog.Catalog) error {
	if closer, ok := c.(catalog.Closer); ok {
		return closer.Close()
	}
	return nil
}
