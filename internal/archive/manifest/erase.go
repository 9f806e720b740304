package manifest

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"

	"catchment/internal/blob"
)

// Erase takes some Ids out of the plan of this name: each line that has one is replaced by
// its digest. A repeat finishes what was stopped; until then the plan may be gone, and never
// is another one.
func Erase(ctx context.Context, store blob.Store, name string, ids map[string]bool) error {
	if err := Resume(ctx, store, name); err != nil {
		return err
	}
	found, err := names(ctx, store, Key(name), ids)
	if err != nil || !found {
		return err
	}
	return Exchange(ctx, store, name, Key(name), func(in io.Reader, out io.Writer) error {
		return eachLine(in, func(text []byte) error {
			line, err := parse(text)
			if err != nil {
				return err
			}
			if line.names(ids) {
				if text, err = json.Marshal(line.erased(text)); err != nil {
					return err
				}
			}
			_, err = out.Write(append(text, '\n'))
			return err
		})
	})
}

// names tells whether a plan has one of some Ids. There may be no plan.
func names(ctx context.Context, store blob.Store, key string, ids map[string]bool) (found bool, err error) {
	in, err := store.Open(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { _ = in.Close() }() // it was only read
	err = eachLine(in, func(text []byte) error {
		line, err := parse(text)
		found = found || line.names(ids)
		return err
	})
	return found, err
}

func eachLine(r io.Reader, do func(text []byte) error) error {
	lines := bufio.NewReader(r)
	for {
		text, err := nextLine(lines)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := do(text); err != nil {
			return err
		}
	}
}

// A mention is what of a line may be an Id, and what stays once it is erased.
type mention struct {
	Type   Type   `json:"type"`
	ID     string `json:"id"`
	Root   string `json:"root"`
	Parent string `json:"parent"`
	Value  string `json:"value"`
	Object string `json:"object"`
	Level  int    `json:"level"`
	Fate   Fate   `json:"fate"`
}

func parse(text []byte) (m mention, err error) {
	var is struct {
		Type Type `json:"type"`
	}
	if err := json.Unmarshal(text, &is); err != nil {
		return m, broken(0, errors.New("it has a line that isn't JSON"))
	}
	if is.Type != TypeRecord && is.Type != TypeClear {
		return mention{Type: is.Type}, nil
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, broken(0, errors.New("it has a line that this version can't read"))
	}
	return m, nil
}

func (m mention) names(ids map[string]bool) bool {
	return ids[m.ID] || ids[m.Root] || ids[m.Parent] || ids[m.Value]
}

// erased is what stays of a line.
func (m mention) erased(text []byte) Erased {
	sum := sha256.Sum256(text)
	return Erased{Type: TypeErased, Was: m.Type, SHA256: hex.EncodeToString(sum[:]), Object: m.Object,
		Level: m.Level, Fate: m.Fate}
}
