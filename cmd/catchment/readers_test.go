package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Who may read, and write no file at all, can look: at the state, at the tables, at the SQL. Nothing
// is made or changed by that. Where the tests are root's, the reader is another user.
func TestReadersWriteNothing(t *testing.T) {
	t.Parallel()
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		p := newProject(t, "", "duckdb:catchment.duckdb", 3)
		looksAsReader(t, p, "there is no .*catchment.duckdb")
	})
	t.Run("server", func(t *testing.T) {
		t.Parallel()
		url, err := cluster.Create(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if _, err := conn.Exec(t.Context(), "CREATE ROLE looks LOGIN"); err != nil {
			t.Fatal(err)
		}
		p := newProject(t, "", url, 4)
		p.edit(t, "url: \""+url+"\"", "url: \""+url+"\", grant_to: [looks]")
		looksAsReader(t, p, "permission denied")
	})
}
