package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/notice"
	"catchment/internal/orgserver"
	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/printable"
	"catchment/internal/project"
	"catchment/internal/rights"
	"catchment/internal/schema"
	"catchment/internal/verify"
	"catchment/internal/warehouse/query"
)

// demoFlags say how large a demo is and where it goes.
type demoFlags struct {
	records   int
	dir       string
	seed      uint64
	warehouse string
}

func (s *session) demoCommand() *cobra.Command {
	var flags demoFlags
	title := s.Drivers.Warehouses[s.Drivers.Local.Scheme].Title
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See the whole job with nothing installed: a fake org into " + title,
		Long: `Do the whole job with nothing installed: serve a fake org, copy it into a ` + title + `
file, let records be created, changed, deleted and undeleted, copy again, and
prove that warehouse and org agree.`,
		Example: `  catchment demo
  catchment demo --records 1000000 --dir /tmp/demo
  catchment demo --warehouse ` + strings.Join(demos(s.Drivers), "|"),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.demo(cmd.Context(), flags) },
	}
	f := cmd.Flags()
	f.IntVar(&flags.records, "records", 20_000, "about how many `records` the org has")
	f.StringVar(&flags.warehouse, "warehouse", "",
		"`what` to fill instead of the "+title+" file: "+strings.Join(demos(s.Drivers), " or "))
	f.StringVar(&flags.dir, "dir", "catchment-demo",
		"the `folder` for the "+title+" file and everything else; it is made anew")
	f.Uint64Var(&flags.seed, "seed", 1, "make the org from this `number`")
	return cmd
}

// A demo is a project of its own with an org in the same process.
type demo struct {
	*session
	flags demoFlags
	org   *fakeorg.Org
	url   string
}

// demos are the names of what a demo may fill instead.
func demos(d project.Drivers) []string { return slices.Sorted(maps.Keys(d.Demos)) }

func (s *session) demo(ctx context.Context, flags demoFlags) error {
	if flags.warehouse != "" {
		local, ok := s.Drivers.Demos[flags.warehouse]
		if !ok {
			return usageError{plan.Fixf("write: catchment demo --warehouse "+strings.Join(demos(s.Drivers), " or "),
				"no demo fills %s", printable.Line(flags.warehouse))}
		}
		s.Drivers = s.Drivers.For(local)
	}
	if err := clearDemo(flags.dir); err != nil {
		return err
	}
	org, err := orgFlags{
		records: flags.records, seed: flags.seed, latency: 100 * time.Millisecond, random: s.Random,
	}.org(s.Now)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)
	// A signal ends the run first: the org stays up until it has ended.
	go func() { served <- orgserver.Serve(ctx, nil, org, listener) }()
	d := &demo{session: s, flags: flags, org: org, url: "http://" + listener.Addr().String()}
	err = d.show(ctx)
	cancel()
	return errors.Join(err, <-served)
}

// demoMarker stands in every folder that a demo made: only such a folder is
// made anew.
const demoMarker = ".catchment-demo"

func clearDemo(dir string) error {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		if _, err := os.Stat(filepath.Join(dir, demoMarker)); err != nil {
			return plan.Fixf("choose another with: --dir DIR",
				"the folder %s is not empty and was not made by a demo", printable.Line(dir))
		}
		if err := os.RemoveAll(dir); err != nil {
			return plan.Fixf("choose another with: --dir DIR", "clear the last demo: %w", printable.Error(err))
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return plan.Fixf("choose another with: --dir DIR", "make the folder: %w", printable.Error(err))
	}
	return os.WriteFile(filepath.Join(dir, demoMarker), nil, rights.Own)
}

// show is the demo itself, in the order in which a user meets it.
func (d *demo) show(ctx context.Context) error {
	if err := d.configure(); err != nil {
		return err
	}
	d.Say("An org with %s records of %d objects is up at %s", plural.Count(d.flags.records),
		len(d.objects()), d.url)
	// Some records are in the recycle bin already when the copy begins.
	if _, err := d.org.History(max(20, d.flags.records/200), d.flags.seed); err != nil {
		return err
	}
	d.org.Clock().Advance(time.Hour)
	d.Say("\nFirst run: everything")
	first, err := d.run(ctx)
	if err != nil {
		return err
	}
	d.org.Clock().Advance(time.Hour)
	changes, err := d.org.History(max(100, d.flags.records/20), d.flags.seed+1)
	if err != nil {
		return err
	}
	d.org.Clock().Advance(time.Hour)
	d.Say("\nAn hour later in the org: %s records created, %s updated, %s deleted, %s undeleted",
		plural.Count(changes.Created), plural.Count(changes.Updated),
		plural.Count(changes.Deleted), plural.Count(changes.Undeleted))
	d.Say("Second run: only what changed")
	second, err := d.run(ctx)
	if err != nil {
		return err
	}
	d.Say("\nDoes the warehouse say what the org says?")
	return d.prove(ctx, first, second)
}

