package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// `catchment events` is held to the same as clients of others: it hears what the org says that it has published.

func ourCheck(catchment string) check {
	return check{"catchment", "10,000 random events of every type of field", func(o *org) error {
		return hearsWithValues(o.secure, catchment)
	}}
}

// A shown event is a line of `catchment events --values`.
type shown struct {
	ID          string
	Change      string
	Error       string
	Position    string
	Records     []string
	Transaction string
	Sequence    int
	Fields      []shownField
}

type shownField struct{ Name, State, Value, Why string }

// hearsWithValues compares what catchment shows of the random events with what was published, object by object.
func hearsWithValues(o *org, catchment string) error {
	if err := o.changes(); err != nil {
		return err
	}
	for _, object := range []string{every, "Account"} {
		told := slices.DeleteFunc(slices.Clone(o.random[1:]), func(e published) bool {
			return e.Header["entityName"] != object
		})
		heard, err := o.shows(catchment, object, o.random[0].ReplayID, len(told))
		if err != nil {
			return err
		}
		values, toRead := 0, map[string]int{}
		for i, e := range told {
			if err := sameShown(heard[i], e, toRead); err != nil {
				return fmt.Errorf("%s, event %d, %s %v: %w", object, i, e.ID, e.Header["changeType"], err)
			}
			values += len(heard[i].Fields)
		}
		if values == 0 {
			return fmt.Errorf("no event of %s has a field", object)
		}
		fmt.Printf("      %s: %d events say %d times what became of a field; to be read: %v\n",
			object, len(told), values, toRead)
	}
	return nil
}

// shows runs catchment until it has shown n events.
func (o *org) shows(catchment, object, position string, n int) ([]shown, error) {
	catchment, err := filepath.Abs(catchment)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("version: 1\norg:\n  url: %s\n  pubsub: https://%s\n  login: {flow: client_credentials, "+
		"client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET}\nwarehouse: {url: \"duckdb:c.duckdb\"}\n"+
		"stage: {url: \"dir:stage\"}\ncontrol: {url: \"sqlite:control.db\"}\nflows:\n  - object: Account\n",
		o.URL, o.PubSub)
	if err := os.WriteFile(filepath.Join(o.dir, "catchment.yaml"), []byte(text), 0o600); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, catchment, "events", object, "--values", "--from", position)
	cmd.Dir = o.dir
	cmd.Env = append(os.Environ(), "SF_CLIENT_ID="+o.ClientID, "SF_CLIENT_SECRET="+o.ClientSecret,
		"SSL_CERT_FILE="+filepath.Join(o.dir, "tls.pem"))
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var all []shown
	for d := json.NewDecoder(bufio.NewReader(out)); len(all) < n; {
		var e shown
		if err = d.Decode(&e); err != nil {
			break
		}
		all = append(all, e)
	}
	_ = cmd.Process.Signal(os.Interrupt)
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait()
	if err != nil {
		return nil, fmt.Errorf("%d events of %d, then %w: %.2000s", len(all), n, err, said.String())
	}
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		return nil, fmt.Errorf("exit code %d after Ctrl-C: %.2000s", code, said.String())
	}
	return all, nil
}

// sameShown compares a line with what was published. It counts by reason what the line says has to be read.
func sameShown(got shown, e published, toRead map[string]int) error {
	sequence, _ := e.Header["sequenceNumber"].(float64)
	switch {
	case got.Error != "":
		return fmt.Errorf("it can't be read: %s", got.Error)
	case got.ID != e.ID || got.Position != e.ReplayID:
		return fmt.Errorf("shown is %s at %s", got.ID, got.Position)
	case !strings.EqualFold(got.Change, fmt.Sprint(e.Header["changeType"])),
		got.Transaction != e.Header["transactionKey"], float64(got.Sequence) != sequence,
		!slices.Equal(slices.Sorted(slices.Values(got.Records)), texts(e.Header["recordIds"])):
		return fmt.Errorf("shown is %s %v, %s %d", got.Change, got.Records, got.Transaction, got.Sequence)
	}
	told, nulled, differs := flat(e.Fields), texts(e.Header["nulledFields"]), texts(e.Header["diffFields"])
	for _, f := range got.Fields {
		name := toldName(f.Name)
		value, has := told[name]
		delete(told, name)
		var ok bool
		switch f.State {
		case "set":
			ok = has && sameText(f, value)
		case "null":
			ok = !has && (got.Change != "update" || slices.Contains(nulled, name))
		case "read":
			toRead[f.Why]++
			number, _ := value.(float64)
			ok = f.Why == "compound" || f.Why == "diff" && slices.Contains(differs, name) ||
				f.Why == "digits" && (number >= 1e9 || number <= -1e9 || strings.HasSuffix(f.Name, "__s"))
		}
		if !ok {
			return fmt.Errorf("%s is %s %s %q, and was published as %v", f.Name, f.State, f.Why, f.Value, value)
		}
	}
	for name := range told {
		return fmt.Errorf("nothing is said of %s", name)
	}
	return nil
}

// flat has the parts of compound fields under both names: BillingAddress.City.
func flat(fields map[string]any) map[string]any {
	all := map[string]any{}
	for name, value := range fields {
		parts, compound := value.(map[string]any)
		if !compound {
			all[name] = value
			continue
		}
		for part, inner := range parts {
			all[name+"."+part] = inner
		}
	}
	return all
}

// toldName is the name under which events have a field: a part of a compound one stands in there.
func toldName(field string) string {
	if stem, part, ok := strings.Cut(strings.TrimSuffix(field, "__s"), "__L"); ok {
		return stem + "__c.L" + part
	}
	for _, compound := range []string{"Billing", "Shipping"} {
		if part, ok := strings.CutPrefix(field, compound); ok && part != "Address" {
			return compound + "Address." + part
		}
	}
	return field
}

// sameText compares the text of a value with the value as JSON has it. Dates and times are milliseconds there.
func sameText(f shownField, value any) bool {
	switch v := value.(type) {
	case string:
		return f.Value == v
	case bool:
		return f.Value == strconv.FormatBool(v)
	case float64:
		if number, err := strconv.ParseFloat(f.Value, 64); err == nil {
			return number == v
		}
		at := time.UnixMilli(int64(v)).UTC()
		return slices.Contains([]string{at.Format(time.DateOnly), at.Format("15:04:05.000Z"),
			at.Format("2006-01-02T15:04:05.000Z")}, f.Value)
	}
	return false
}
