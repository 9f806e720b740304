// Command catchment copies Salesforce into a warehouse. This file lists the
// drivers and hands over to cli.
package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"catchment/internal/blob"
	"catchment/internal/blob/dir"
	"catchment/internal/cli"
	"catchment/internal/control"
	"catchment/internal/control/sqlite"
	"catchment/internal/mover"
	"catchment/internal/mover/bulk"
	"catchment/internal/mover/rest"
	"catchment/internal/salesforce"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/postgres"
)

// version is set by the linker.
var version = "unknown"

func main() {
	os.Exit(run(os.Args[1:]))
}

// run is main with an exit code, so that a test can be this process.
func run(args []string) int {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	return cli.Main(context.Background(), cli.Program{
		Version: version,
		Args:    args,
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
		Getenv:  os.Getenv,
		Now:     time.Now,
		Random:  rand.Reader,
		HTTP:    &http.Client{Transport: transport()},
		Signals: signals,
		Exec:    execute,
		Screen:  term.IsTerminal(int(os.Stderr.Fd())),
		Drivers: drivers(),
	})
}

// transport takes its proxy from HTTPS_PROXY and NO_PROXY; a custom CA comes
// from SSL_CERT_FILE, which crypto/x509 reads.
func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 16
	t.ResponseHeaderTimeout = 10 * time.Minute // the longest that a REST call may take
	return t
}

// execute keeps what the program says on stderr to itself: it is not ours to
// show, and may hold a secret.
func execute(ctx context.Context, name string, args ...string) ([]byte, error) {
	return exec.CommandContext(ctx, name, args...).Output()
}

func drivers() cli.Drivers {
	return cli.Drivers{
		Warehouses: map[string]func(string) (warehouse.Driver, error){
			"duckdb": func(path string) (warehouse.Driver, error) { return duckdb.Open(path, duckdb.Options{}) },
			"postgres": func(place string) (warehouse.Driver, error) {
				return postgres.Open("postgres:"+place, postgres.Options{})
			},
		},
		Stages: map[string]func(string) (blob.Store, error){
			"dir": func(path string) (blob.Store, error) { return dir.New(path) },
		},
		Controls: map[string]func(string) (control.Table, error){
			"sqlite": func(path string) (control.Table, error) { return sqlite.Open(path) },
		},
		Movers: map[string]func(*salesforce.Client) mover.Pager{
			"bulk": func(c *salesforce.Client) mover.Pager { return bulk.New(c) },
			"rest": func(c *salesforce.Client) mover.Pager { return rest.New(c) },
		},
	}
}
