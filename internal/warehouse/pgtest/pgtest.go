// Package pgtest gives tests a PostgreSQL of their own: a server in a temporary
// folder, on a free port of the loopback interface, gone when the tests end.
//
// A test package keeps one Cluster in a variable and asks it for a Database
// per test; the server starts with the first of them. However the test process
// ends, by a panic or a kill too, the server is stopped and its folder removed:
// a shell between the two watches a pipe that only the test process holds.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Guarded is a role that has to show a password, which is GuardedPassword.
// Everybody else is trusted, as "postgres" without one.
const (
	Guarded         = "guarded"
	GuardedPassword = "open sesame"
)

// A Cluster is one throwaway server. Its zero value starts with the first
// Database.
type Cluster struct {
	// Durable keeps fsync on, for tests that kill the server.
	Durable bool
	// Settings are lines for postgresql.conf.
	Settings []string

	once sync.Once
	dir  string
	addr string
	err  error
	held *os.File // open as long as the server shall run

	secure bool // with TLS and passwords

	mu   sync.Mutex
	made int
	free []string // the URLs of emptied databases
}

// Database gives the URL of an empty database, without a password. When the
// test ends, the database is emptied and given to another one, which takes a
// tenth of the time of making one.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	url, err := c.Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.empty(url); err != nil {
			t.Error(err)
		}
	})
	return url
}

// Create makes an empty database that stays as it is until the server goes,
// for those who have no testing.TB at hand.
func (c *Cluster) Create(ctx context.Context) (url string, err error) {
	c.once.Do(func() {
		for range 3 { // somebody else may take the port before the server does
			if c.err = c.start(); c.err == nil {
				return
			}
		}
	})
	if c.err != nil {
		return "", c.err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.free); n > 0 {
		url, c.free = c.free[n-1], c.free[:n-1]
		return url, nil
	}
	c.made++
	name := fmt.Sprintf("test_%d", c.made)
	return "postgres://postgres@" + c.addr + "/" + name, c.admin(ctx, "CREATE DATABASE "+name+" TEMPLATE template1")
}

// Drop drops a database that Create made.
func (c *Cluster) Drop(ctx context.Context, url string) error {
	return c.admin(ctx, "DROP DATABASE "+path.Base(url)+" WITH (FORCE)")
}

// empty ends the sessions of a database and drops all that is in it.
func (c *Cluster) empty(url string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url+"?sslmode=disable")
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `DO $$ DECLARE name TEXT; BEGIN
		PERFORM pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
		FOR name IN SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema' LOOP
			EXECUTE format('DROP SCHEMA %I CASCADE', name);
		END LOOP;
		CREATE SCHEMA public;
	END $$`)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.free = append(c.free, url)
	return nil
}

// admin does a statement in the database that every cluster has.
func (c *Cluster) admin(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, "postgres://postgres@"+c.addr+"/postgres?sslmode=disable")
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

// start makes the cluster and waits until it answers.
func (c *Cluster) start() error {
	bin, err := bindir()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "catchment-pg-")
	if err != nil {
		return err
	}
	c.dir = dir
	owner, err := ownerOf(dir)
	if err != nil {
		return err
	}
	init := exec.Command(filepath.Join(bin, "initdb"), "--pgdata", filepath.Join(dir, "data"), "--username", "postgres",
		"--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	init.SysProcAttr, init.Dir = owner, dir
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if err := c.serve(bin, owner); err != nil {
		return err
	}
	return c.admin(context.Background(), fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", Guarded, GuardedPassword))
}

// guard runs the server until its input ends, and removes what it left.
const guard = `exec 3<&0
"$1" -D "$2/data" 3<&- </dev/null &
pid=$!
(read -r _ <&3; kill -QUIT $pid) &
wait $pid
rm -rf "$2"`

// serve writes the configuration, starts the server and waits until it answers.
func (c *Cluster) serve(bin string, owner *syscall.SysProcAttr) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c.addr = l.Addr().String()
	if err := errors.Join(l.Close(), c.configure(owner)); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(c.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	watched, held, err := os.Pipe()
	if err != nil {
		return err
	}
	defer watched.Close()
	cmd := exec.Command("/bin/sh", "-c", guard, "guard", filepath.Join(bin, "postgres"), c.dir)
	cmd.Dir, cmd.SysProcAttr, cmd.Stdin, cmd.Stdout, cmd.Stderr = c.dir, owner, watched, log, log
	if err := cmd.Start(); err != nil {
		return errors.Join(err, held.Close())
	}
	c.held = held
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		if c.answers() {
			return nil
		}
		select {
		case err := <-ended:
			text := make([]byte, 4096)
			n, _ := log.ReadAt(text, 0) // whatever there is of it
			return errors.Join(fmt.Errorf("PostgreSQL doesn't start: %s", text[:n]), err, held.Close())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// answers tells whether this server listens at its address, and not another one
// that took the port.
func (c *Cluster) answers() bool {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, "postgres://postgres@"+c.addr+"/postgres?sslmode=disable")
	if err != nil {
		return false
	}
	defer conn.Close(ctx)
	var data string
	err = conn.QueryRow(ctx, "SHOW data_directory").Scan(&data)
	return err == nil && data == filepath.Join(c.dir, "data")
}

func (c *Cluster) configure(owner *syscall.SysProcAttr) error {
	data := filepath.Join(c.dir, "data")
	_, port, err := net.SplitHostPort(c.addr)
	if err != nil {
		return err
	}
	conf := "listen_addresses = '127.0.0.1'\nport = " + port +
		"\nunix_socket_directories = ''\nmax_connections = 100\njit = off\nautovacuum = off\n"
	if !c.Durable {
		conf += "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
	}
	for _, s := range c.Settings {
		conf += s + "\n"
	}
	hba := "host all " + Guarded + " 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
	if c.secure {
		if err := c.writeCertificates(data, owner); err != nil {
			return err
		}
		conf, hba = conf+secureSettings, secureAccess
	}
	f, err := os.OpenFile(filepath.Join(data, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(conf); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(hba), 0o600)
}
