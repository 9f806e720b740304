package trial

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"catchment/internal/policy"
)

// edit replaces a text once in a blob of the plan, behind everybody's back.
func (m *mishap) edit(blob, old, with string) {
	m.T.Helper()
	path := filepath.Join(m.Path("stage"), "archive", m.name, blob)
	text, err := os.ReadFile(path)
	m.Must(err)
	if !bytes.Contains(text, []byte(old)) {
		m.T.Fatalf("%s has no %s", blob, old)
	}
	m.Must(os.Chmod(path, 0o600))
	m.Must(os.WriteFile(path, bytes.Replace(text, []byte(old), []byte(with), 1), 0o600))
}

// backup is the warehouse as it is now.
func (m *mishap) backup() []byte {
	m.T.Helper()
	text, err := os.ReadFile(m.Path("warehouse.duckdb"))
	m.Must(err)
	return text
}

// restore puts a backup in the place of the warehouse.
func (m *mishap) restore(backup []byte) {
	m.T.Helper()
	m.Must(os.RemoveAll(m.Path("warehouse.duckdb.wal")))
	m.Must(os.WriteFile(m.Path("warehouse.duckdb"), backup, 0o600))
}

// holdFile has the policy hold some records by a file of Ids.
func (m *mishap) holdFile(ids ...string) {
	m.T.Helper()
	file := m.Path("held.txt")
	m.Must(os.WriteFile(file, []byte(strings.Join(ids, "\n")+"\n"), 0o600))
	m.pol.Hold = append(m.pol.Hold, policy.Hold{File: file})
}
