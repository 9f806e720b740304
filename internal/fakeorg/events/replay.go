package events

import (
	"bytes"
	"encoding/binary"
)

// A position goes over the wire as 10 bytes: its number, and two that are zero.
const replayBytes = 10

// ReplayID is a position as subscribers know it.
func ReplayID(number uint64) []byte {
	return append(binary.BigEndian.AppendUint64(nil, number), 0, 0)
}

// ParseReplayID reads what ReplayID writes, and that without its end.
func ParseReplayID(id []byte) (number uint64, ok bool) {
	if len(id) != 8 && (len(id) != replayBytes || !bytes.Equal(id[8:], []byte{0, 0})) {
		return 0, false
	}
	return binary.BigEndian.Uint64(id), true
}
