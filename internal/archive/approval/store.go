package approval

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"catchment/internal/archive"
	"catchment/internal/archive/manifest"
	"catchment/internal/blob"
	"catchment/internal/plan"
)

// The largest approval, and the most of them: what is beyond was put there by somebody else.
const (
	longestApproval = 64 << 10
	mostApprovals   = 1000
)

func folder(name string) string { return manifest.Folder(name) + "approvals/" }

// Put keeps an approval of the plan of this name. One that is kept already changes nothing.
func Put(ctx context.Context, store blob.Store, name string, a archive.Approval) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	of := sha256.Sum256([]byte(a.By + "\n" + a.Key + "\n" + a.Signature))
	key := folder(name) + hex.EncodeToString(of[:8]) + ".json"
	_, err = store.Put(ctx, key, bytes.NewReader(append(text, '\n')))
	if err != nil && !errors.Is(err, blob.ErrExists) {
		return fmt.Errorf("keep an approval of %s: %w", name, err)
	}
	return nil
}

// Load reads the approvals of the plan of this name. Whether they count, Check tells.
func Load(ctx context.Context, store blob.Store, name string) ([]archive.Approval, error) {
	var keys []string
	for info, err := range store.List(ctx, folder(name)) {
		if err != nil {
			return nil, err
		}
		if keys = append(keys, info.Key); len(keys) > mostApprovals {
			return nil, plan.Fixf("look at what lies there, and remove what isn't of an approval",
				"%s has more than %d blobs", folder(name), mostApprovals)
		}
	}
	var all []archive.Approval
	for _, key := range keys {
		a, err := read(ctx, store, key)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// read reads one approval.
func read(ctx context.Context, store blob.Store, key string) (a archive.Approval, err error) {
	in, err := store.Open(ctx, key)
	if err != nil {
		return a, fmt.Errorf("read %s: %w", key, err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	text, err := io.ReadAll(io.LimitReader(in, longestApproval+1))
	if err != nil {
		return a, fmt.Errorf("read %s: %w", key, err)
	}
	if len(text) > longestApproval || json.Unmarshal(text, &a) != nil {
		return a, plan.Fixf("remove it, and approve again", "%s is no approval", key)
	}
	return a, nil
}
