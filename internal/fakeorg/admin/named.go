package admin

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"catchment/internal/fakeorg/halves"
	"catchment/internal/fakeorg/reply"
)

// asked is what is to be done to records, in the words of the admin API.
type asked struct {
	Do     string
	By     string // the user who does it; empty: who every session belongs to
	IDs    []string
	Master string
	Field  string
	Value  halves.Text
	Object string
	Values map[string]any
}

// Do does what the admin API would be asked to do to records.
func (r *Records) Do(text json.RawMessage) error {
	var asked asked
	if err := json.Unmarshal(text, &asked); err != nil {
		return reply.Bad("JSON_PARSER_ERROR", "%v", err)
	}
	return r.do(asked)
}

func (r *Records) do(asked asked) error {
	r = r.By(asked.By)
	all := map[string]func(ids ...string) error{
		"undelete": r.Undelete, "purge": r.Purge, "touch": r.Touch, "archive": r.Archive, "delete": r.Delete,
		"hide": r.HideRecord, "show": r.ShowRecord, "lock": r.Lock, "unlock": r.Unlock,
		"record": func(...string) error { return r.recordAny(asked.Object, asked.Values) },
		"create": func(...string) error {
			_, err := r.Create(asked.Object, asked.Values)
			return err
		},
		"update": func(ids ...string) error {
			return each(ids, func(id string) error { return r.Update(id, asked.Values) })
		},
		"merge": func(ids ...string) error { return r.Merge(asked.Master, ids...) },
		"drift": func(ids ...string) error {
			return each(ids, func(id string) error { return r.Drift(id, asked.Field, string(asked.Value)) })
		},
	}
	return named(all, asked.Do, asked.IDs...)
}

// recordAny is Record with values as JSON has them.
func (r *Records) recordAny(object string, values map[string]any) error {
	texts := map[string]string{}
	for name, value := range values {
		text, ok := value.(string)
		if !ok {
			return reply.Bad("INVALID_ARGUMENT_TYPE", "the value of %s must be a text", name)
		}
		texts[name] = text
	}
	_, err := r.Record(object, texts)
	return err
}

// each does one thing to all of a list, up to the first that fails.
func each(ids []string, do func(id string) error) error {
	for _, id := range ids {
		if err := do(id); err != nil {
			return err
		}
	}
	return nil
}

// named does what was asked for by its name.
func named(all map[string]func(...string) error, name string, ids ...string) error {
	do, ok := all[name]
	if !ok {
		return reply.Bad("INVALID_ARGUMENT_TYPE", "do must be one of %s",
			strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	return do(ids...)
}
