package cloud

import (
	"net/http"
	"os"

	"catchment/internal/project"
	"catchment/internal/secret"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/place"
	"catchment/internal/warehouse/lake/remote"
)

// Lake is what people call a lake, wherever it is.
const Lake = "Lake (Iceberg)"

// lakeByREST is a lake in S3, whose catalog speaks REST.
func (a *AWS) lakeByREST() project.WarehouseDriver {
	return project.WarehouseDriver{
		Title: Lake, Lake: true, Form: "iceberg:rest:https://...", Also: []string{"iceberg:rest"},
		Check: func(url string) error { _, err := place.ReadREST(url); return err },
		Open: func(url string, o warehouse.Options) (warehouse.Warehouse, error) {
			at, err := place.ReadREST(url)
			if err != nil {
				return nil, err
			}
			opened, err := remote.OpenREST(at, a.lakes())
			if err != nil {
				return nil, err
			}
			return lake.New(opened, o), nil
		},
	}
}

// lakeByGlue is a lake in S3, whose catalog is AWS Glue.
func (a *AWS) lakeByGlue() project.WarehouseDriver {
	return project.WarehouseDriver{
		Title: Lake, Lake: true, Form: "iceberg:glue:s3://...", Also: []string{"iceberg:glue"},
		Check: func(url string) error { _, err := place.ReadGlue(url); return err },
		Open: func(url string, o warehouse.Options) (warehouse.Warehouse, error) {
			at, err := place.ReadGlue(url)
			if err != nil {
				return nil, err
			}
			opened, err := remote.OpenGlue(at, a.lakes())
			if err != nil {
				return nil, err
			}
			return lake.New(opened, o), nil
		},
	}
}

// lakes is what it takes to reach the catalog of a lake, and its files.
func (a *AWS) lakes() remote.World {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if a.Names != nil {
		transport.DialContext = a.Names.Dial(transport.DialContext)
	}
	secrets := secret.Resolver{Getenv: os.Getenv, ReadFile: os.ReadFile, Outside: a.Secrets()}
	return remote.World{
		Transport: transport, AWS: a.config, S3: a.S3,
		Secret: func(reference string) (string, error) {
			value, err := secrets.Resolve(reference)
			return value.Reveal(), err
		},
	}
}
