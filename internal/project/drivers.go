package project

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"catchment/internal/blob"
	"catchment/internal/control/versioned"
	"catchment/internal/flow"
	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/query"
	"catchment/internal/warehouse/reach"
)

// Drivers are what a program can work with, by the scheme of a URL or by name. The scheme of a warehouse may have
// colons, as iceberg:glue has. Only cmd lists them.
type Drivers struct {
	Warehouses map[string]WarehouseDriver
	Stages     map[string]func(path string) (blob.Store, error)
	Controls   map[string]func(path string) (versioned.Table, error)
	Files      map[string]func(path string) Files // that a warehouse or control table has on this machine
	Movers     map[string]func(*salesforce.Client) mover.Pager
	Landers    map[string]func(LanderConfig) (mover.Lander, error)

	// Looks are the Controls for who only reads, where it makes a difference.
	Looks map[string]func(path string) (versioned.Table, error)

	Engines []string // of others, that a Reader tells how to read what isn't theirs

	Local  Local
	Demos  map[string]Local // what a demo may fill instead, by what the user calls it
	Server string           // the scheme of a warehouse with a server, which the help takes as its example
}

// A WarehouseDriver is one kind of warehouse: how it is opened, and what has to be
// known of it before.
type WarehouseDriver struct {
	Title  string                  // as people call it
	Also   []string                // other beginnings of its URLs, up to a colon: they mean the same
	Check  func(path string) error // what is wrong with a path, as far as it shows without opening it
	Open   func(path string, o warehouse.Options) (warehouse.Warehouse, error)
	Script func(text string) warehouse.Scripter // its SQL, by warehouse.text; nil where it speaks none
	File   bool                                 // it is a file of this machine: its path is one
	Lake   bool                                 // it keeps every version, and has the settings history and maintain
	Text   bool                                 // it has the setting text, for it hasn't room for every text
	Adopts bool                                 // it is a warehouse.Adopter
	// Query opens what answers statements, for a user who may only read; nil where the engine can't promise that
	// they change nothing
	Query func(path string, o warehouse.Options) (query.Session, error)
	// Reader tells an engine of others, called as one of Engines, how to read it where it is; nil where none does
	Reader func(path, engine string) (Reader, error)
	Reach  func(path string) (reach.Way, error) // how functions on AWS get to it; nil where they don't
}

// Files are those of a warehouse or control table on this machine: some may be read by
// those whom the configuration lets in, others only by who runs catchment.
type Files struct{ Readable, Private []string }

// Local is the warehouse that needs no server: a configuration that names none gets
// it, and a demo fills it.
type Local struct {
	Scheme string
	File   string // what its file is called
	Tip    string // what its URL may say besides

	// Engines tells how a table of it is read by engines of others, a line each; nil where that needs no telling.
	Engines func(path, schema, table string) ([]string, error)
}

// A LanderConfig is what a lander works with.
type LanderConfig struct {
	Settings   flow.AppFlow
	Store      blob.Store // keeps its templates
	Now        func() time.Time
	ServerTime func(context.Context) (time.Time, error) // of the org
}

// For is the same drivers with another warehouse that needs no server.
func (d Drivers) For(l Local) Drivers {
	d.Local = l
	return d
}

// Known is what a configuration is read by.
func (d Drivers) Known() flow.Warehouses {
	known := flow.Warehouses{
		Local: d.Local.Scheme + ":" + d.Local.File, Tip: d.Local.Tip, Text: map[string]string{},
		Scheme: d.Scheme, Check: d.check,
	}
	for scheme, w := range d.Warehouses {
		if w.File {
			known.Files = append(known.Files, scheme)
		}
		if w.Lake {
			known.Lakes = append(known.Lakes, scheme)
		}
		if w.Text {
			known.Text[scheme] = w.Title
		}
	}
	slices.Sort(known.Files)
	slices.Sort(known.Lakes)
	return known
}

// Scheme is what the warehouse of a URL is listed by, or of how one begins; "" where none is.
func (d Drivers) Scheme(url string) string {
	scheme, _ := d.split(url)
	return scheme
}

