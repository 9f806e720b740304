package main

import (
	"bufio"
	stdsql "database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// duckReader is another program that has a DuckDB file open to read while a command runs:
// duckreader [-yields] FILE COMMAND... With -yields it closes the file once the command
// has said that it waits. It ends with the command's exit code.
func duckReader() {
	args := os.Args[1:]
	yields := args[0] == "-yields"
	if yields {
		args = args[1:]
	}
	db, err := stdsql.Open("duckdb", args[0]+"?access_mode=READ_ONLY")
	if err == nil {
		err = db.Ping()
	}
	cmd := exec.Command(args[1], args[2:]...)
	cmd.Stdout = os.Stdout
	said, perr := cmd.StderrPipe()
	if err := errors.Join(err, perr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(125)
	}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(125)
	}
	for lines := bufio.NewScanner(said); lines.Scan(); {
		fmt.Fprintln(os.Stderr, lines.Text())
		if yields && strings.Contains(lines.Text(), "waits until") {
			yields = false
			if err := db.Close(); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
	}
	err = cmd.Wait()
	failed, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case ok:
		os.Exit(failed.ExitCode())
	case err != nil || yields: // it hasn't waited
		os.Exit(125)
	}
	os.Exit(0)
}
