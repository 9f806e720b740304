package rig

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"catchment/internal/erase"
	"catchment/internal/lease"
)

// Erase erases records of the first flow in a process of its own.
func (r *Rig) Erase(f *Fate, ids ...string) ([]erase.Erased, error) {
	r.T.Helper()
	p := r.Start(f)
	defer p.Close()
	if p.Control == nil {
		return nil, context.Cause(p.Ctx)
	}
	run, err := p.Control.NewRunID()
	if err != nil {
		return nil, err
	}
	runs := p.Replicator()
	e := &erase.Eraser{
		Org: p.Client, Warehouse: p.Warehouse, Control: p.Control, Stage: p.Stage,
		Flows: runs.Flows, GiveUp: runs.GiveUp, Evidence: r.Evidence,
		Holder: lease.Holder{
			Control: p.Control, Warehouse: p.Warehouse, Run: run,
			Name: p.Options.Holder, Alone: p.Options.Alone, Dead: p.Options.Dead,
		},
	}
	if r.Returns != nil {
		e.Returns = r.Returns(p, e.Holder)
	}
	return e.Erase(p.Ctx, r.Flows[0], ids)
}

// Traces tells where an Id can still be found: in which tables of the
// warehouse, and in which stored pages.
func (r *Rig) Traces(id string) []string {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	var found []string
	for _, table := range p.Query("SELECT CAST(table_schema || '.' || table_name AS VARCHAR) FROM " +
		"information_schema.tables WHERE table_type = 'BASE TABLE'") {
		if strings.HasSuffix(*table[0], "_erased") || strings.HasSuffix(*table[0], "_tombstone") {
			continue
		}
		if rows := p.Query("SELECT CAST(count(*) AS VARCHAR) FROM " + *table[0] +
			" x WHERE CAST(x AS VARCHAR) LIKE '%" + id + "%'"); *rows[0][0] != "0" {
			found = append(found, *table[0])
		}
	}
	r.Must(filepath.WalkDir(r.Path("stage"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".gz") {
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				return err
			}
			if data, err = io.ReadAll(z); err != nil {
				return err
			}
		}
		if bytes.Contains(data, []byte(id)) {
			found = append(found, d.Name())
		}
		return nil
	}))
	return found
}