// configure writes the demo's catchment.yaml and lends it its secrets.
func (d *demo) configure() error {
	d.config = filepath.Join(d.flags.dir, "catchment.yaml")
	c, outer := d.org.Credentials(), d.Getenv
	d.Getenv = func(name string) string {
		switch name {
		case "SF_CLIENT_ID":
			return c.ClientID
		case "SF_CLIENT_SECRET":
			return c.ClientSecret
		}
		return outer(name)
	}
	return os.WriteFile(d.config, flow.Example(flow.Org{URL: d.url}, d.Drivers.Known(), d.objects()), rights.Own)
}

// objects are what the demo copies: all of the org's but its setup.
func (d *demo) objects() []schema.Object {
	var objects []schema.Object
	for _, name := range []string{"Account", "Contact", "Opportunity", "Case", "Task", "User", "Invoice__c"} {
		objects = append(objects, schema.Object{Name: name, Custom: strings.HasSuffix(name, "__c"), Queryable: true,
			Retrieveable: true, Replicateable: true})
	}
	return objects
}

func (d *demo) run(ctx context.Context) (control.RunRow, error) {
	p, err := d.open()
	if err != nil {
		return control.RunRow{}, err
	}
	defer p.Close()
	run, err := p.run(ctx, nil, runFlags{})
	if err != nil {
		return run, err
	}
	return run, p.report(run)
}

// prove verifies, sums up and says how to look on.
func (d *demo) prove(ctx context.Context, runs ...control.RunRow) error {
	p, err := d.open()
	if err != nil {
		return err
	}
	defer p.Close()
	results, err := p.verify(ctx, nil, verifyFlags{})
	if err != nil {
		return err
	}
	printed := p.printVerify(results, verifyFlags{})
	path := filepath.Join(d.flags.dir, d.Drivers.Local.File)
	if err := d.sum(path, results, len(runs)); err != nil {
		return err
	}
	if printed != nil {
		return printed
	}
	if err := d.engines(ctx, p, path, results); err != nil {
		return err
	}
	d.Say(`
Look for yourself:
  catchment query --config %[1]s "SELECT id, name, billingstreet FROM account LIMIT 3"
  catchment query --config %[1]s "SELECT _catchment_delete_reason, count(*) FROM contact GROUP BY ALL"
  catchment status --config %[1]s
Next: catchment org (a fake org for your own tests), catchment init (your own org)`, d.config)
	return nil
}

// engines counts what is live by a query, beside what the org has, and tells how engines of others read it, where
// that needs telling.
func (d *demo) engines(ctx context.Context, p *work, path string, results []verify.Result) error {
	if d.Drivers.Local.Engines == nil {
		return nil
	}
	live, err := d.live(ctx, p, results)
	if err != nil {
		return err
	}
	d.Say("\nThe live rows, by catchment query, beside the records of the org:")
	for _, r := range results {
		d.Say("  %-12s %9s %9s", r.Object, plural.Count(live[r.Object]), plural.Count(r.Source))
	}
	lines, err := d.Drivers.Local.Engines(path, p.File.Warehouse.Schema, results[0].Table)
	if err != nil {
		return err
	}
	d.Say("\nOther engines read the tables, too, and count as many of %s. Rows of deleted records stay, and say so;",
		results[0].Object)
	d.Say("a plain read of the Parquet files would show old versions as well:")
	for _, line := range lines {
		d.Say("  %s", line)
	}
	return nil
}

// live counts the live rows of each object by one query.
func (d *demo) live(ctx context.Context, p *work, results []verify.Result) (_ counted, err error) {
	asked, err := p.OpenQuery()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, asked.Close()) }()
	var each []string
	for _, r := range results {
		each = append(each, fmt.Sprintf(`SELECT '%s', count(*) FROM "%s" WHERE _catchment_deleted_at IS NULL`,
			r.Object, r.Table)) // the demo's own names
	}
	live := counted{}
	return live, asked.Ask(ctx, query.Question{Statement: strings.Join(each, " UNION ALL ")}, live)
}

// counted is an answer of names and numbers.
type counted map[string]int64

// Columns wants none.
func (counted) Columns([]string) error { return nil }

// Row keeps one.
func (c counted) Row(cells []query.Cell) (err error) {
	c[cells[0].Text], err = strconv.ParseInt(cells[1].Text, 10, 64)
	return err
}

// sum prints the last line of a demo.
func (d *demo) sum(path string, results []verify.Result, runs int) error {
	sum := notice.Demo{Warehouse: d.Drivers.Local.Scheme, Path: path, Runs: runs, Objects: len(results)}
	for _, r := range results {
		sum.Source += r.Source
		sum.WarehouseRows += r.Warehouse
		sum.Missing += r.Missing
		sum.Extra += r.Extra
		sum.Stale += r.Stale
		sum.Duplicates += r.Duplicates
	}
	return d.Print(sum)
}