// split finds the longest scheme that a warehouse's URL begins with, as it is listed, and what is left of the URL.
func (d Drivers) split(url string) (listed, path string) {
	longest := ""
	for scheme, w := range d.Warehouses {
		for _, written := range append([]string{scheme}, w.Also...) {
			rest, begins := strings.CutPrefix(url+":", written+":")
			if begins && len(written) > len(longest) {
				longest, listed, path = written, scheme, strings.TrimSuffix(rest, ":")
			}
		}
	}
	return listed, path
}

// warehouse finds the driver for a URL, and what is left of that for it to open.
func (d Drivers) warehouse(url string) (WarehouseDriver, string, error) {
	if scheme, path := d.split(url); scheme != "" {
		return d.Warehouses[scheme], path, nil
	}
	return driverOf(d.Warehouses, "warehouse.url", url) // which says what there is
}

// check tells what is wrong with the URL of a warehouse, as far as it shows without
// opening it.
func (d Drivers) check(url string) error {
	driver, path, err := d.warehouse(url)
	if err != nil || driver.Check == nil {
		return err
	}
	return driver.Check(path)
}

// Dialects are the names of the SQL that can be written down without a connection.
func (d Drivers) Dialects() []string {
	return d.each(func(_ string, w WarehouseDriver) string {
		if w.Script == nil {
			return ""
		}
		return w.Script("").Name()
	})
}

// Adopters are the titles of the warehouses that take over tables of others.
func (d Drivers) Adopters() []string {
	return d.each(func(_ string, w WarehouseDriver) string {
		if !w.Adopts {
			return ""
		}
		return w.Title
	})
}

// Queried are the titles of the warehouses that answer statements.
func (d Drivers) Queried() []string {
	return d.each(func(_ string, w WarehouseDriver) string {
		if w.Query == nil {
			return ""
		}
		return w.Title
	})
}

// Servers are the URLs of warehouses that functions on AWS reach. Of two ways to one
// warehouse the special one, whose name is longer, comes first.
func (d Drivers) Servers() (urls []string) {
	schemes := slices.Sorted(maps.Keys(d.Warehouses))
	for _, scheme := range slices.Backward(schemes) {
		if d.Warehouses[scheme].Reach != nil {
			urls = append(urls, scheme+"://...")
		}
	}
	return urls
}

// Reach tells how functions on AWS get to the warehouse of a URL.
func (d Drivers) Reach(url string) (reach.Way, error) {
	driver, path, err := d.warehouse(url)
	if err != nil {
		return reach.Way{}, err
	}
	others := strings.Join(d.Servers(), " or ")
	switch {
	case driver.Reach == nil && driver.Lake:
		return reach.Way{}, plan.Fixf("have a machine or a task of Fargate do catchment run (docs/howto/lake.md), or "+
			"write "+others, "warehouse.url is a lake, which no template makes functions for yet")
	case driver.Reach == nil:
		return reach.Way{}, plan.Fixf("write "+others, "warehouse.url is a warehouse that AWS can't reach")
	}
	return driver.Reach(path)
}

// each is what there is to say of the warehouses, in order and once. Of some there
// is nothing: "".
func (d Drivers) each(say func(scheme string, w WarehouseDriver) string) []string {
	said := map[string]bool{}
	for scheme, w := range d.Warehouses {
		said[say(scheme, w)] = true
	}
	delete(said, "")
	return slices.Sorted(maps.Keys(said))
}

// driverOf finds the driver for the scheme of a configured URL, and what is left for
// it to open.
func driverOf[D any](drivers map[string]D, key, url string) (driver D, path string, err error) {
	scheme, path, _ := strings.Cut(url, ":")
	driver, ok := drivers[scheme]
	if !ok {
		return driver, "", plan.Fixf("this program has: "+strings.Join(slices.Sorted(maps.Keys(drivers)), ", "),
			"%s: no driver for %s", key, scheme)
	}
	return driver, path, nil
}
