package main

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"catchment/internal/warehouse/pgtest"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
)

// A postgresYard is a server that keeps what it says it has: fsync is on.
type postgresYard struct {
	cluster *pgtest.Cluster
	url     string
}

func (*postgresYard) name() string { return "PostgreSQL" }
func (*postgresYard) marks() marks { return marks{load: 1.15, run: 1.5} }

func (y *postgresYard) renew(t *testing.T) string {
	ctx := context.Background()
	if y.cluster == nil {
		y.cluster = &pgtest.Cluster{Durable: true, Settings: []string{
			"shared_buffers = 1GB", "max_wal_size = 8GB", "checkpoint_timeout = 1h", "autovacuum = off"}}
	} else if err := y.cluster.Drop(ctx, y.url); err != nil {
		t.Fatal(err)
	}
	var err error
	if y.url, err = y.cluster.Create(ctx); err != nil {
		t.Fatal(err)
	}
	return y.url
}

func (y *postgresYard) open(t *testing.T) sql.Driver {
	d, err := postgres.Open(y.url, postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// exec does statements in a session of their own, and tells how long it took.
func (y *postgresYard) exec(t *testing.T, statements ...string) time.Duration {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, y.url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	start := time.Now()
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	return time.Since(start)
}

func (y *postgresYard) checkpoint(t *testing.T) { y.exec(t, "CHECKPOINT") }

// floor is psql \copy into a table that is identical to staging.
func (y *postgresYard) floor(t *testing.T, m *material) time.Duration {
	d := y.open(t)
	s := &speed{t: t}
	s.claimed(d, m.table)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	y.exec(t, "CREATE TABLE hand (LIKE salesforce_incremental.account)")
	y.checkpoint(t)
	args := []string{"-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", y.url}
	list := strings.ToLower(strings.Join(m.pages[0].Header, ", "))
	for _, path := range m.paths() {
		args = append(args, "-c",
			fmt.Sprintf(`\copy hand (%s) FROM '%s' WITH (FORMAT csv, HEADER, NULL '', FORCE_NULL (%s))`,
				list, path, list))
	}
	start := time.Now()
	if out, err := exec.Command("psql", args...).CombinedOutput(); err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	return time.Since(start)
}

func (y *postgresYard) variants(t *testing.T, table shape.Table) []way {
	var ways []way
	for _, w := range byHand(table) {
		y.exec(t, "CREATE TABLE "+w.table+" AS SELECT * FROM salesforce.account",
			"ALTER TABLE "+w.table+" ADD PRIMARY KEY (id)", "ANALYZE "+w.table)
		all := w.statements
		if len(all) > 1 {
			all = slices.Concat([]string{"BEGIN"}, all, []string{"COMMIT"})
		}
		ways = append(ways, way{w.name, func() time.Duration { return y.exec(t, all...) }})
	}
	y.exec(t, "ANALYZE salesforce.account")
	return ways
}
