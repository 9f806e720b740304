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
	"runtime/debug"
	"syscall"
	"time"
	_ "time/tzdata" // a container may have no time zones of its own

	"golang.org/x/term"

	"catchment/cmd/internal/account"
	"catchment/cmd/internal/cloud"
	"catchment/deploy/aws"
	"catchment/internal/blob"
	"catchment/internal/blob/dir"
	"catchment/internal/cli"
	"catchment/internal/control/sqlite"
	"catchment/internal/control/versioned"
	"catchment/internal/dns"
	"catchment/internal/progress"
	"catchment/internal/project"
	"catchment/internal/rollout"
	"catchment/internal/template"
	"catchment/internal/template/terraform"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/folder"
	"catchment/internal/warehouse/lake/place"
	"catchment/internal/warehouse/lake/readers"
	"catchment/internal/warehouse/query"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/statements"
)

// version is set by the linker.
var version = "unknown"

// heapGrowth is how much the heap may grow beyond what is in use before the rest is collected, in percent. With Go's
// own 100, a first run into a lake takes a fifth more memory, and as long.
const heapGrowth = 70

func main() {
	os.Exit(run(os.Args[1:]))
}

// run is main with an exit code, so that a test can be this process.
func run(args []string) int {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
	theirs := syscall.Umask(private)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	names := &dns.Patience{For: namesTime}
	client := &http.Client{Transport: transport(names)}
	named := cloud.New()
	named.Names = names
	return cli.Main(context.Background(), cli.Program{
		World: project.World{
			Version:  version,
			Getenv:   os.Getenv,
			ReadFile: os.ReadFile,
			Now:      time.Now,
			Random:   rand.Reader,
			HTTP:     client,
			Exec:     execute,
			Secrets:  named.Secrets(),
			Drivers:  drivers(named),
		},
		Names:   names,
		Args:    args,
		Stdin:   os.Stdin,
		Setenv:  os.Setenv,
		Forms:   []template.Form{terraform.Form{}},
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
		Signals: signals,
		Size:    size(os.Stderr),
		Columns: columns(os.Stdout),
		ForAll: func(write func() error) error {
			syscall.Umask(theirs)
			defer syscall.Umask(private)
			return write()
		},
		Cloud: cli.Cloud{
			Account: func() (rollout.Account, error) { return into(named) },
			Script:  aws.Consolidate,
		},
	})
}

// into is the account of AWS that a deployment goes into.
func into(a *cloud.AWS) (rollout.Account, error) {
	config, err := a.Config()
	if err != nil {
		return nil, err
	}
	s3, err := a.S3()
	if err != nil {
		return nil, err
	}
	return account.New(config, s3), nil
}

// columns is how wide a terminal is; 0 for what is none.
func columns(file *os.File) int {
	wide, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return wide
}

// size is how large a terminal is that can be drawn on; nil for what is none.
func size(file *os.File) progress.Size {
	fd := int(file.Fd())
	if !term.IsTerminal(fd) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return func() (columns, rows int) {
		columns, rows, err := term.GetSize(fd)
		if err != nil {
			return 0, 0
		}
		return columns, rows
	}
}

// namesTime is how long a name is looked up that nobody answers for.
const namesTime = time.Minute

// private is the umask of all that is written, by whatever library: the copy of a CRM
// is for the user alone, and for those whom package rights lets in.
const private = 0o077

// transport takes its proxy from HTTPS_PROXY and NO_PROXY; a custom CA comes
// from SSL_CERT_FILE, which crypto/x509 reads.
func transport(names *dns.Patience) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = names.Dial(t.DialContext)
	t.MaxIdleConnsPerHost = 16
	t.MaxResponseHeaderBytes = 1 << 20 // as wire.Bounds has it; net/http would hold ten times as much
	return t
}

// execute keeps what the program says on stderr to itself: it is not ours to
// show, and may hold a secret.
func execute(ctx context.Context, name string, args ...string) ([]byte, error) {
	return exec.CommandContext(ctx, name, args...).Output() // #nosec G204 -- sf, by the login that is configured
}

// drivers are those of the cloud, and those of one machine.
func drivers(account *cloud.AWS) project.Drivers {
	d := account.Drivers()
	d.Warehouses[d.Local.Scheme] = project.WarehouseDriver{
		Title: "DuckDB",
		Check: duckdb.CheckPath,
		Open: func(path string, o warehouse.Options) (warehouse.Warehouse, error) {
			driver, err := duckdb.Open(path, duckdb.Options{Pages: o.Pages, Wait: o.Wait})
			if err != nil {
				return nil, err
			}
			return sql.New(driver, o), nil
		},
		Script: func(string) warehouse.Scripter { return statements.NewScripter(duckdb.Dialect()) },
		Query: func(path string, o warehouse.Options) (query.Session, error) {
			return duckdb.OpenQuery(path, o.Schema, duckdb.Options{Wait: o.Wait})
		},
		File: true,
	}
	d.Warehouses["iceberg"] = queried(project.WarehouseDriver{
		Title: cloud.Lake,
		Check: func(path string) error { _, err := place.Folder(path); return err },
		Open: func(path string, o warehouse.Options) (warehouse.Warehouse, error) {
			at, err := folder.Open(path)
			if err != nil {
				return nil, err
			}
			return lake.New(at, o), nil
		},
		Reader: func(_, engine string) (project.Reader, error) { return readers.New(readers.Folder(), engine) },
		File:   true, Lake: true,
	}, folder.Read)
	d.Warehouses["iceberg:rest"] = queried(d.Warehouses["iceberg:rest"], account.LakeByREST)
	d.Warehouses["iceberg:glue"] = queried(d.Warehouses["iceberg:glue"], account.LakeByGlue)
	d.Demos = map[string]project.Local{
		"lake": {Scheme: "iceberg", File: "lake", Tip: "docs/howto/lake.md has the others", Engines: engines},
	}
	d.Files = map[string]func(path string) project.Files{
		d.Local.Scheme: func(path string) project.Files { return project.Files{Readable: duckdb.Files(path)} },
		"sqlite": func(path string) project.Files {
			files, lock := sqlite.Files(path)
			return project.Files{Readable: files, Private: []string{lock}}
		},
	}
	d.Stages["dir"] = func(path string) (blob.Store, error) { return dir.New(path) }
	d.Looks = map[string]func(path string) (versioned.Table, error){"sqlite": sqlite.Read}
	d.Controls["sqlite"] = func(path string) (versioned.Table, error) { return sqlite.Open(path) }
	return d
}
