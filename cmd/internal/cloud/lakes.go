package cloud

import (
	"net/http"
	"os"

	"catchment/internal/project"
	"catchment/internal/secret"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/place"
	"catchment/internal/warehouse/lake/readers"
	"catchment/internal/warehouse/lake/remote"
)

// Lake is what people call a lake, wherever it is.
const Lake = "Lake (Iceberg)"

// lakeIn is the driver of a lake that open opens.
func lakeIn(open func(url string) (lake.Place, error)) project.WarehouseDriver {
	return project.WarehouseDriver{
		Title: Lake, Lake: true,
		Open: func(url string, o warehouse.Options) (warehouse.Warehouse, error) {
			at, err := open(url)
			if err != nil {
				return nil, err
			}
			return lake.New(at, o), nil
		},
	}
}

// lakeByREST is a lake in S3, whose catalog speaks REST.
func (a *AWS) lakeByREST() project.WarehouseDriver {
	d := lakeIn(a.LakeByREST)
	d.Check = func(url string) error { _, err := place.ReadREST(url); return err }
	d.Reader = func(url, engine string) (project.Reader, error) {
		at, err := place.ReadREST(url)
		if err != nil {
			return nil, err
		}
		return readers.New(readers.REST(at), engine)
	}
	return d
}

// lakeByGlue is a lake in S3, whose catalog is AWS Glue.
func (a *AWS) lakeByGlue() project.WarehouseDriver {
	d := lakeIn(a.LakeByGlue)
	d.Check = func(url string) error { _, err := place.ReadGlue(url); return err }
	d.Reader = func(url, engine string) (project.Reader, error) {
		at, err := place.ReadGlue(url)
		if err != nil {
			return nil, err
		}
		return readers.New(readers.Glue(at), engine)
	}
	return d
}

// LakeByREST opens a lake whose catalog speaks REST.
func (a *AWS) LakeByREST(url string) (lake.Place, error) {
	at, err := place.ReadREST(url)
	if err != nil {
		return lake.Place{}, err
	}
	return remote.OpenREST(at, a.lakes())
}

// LakeByGlue opens a lake whose catalog is AWS Glue.
func (a *AWS) LakeByGlue(url string) (lake.Place, error) {
	at, err := place.ReadGlue(url)
	if err != nil {
		return lake.Place{}, err
	}
	return remote.OpenGlue(at, a.lakes())
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
