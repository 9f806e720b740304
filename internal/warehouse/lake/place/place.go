// Package place is where a lake is, as warehouse.url says it: in a folder, or in S3 under a catalog that is
// reached by REST or is AWS Glue.
//
//	iceberg:FOLDER
//	iceberg:rest:https://HOST/PATH?warehouse=NAME&credential=REFERENCE
//	iceberg:glue:s3://BUCKET/PREFIX
//
// It reads texts alone. Opening is left to folder and to remote, since a program that runs in Lambda has no
// folder. Start at ReadREST.
//
// Files, from the top: place.go, rest.go, glue.go.
package place

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/printable"
)

// Folder reads the path of a lake in a folder.
func Folder(path string) (string, error) {
	kind, _, _ := strings.Cut(path, ":")
	switch kind {
	case path:
	case "s3", "s3a":
		return "", plan.Fixf("write iceberg:glue:s3://BUCKET/PREFIX, or iceberg:rest:https://HOST/PATH?warehouse=NAME",
			"warehouse.url names no catalog: in S3, which snapshot of a table is the newest has to stand elsewhere")
	default:
		return "", plan.Fixf("write iceberg:FOLDER, iceberg:rest:https://HOST/PATH?warehouse=NAME or "+
			"iceberg:glue:s3://BUCKET/PREFIX", "warehouse.url names a catalog %s, which there isn't",
			printable.Line(kind))
	}
	return path, nil
}

// parameters are those of a URL, each given once and known.
func parameters(u *url.URL, known ...string) (url.Values, error) {
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, plan.Fixf("write them as in ?warehouse=NAME&location=s3://BUCKET/PREFIX",
			"the parameters of warehouse.url can't be read")
	}
	for name, values := range q {
		if !slices.Contains(known, name) {
			return nil, plan.Fixf("the parameters are: "+strings.Join(known, ", "),
				"warehouse.url has an unknown parameter %s", printable.Line(name))
		}
		if len(values) > 1 {
			return nil, plan.Fixf("leave one of them out", "warehouse.url has the parameter %s more than once", name)
		}
	}
	return q, nil
}

// locations are addresses in S3 of which each part is spelled as it is.
var locations = regexp.MustCompile(`^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()=-]+)*/?$`)

// location reads an address in S3, where tables are to be.
func location(text string) (string, error) {
	text = strings.TrimRight(text, "/")
	if !locations.MatchString(text) || strings.Contains(text, "/../") || strings.HasSuffix(text, "/..") {
		return "", plan.Fixf("write s3://BUCKET/PREFIX, with letters, digits and any of _ . - = in the prefix",
			"warehouse.url names no place in S3")
	}
	return text, nil
}
