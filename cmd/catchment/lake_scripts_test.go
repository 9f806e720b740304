package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/apache/iceberg-go"
	iceio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/rogpeppe/go-internal/testscript"

	"catchment/internal/fakeaws/ministack"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/folder"
	"catchment/internal/warehouse/lake/place"
	"catchment/internal/warehouse/lake/remote"
	"catchment/internal/warehouse/lake/tables"
)

var lakeREST = flag.Bool("lake-rest", false, "TestLakeScripts has a lake in S3, too")

// TestLakeScripts runs testdata/lake with a lake in a folder, and with one in S3 whose catalog speaks REST, as that of
// S3 Tables does: ministack stands in for both.
func TestLakeScripts(t *testing.T) {
	t.Parallel()
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		lakeScripts(t, func(*testscript.Env) error { return nil }, func(ts *testscript.TestScript) (lake.Place, error) {
			return folder.Read(ts.MkAbs("lake"))
		}, "iceberg:lake")
	})
	t.Run("rest", func(t *testing.T) {
		t.Parallel()
		if !*lakeREST {
			t.Skip("make lake runs this: it takes minutes")
		}
		var cloud ministack.Server
		t.Cleanup(func() {
			if err := cloud.Stop(); err != nil {
				t.Error(err)
			}
		})
		config := cloud.Config(t)
		at := *config.BaseEndpoint + "/iceberg?sign=s3tables&warehouse=" + cloud.TableBucket(t)
		busy := busyS3(t, *config.BaseEndpoint)
		env := func(env *testscript.Env) error {
			env.Setenv("AWS_ENDPOINT_URL", *config.BaseEndpoint)
			env.Setenv("AWS_ENDPOINT_URL_S3", busy)
			env.Setenv("AWS_REGION", config.Region)
			env.Setenv("AWS_ACCESS_KEY_ID", "test")
			env.Setenv("AWS_SECRET_ACCESS_KEY", "test")
			return nil
		}
		lakeScripts(t, env, func(*testscript.TestScript) (lake.Place, error) { return remotely(at, config) },
			"iceberg:rest:"+at)
	})
}

// busyS3 is S3 as it is to who asks for much: one call of so many is told to slow down.
func busyS3(t *testing.T, behind string) string {
	t.Helper()
	to, err := url.Parse(behind)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to) // the host stays the one that was signed
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1)%100 == 0 {
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "<Error><Code>SlowDown</Code><Message>Please reduce your rate.</Message></Error>")
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.Close()
		t.Logf("%d calls of S3, of which each hundredth was slowed down", calls.Load())
	})
	return server.URL
}

// lakeScripts runs the scripts with a lake that has a URL, and that open opens behind Catchment's back.
func lakeScripts(
	t *testing.T, set func(*testscript.Env) error, open func(*testscript.TestScript) (lake.Place, error), at string,
) {
	params := scriptParams(t)
	params.Dir = "../../testdata/lake"
	setup := params.Setup
	params.Setup = func(env *testscript.Env) error {
		env.Setenv("LAKE_URL", at)
		return errors.Join(setup(env), set(env))
	}
	params.Condition = func(name string) (bool, error) {
		if name == "rest" {
			return strings.HasPrefix(at, "iceberg:rest:"), nil
		}
		return scriptCondition(name)
	}
	params.Cmds["harm"] = func(ts *testscript.TestScript, _ bool, args []string) {
		if len(args) != 2 {
			ts.Fatalf("usage: harm TABLE lose|cut|older|metadata")
		}
		p, err := open(ts)
		ts.Check(err)
		defer func() { ts.Check(p.Close()) }()
		path, err := harm(context.Background(), p, args[0], args[1])
		ts.Check(err)
		fmt.Fprintln(ts.Stdout(), path)
	}
	testscript.Run(t, params)
}

// remotely opens a lake of a REST catalog.
func remotely(at string, config aws.Config) (lake.Place, error) {
	read, err := place.ReadREST(at)
	if err != nil {
		return lake.Place{}, err
	}
	return remote.OpenREST(read, remote.World{
		Transport: http.DefaultTransport,
		AWS:       func() (aws.Config, error) { return config, nil },
		S3: func() (*s3.Client, error) {
			return s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }), nil
		},
	})
}

// harm does something to the largest data file of a final table, has an older one stand where a new one was, or loses
// what describes the table. It tells which file it was.
func harm(ctx context.Context, p lake.Place, name, what string) (string, error) {
	t, err := (&tables.Lake{Catalog: p.Catalog}).Find(ctx, tables.Name("salesforce", name))
	if err != nil {
		return "", err
	}
	fs, err := t.FS(ctx)
	if err != nil {
		return "", err
	}
	files := fs.(whole)
	data, _, err := tables.Files(ctx, t)
	if err != nil {
		return "", err
	}
	switch what {
	case "metadata":
		return t.MetadataLocation(), files.Remove(t.MetadataLocation())
	case "older":
		return older(t, files, data)
	}
	path := slices.MaxFunc(data, func(a, b iceberg.DataFile) int { return int(a.Count() - b.Count()) }).FilePath()
	if what == "lose" {
		return path, files.Remove(path)
	}
	text, err := files.ReadFile(path)
	if err != nil {
		return "", err
	}
	return path, files.WriteFile(path, text[:len(text)/2])
}

// whole are files that can be read and written at once.
type whole interface {
	iceio.ReadFileIO
	iceio.WriteFileIO
}

// older puts an older file in the place of one that the table has and that has as many rows, of the smallest of these.
func older(t *table.Table, files whole, data []iceberg.DataFile) (string, error) {
	slices.SortFunc(data, func(a, b iceberg.DataFile) int { return int(a.Count() - b.Count()) })
	for _, file := range data {
		for snapshot := range tables.Ancestors(t) {
			old, err := ofSize(snapshot, files, file)
			if err != nil || old == "" {
				continue // that snapshot's lists of files may be gone
			}
			text, err := files.ReadFile(old)
			if err != nil {
				return "", err
			}
			return file.FilePath(), files.WriteFile(file.FilePath(), text)
		}
	}
	return "", errors.New("no older file has as many rows as one of the table's")
}

// ofSize finds a data file of a snapshot that has as many rows as another one.
func ofSize(snapshot table.Snapshot, files iceio.IO, as iceberg.DataFile) (string, error) {
	manifests, err := snapshot.Manifests(files)
	if err != nil {
		return "", err
	}
	for _, manifest := range manifests {
		for entry, err := range manifest.Entries(files, true) {
			if err != nil {
				return "", err
			}
			old := entry.DataFile()
			if old.ContentType() == iceberg.EntryContentData && old.FilePath() != as.FilePath() &&
				old.Count() == as.Count() {
				return old.FilePath(), nil
			}
		}
	}
	return "", nil
}
