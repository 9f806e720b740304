package place_test

import (
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/warehouse/lake/place"
)

// TestFolder tells a path from what isn't one.
func TestFolder(t *testing.T) {
	for path, hint := range map[string]string{
		"lake": "", "./lake": "", "/var/lib/lake": "",
		"s3://bucket/prefix":         "iceberg:glue:s3://BUCKET/PREFIX",
		"hive:thrift://host":         "iceberg:rest:https://HOST",
		"file:///var/lake":           "iceberg:FOLDER",
		"nessie:http://localhost/\n": "iceberg:FOLDER",
	} {
		_, err := place.Folder(path)
		judge(t, path, err, hint)
	}
}

func judge(t *testing.T, text string, err error, hint string) {
	t.Helper()
	switch {
	case hint == "" && err != nil:
		t.Errorf("%s: %v", text, err)
	case hint != "" && err == nil:
		t.Errorf("%s is taken", text)
	case hint != "" && (plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), hint)):
		t.Errorf("%s: %v, hint %q", text, err, plan.HintOf(err))
	}
}

func TestReadREST(t *testing.T) {
	for text, hint := range map[string]string{
		"https://catalog.example.com/api?warehouse=prod&credential=env:POLARIS":              "",
		"https://catalog.example.com?token=file:/run/secrets/token":                          "",
		"https://s3tables.eu-west-1.amazonaws.com/iceberg?warehouse=arn:aws:x&sign=s3tables": "",
		"http://127.0.0.1:4566/iceberg?location=s3://bucket/lake":                            "",
		"https://c.example.com?credential=env:A&oauth=https://login.example.com/t&scope=x":   "",

		"catalog.example.com":                                                   "iceberg:rest:https://HOST",
		"http://catalog.example.com/api":                                        "https://",
		"https://me:geheim@catalog.example.com/api":                             "credential=env:NAME",
		"https://c.example.com?credential=id:geheim":                            "env:NAME",
		"https://c.example.com?token=file:token":                                "a path from /",
		"https://c.example.com?token=env:A&sign=s3tables":                       "all but one",
		"https://c.example.com?scope=x":                                         "leave them out",
		"https://c.example.com?credential=env:A&oauth=http://login.example.com": "https://",
		"https://c.example.com?warehous=prod":                                   "the parameters are: warehouse",
		"https://c.example.com?warehouse=a&warehouse=b":                         "leave one",
		"https://c.example.com?location=file:///etc":                            "s3://BUCKET/PREFIX",
		"https://c.example.com?sign=S3%20Tables":                                "sign=s3tables",
		"https://c.example.com/?warehouse=%zz":                                  "?warehouse=NAME",
	} {
		_, err := place.ReadREST(text)
		judge(t, text, err, hint)
		if err != nil && strings.Contains(err.Error()+plan.HintOf(err), "geheim") {
			t.Errorf("%s: the error holds the secret: %v", text, err)
		}
	}
	got, err := place.ReadREST("https://c.example.com/api/?warehouse=prod&credential=env:A&location=s3://bucket/lake/")
	want := place.REST{URL: "https://c.example.com/api", Warehouse: "prod", Credential: "env:A",
		Location: "s3://bucket/lake"}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReadGlue(t *testing.T) {
	for text, hint := range map[string]string{
		"s3://bucket": "", "s3://bucket/crm/lake/": "", "s3://bucket/lake?catalog=111122223333": "",
		"bucket/lake":                "iceberg:glue:s3://BUCKET/PREFIX",
		"s3://B/lake":                "s3://BUCKET/PREFIX",
		"s3://bucket/a b":            "letters, digits",
		"s3://bucket/a/../b":         "letters, digits",
		"s3://bucket/lake?catalog=x": "12 digits",
		"s3://bucket/lake?region=x":  "the parameters are: catalog",
		"https://bucket/lake":        "iceberg:glue:s3://BUCKET/PREFIX",
	} {
		_, err := place.ReadGlue(text)
		judge(t, text, err, hint)
	}
	got, err := place.ReadGlue("s3://bucket/lake/?catalog=111122223333")
	if want := (place.Glue{Location: "s3://bucket/lake", Catalog: "111122223333"}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}
