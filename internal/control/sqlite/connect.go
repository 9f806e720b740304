package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"net/url"
	"path/filepath"

	"modernc.org/sqlite"
)

// A connector opens connections to one file, for database/sql.
type connector struct {
	driver *sqlite.Driver
	dsn    string
}

// Connect implements driver.Connector.
func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }

// Driver implements driver.Connector.
func (c connector) Driver() driver.Driver { return c.driver }

// writer connects to a file that is written. Another process's write waits for ours at
// most 10 seconds; ours take milliseconds. _txlock is for migrations: they write what
// they have read. A journal that nobody needs any more is cut to nothing, and stays.
func writer(path string) connector {
	d := &sqlite.Driver{}
	d.RegisterConnectionHook(func(c sqlite.ExecQuerierContext, _ string) error {
		file, ok := c.(sqlite.FileControl)
		if !ok {
			return fmt.Errorf("the driver of SQLite can't keep a journal: %T", c)
		}
		_, err := file.FileControlPersistWAL("main", 1)
		return err
	})
	return connector{driver: d, dsn: uri(path, url.Values{
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "journal_size_limit(4194304)"},
		"_txlock": {"immediate"},
	})}
}

// reader connects to a file and its journal, and opens neither they nor the index for
// writing.
func reader(path string) connector {
	return connector{driver: &sqlite.Driver{}, dsn: uri(path, url.Values{
		"mode": {"ro"}, "readonly_shm": {"1"}, "_pragma": {"busy_timeout(10000)"},
	})}
}

// snapshot connects to a copy of a file's bytes in memory.
func snapshot(image []byte) connector {
	d := &sqlite.Driver{}
	d.RegisterConnectionHook(func(c sqlite.ExecQuerierContext, _ string) error {
		memory, ok := c.(interface{ Deserialize([]byte) error })
		if !ok {
			return fmt.Errorf("the driver of SQLite can't read from memory: %T", c)
		}
		return memory.Deserialize(image)
	})
	return connector{driver: d, dsn: ":memory:"}
}

func uri(path string, options url.Values) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: options.Encode()}
	return u.String()
}
