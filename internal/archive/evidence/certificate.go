package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"catchment/internal/archive/manifest"
	"catchment/internal/blob"
)

// certificateKey is where verify's certificate lies, beside the evidence.
func certificateKey(plan string) string { return manifest.Folder(plan) + "certificate.json" }

// Certify keeps verify's certificate of a plan, and gives its digest, for End. The first one
// counts: a repeat gives the digest of that.
func Certify(ctx context.Context, store blob.Store, plan string, text []byte) (digest string, err error) {
	_, err = store.Put(ctx, certificateKey(plan), bytes.NewReader(text))
	if err != nil && !errors.Is(err, blob.ErrExists) {
		return "", fmt.Errorf("keep the certificate of %s: %w", plan, err)
	}
	return certificate(ctx, store, plan)
}

// certificate is the digest of a plan's certificate.
func certificate(ctx context.Context, store blob.Store, plan string) (digest string, err error) {
	in, err := store.Open(ctx, certificateKey(plan))
	if errors.Is(err, blob.ErrNotFound) {
		return "", &Broken{Key: certificateKey(plan), What: "it is gone"}
	}
	if err != nil {
		return "", err
	}
	of := sha256.New()
	_, err = io.Copy(of, in)
	return hex.EncodeToString(of.Sum(nil)), errors.Join(err, in.Close())
}

// certified tells whether the certificate that an end names is still the one that was kept.
func certified(ctx context.Context, store blob.Store, plan string, end End) error {
	if end.Certificate == "" {
		return nil
	}
	digest, err := certificate(ctx, store, plan)
	if err == nil && digest != end.Certificate {
		return &Broken{Key: certificateKey(plan), What: "it was changed: the evidence names another digest"}
	}
	return err
}
