package manifest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"catchment/internal/plan"
)

// longestLine is more than any line has; what is longer is no plan.
const longestLine = 1 << 20

// Each is told of the lines of a plan. What is nil is passed over.
type Each struct {
	Head   func(Head) error
	Object func(Object) error
	Loss   func(Loss) error
	Record func(Record) error
	Clear  func(Clear) error
	End    func(End) error
}

// Read reads a plan to its end, and gives its digest. What isn't whole, or of another
// format, is refused; the digest is for the caller to compare.
func Read(r io.Reader, each Each) (digest string, err error) {
	sum := sha256.New()
	lines := bufio.NewScanner(io.TeeReader(r, sum))
	lines.Buffer(make([]byte, 64<<10), longestLine)
	var last Type
	for n := 1; lines.Scan(); n++ {
		if last == TypeEnd {
			return "", broken(n, fmt.Errorf("it goes on after its end"))
		}
		if last, err = readLine(lines.Bytes(), n == 1, each); err != nil {
			return "", broken(n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("read a plan: %w", err)
	}
	if last != TypeEnd {
		return "", broken(0, fmt.Errorf("it is cut off"))
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// readLine tells each of one line, and gives its type.
func readLine(text []byte, first bool, each Each) (Type, error) {
	var is struct {
		Type Type `json:"type"`
	}
	if err := json.Unmarshal(text, &is); err != nil {
		return "", fmt.Errorf("it isn't JSON")
	}
	if first != (is.Type == TypeHead) {
		return "", fmt.Errorf("its head isn't its first line")
	}
	var err error
	switch is.Type {
	case TypeHead:
		err = tell(text, func(h Head) error {
			if h.Format != Format {
				return fmt.Errorf("its format is %d, and this version reads %d", h.Format, Format)
			}
			if each.Head == nil {
				return nil
			}
			return each.Head(h)
		})
	case TypeObject:
		err = tell(text, each.Object)
	case TypeLoss:
		err = tell(text, each.Loss)
	case TypeRecord:
		err = tell(text, each.Record)
	case TypeClear:
		err = tell(text, each.Clear)
	case TypeEnd:
		err = tell(text, each.End)
	default:
		err = fmt.Errorf("it has a line of a type that this version doesn't know")
	}
	return is.Type, err
}

// tell decodes a line for who wants it, and refuses keys that it doesn't know.
func tell[T any](text []byte, to func(T) error) error {
	if to == nil {
		return nil
	}
	var line T
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&line); err != nil {
		return fmt.Errorf("it has a line that this version can't read")
	}
	return to(line)
}

// broken is a file that is no plan as this version writes them.
func broken(line int, err error) error {
	return plan.Failf(plan.Fix, "make it anew with: catchment archive plan", "line %d of the plan: %w", line, err)
}
