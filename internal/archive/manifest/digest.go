package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
)

// A digest is that of a plan on its way: SHA-256 of the digests of its lines.
type digest struct{ of hash.Hash }

func newDigest() digest { return digest{sha256.New()} }

func (d digest) String() string { return hex.EncodeToString(d.of.Sum(nil)) }

// add adds a line without its end. The digest of a line that erase may come to is made of what
// stays of it then; of all others, of the line itself.
func (d digest) add(text []byte) error {
	m, err := parse(text)
	if err != nil {
		return err
	}
	var stays Erased
	switch m.Type {
	case TypeErased:
		if err := json.Unmarshal(text, &stays); err != nil || !stays.whole() {
			return errors.New("what was erased left no digest")
		}
	case TypeRecord, TypeClear:
		stays = m.erased(text)
	default:
		sum := sha256.Sum256(text)
		d.of.Write(sum[:])
		return nil
	}
	line, err := json.Marshal(stays)
	if err != nil {
		return err
	}
	if m.Type == TypeErased && !bytes.Equal(line, text) {
		return errors.New("what was erased isn't written as it was")
	}
	sum := sha256.Sum256(line)
	d.of.Write(sum[:])
	return nil
}

// whole tells whether something of a line was left, of one that may be erased.
func (e Erased) whole() bool {
	sum, err := hex.DecodeString(e.SHA256)
	return err == nil && len(sum) == sha256.Size && (e.Was == TypeRecord || e.Was == TypeClear)
}
