package project

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sync/errgroup"

	"catchment/internal/blob"
	"catchment/internal/control/wanted"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/template"
)

// TemplateFolder is where templates lie in the stage. A row names none elsewhere: pages hold
// records, and what can't be read of a template stands in messages.
const TemplateFolder = "templates/"

// longestTemplate is more than any flow says, and bounds what a row can have us read.
const longestTemplate = 1 << 20

// templatesAtOnce are read together.
const templatesAtOnce = 8

// flowFile is the configuration with its flows, wherever they stand.
func (p *Project) flowFile(ctx context.Context) (*flow.File, error) {
	if !p.File.FromControl {
		return p.File, nil
	}
	if p.wants != nil {
		return p.wants, nil
	}
	rows, err := p.WantedRows(ctx)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, plan.Fixf("write some with: catchment flows push FILE, where FILE has a section flows",
			"flows: control, and the control table has no rows of what to copy")
	}
	flows, err := p.FlowsOf(ctx, rows)
	if err != nil {
		return nil, err
	}
	file := *p.File
	file.Flows = flows
	p.wants = &file // a process goes by what it found first: the next one looks anew
	return p.wants, nil
}

// WantedRows are the control rows of what to copy.
func (p *Project) WantedRows(ctx context.Context) ([]wanted.Row, error) {
	if p.Control == nil {
		if err := p.OpenControl(ctx); err != nil {
			return nil, err
		}
	}
	return p.Wanted.All(ctx)
}

// LookAtWants opens what WantedRows and FlowsOf read, and nothing for writing, as a user can who
// has no right but to read.
func (p *Project) LookAtWants(ctx context.Context) error {
	if err := p.LookAtControl(ctx); err != nil {
		return err
	}
	return p.openStage()
}

// FlowsOf reads the templates of control rows. A row that is wrong, or whose template is,
// becomes a flow that says so; the error is one that another try may not meet.
func (p *Project) FlowsOf(ctx context.Context, rows []wanted.Row) ([]flow.Flow, error) {
	flows := make([]flow.Flow, len(rows))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(templatesAtOnce)
	for i, row := range rows {
		g.Go(func() error {
			fl, err := p.flowOf(ctx, row)
			switch class := plan.ClassOf(err); {
			case err == nil:
			case class == plan.Retry, class == plan.Wait, ctx.Err() != nil:
				return err
			default:
				fl = flow.Flow{Object: row.Object, Row: row.Object, Wrong: err}
			}
			flows[i] = fl
			return nil
		})
	}
	return flows, g.Wait()
}

// flowOf is what one control row wants.
func (p *Project) flowOf(ctx context.Context, row wanted.Row) (flow.Flow, error) {
	if row.Wrong != nil {
		return flow.Flow{}, row.Wrong
	}
	fl, err := p.templateOf(ctx, row)
	if err != nil {
		return fl, err
	}
	fl.Paused = fl.Paused || row.Paused
	if row.Window != nil {
		err = fl.Reframe(row.Window.Last, row.Window.Zone)
	}
	return fl, err
}

// templateOf is what a row's template says, or the defaults.
func (p *Project) templateOf(ctx context.Context, row wanted.Row) (flow.Flow, error) {
	if row.Template == "" {
		return p.File.Bare(row.Object, row.Object)
	}
	text, err := p.Template(ctx, row)
	if err != nil {
		return flow.Flow{}, err
	}
	fl, err := p.File.FromTemplate(row.Object, row.Template, text)
	if err == nil && !strings.EqualFold(fl.Object, row.Object) {
		err = plan.Fixf("a template is of the object whose row names it",
			"control row %s: %s is of the object %s", row.Object, row.Template, fl.Object)
	}
	return fl, err
}

// Template reads the template of a row, as a text of ours: one of AppFlow's is translated.
func (p *Project) Template(ctx context.Context, row wanted.Row) ([]byte, error) {
	name := printable.Line(row.Object)
	if !strings.HasPrefix(row.Template, TemplateFolder) || !blob.ValidKey(row.Template) {
		return nil, plan.Fixf("templates lie under "+TemplateFolder+" in the stage; their keys are words of letters, "+
			"digits and -_.= with slashes between", "control row %s: %s is no key of a template", name,
			printable.Line(row.Template))
	}
	text, err := p.stored(ctx, row.Template)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return nil, plan.Fixf("put it there, or write the row anew with: catchment flows push",
			"control row %s: the stage has no %s", name, row.Template)
	case err != nil:
		return nil, fmt.Errorf("control row %s: read %s: %w", name, row.Template, err)
	case !template.Is(text):
		return text, nil
	}
	im, err := template.Import([]template.File{{Name: row.Template, Text: text}}, nil)
	for _, fl := range im.Flows {
		if strings.EqualFold(fl.Object, row.Object) {
			return template.Imported{Flows: []template.Flow{fl}}.YAML(), nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("control row %s: %w", name, err)
	}
	return nil, plan.Fixf("name the template of this object",
		"control row %s: %s has no flow of it that could be carried over", name, row.Template)
}

// stored reads a text out of the stage.
func (p *Project) stored(ctx context.Context, key string) ([]byte, error) {
	f, err := p.Stage.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, longestTemplate+1))
	if err == nil && len(text) > longestTemplate {
		err = plan.Fixf("a template says what one flow copies, and no more", "%s is longer than 1 MiB", key)
	}
	return text, err
}

// Want writes the control row of a flow, and its template, nil where it needs none, under a
// key that its text gives it: what stands in the stage never changes. It tells that key.
func (p *Project) Want(ctx context.Context, fl flow.Flow, text []byte) (key string, err error) {
	row := wanted.Row{Object: fl.Object, Paused: fl.Paused}
	if w := fl.Window; w.Last > 0 {
		row.Window = &wanted.Window{Last: fmt.Sprintf("%dd", w.Last)}
		if w.Zone != nil {
			row.Window.Zone = w.Zone.String()
		}
	}
	if text != nil {
		if row.Template, err = p.keep(ctx, fl.Object, text); err != nil {
			return "", err
		}
	}
	_, err = p.Wanted.Put(ctx, row)
	return row.Template, err
}

// keep stores a template, once.
func (p *Project) keep(ctx context.Context, object string, text []byte) (string, error) {
	name := strings.NewReplacer("*", "all", "?", "one").Replace(strings.ToLower(object))
	sum := sha256.Sum256(text)
	key := TemplateFolder + name + "-" + hex.EncodeToString(sum[:6]) + ".yaml"
	_, err := p.Stage.Put(ctx, key, bytes.NewReader(text))
	if !errors.Is(err, blob.ErrExists) {
		return key, err
	}
	there, err := p.stored(ctx, key)
	if err == nil && !bytes.Equal(there, text) {
		err = plan.Fixf("delete it from the stage, and push again", "template %s is not what it was stored as", key)
	}
	return key, err
}
