package main

import (
	"context"
	"fmt"
	"os/exec"
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
	var names, set, excluded, inserted []string
	for _, c := range table.Columns {
		names = append(names, c.Name)
		set = append(set, c.Name+" = s."+c.Name)
		excluded = append(excluded, c.Name+" = excluded."+c.Name)
		inserted = append(inserted, "s."+c.Name)
	}
	list := strings.Join(names, ", ")
	const staged = "salesforce_incremental.account"
	texts := map[string][]string{
		"MERGE": {"MERGE INTO hand_merge h USING " + staged +
			" s ON s.id = h.id WHEN MATCHED AND s.systemmodstamp > h.systemmodstamp THEN UPDATE SET " +
			strings.Join(set, ", ") + " WHEN NOT MATCHED THEN INSERT (" + list + ") VALUES (" +
			strings.Join(inserted, ", ") + ")"},
		"ON CONFLICT": {"INSERT INTO hand_conflict AS h (" + list + ") SELECT " + list + " FROM " + staged +
			" ON CONFLICT (id) DO UPDATE SET " + strings.Join(excluded, ", ") +
			" WHERE excluded.systemmodstamp > h.systemmodstamp"},
		"delete+insert": {"BEGIN", "DELETE FROM hand_delete h USING " + staged + " s WHERE s.id = h.id",
			"INSERT INTO hand_delete (" + list + ") SELECT " + list + " FROM " + staged, "COMMIT"},
	}
	var ways []way
	for name, copied := range map[string]string{"MERGE": "hand_merge", "ON CONFLICT": "hand_conflict",
		"delete+insert": "hand_delete"} {
		y.exec(t, "CREATE TABLE "+copied+" AS SELECT * FROM salesforce.account",
			"ALTER TABLE "+copied+" ADD PRIMARY KEY (id)", "ANALYZE "+copied)
		ways = append(ways, way{name, func() time.Duration { return y.exec(t, texts[name]...) }})
	}
	y.exec(t, "ANALYZE salesforce.account")
	return ways
}
