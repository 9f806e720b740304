package rig

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"catchment/internal/blob"
	"catchment/internal/body"
	"catchment/internal/lease"
	"catchment/internal/warehouse/bodies"
)

// PutBodies has files of an object be copied, each with a text as its body: the stage has it, and
// the register names it.
func PutBodies(r *Rig, object string, texts map[string]string) {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	held := Hold(p, "bodies", object)
	mark, _, err := held.Mark(p.Ctx)
	r.Must(err)
	_, _, err = held.Claim(p.Ctx, mark.Table, mark.Org)
	r.Must(err)
	var lines []bodies.Line
	for id, text := range texts {
		sum := sha256.Sum256([]byte(text))
		digest := hex.EncodeToString(sum[:])
		if _, err := p.Stage.Put(p.Ctx, body.Key(digest), strings.NewReader(text)); !errors.Is(err, blob.ErrExists) {
			r.Must(err)
		}
		lines = append(lines, bodies.Line{ID: id, State: bodies.Copied, SHA256: digest, Size: int64(len(text))})
	}
	register, _ := bodies.Of(p.Warehouse)
	r.Must(register.Write(p.Ctx, held.Fence(), object, lines))
	r.Must(held.Close(p.Ctx))
}

// Hold takes the lease of a flow, as a run of that name.
func Hold(p *Process, run, object string) *lease.Lease {
	p.T.Helper()
	held, err := lease.Holder{Control: p.Control, Warehouse: p.Warehouse, Run: run, Name: run}.Hold(p.Ctx, object)
	p.Must(err)
	return held
}

// CountBodies counts those in the stage, and the lines that the register has of an object.
func CountBodies(r *Rig, object string) (stored, registered int) {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	for _, err := range p.Stage.List(p.Ctx, body.Prefix) {
		r.Must(err)
		stored++
	}
	register, _ := bodies.Of(p.Warehouse)
	lines, err := register.Lines(p.Ctx, object, "", 1000)
	r.Must(err)
	return stored, len(lines)
}
