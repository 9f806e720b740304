package manifest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
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
	Erased func(Erased) error
	End    func(End) error
}

// Read reads a plan to its end, and gives its digest. What isn't whole, or of another
// format, is refused; the digest is for the caller to compare.
func Read(r io.Reader, each Each) (digest string, err error) {
	of := newDigest()
	lines := bufio.NewReaderSize(r, 64<<10)
	var last Type
	for n := 1; ; n++ {
		text, err := nextLine(lines)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", fmt.Errorf("read a plan: %w", err)
		}
		if last == TypeEnd {
			return "", broken(n, fmt.Errorf("it goes on after its end"))
		}
		if last, err = readLine(text, n == 1, each); err != nil {
			return "", broken(n, err)
		}
		if err = of.add(text); err != nil {
			return "", broken(n, err)
		}
	}
	if last != TypeEnd {
		return "", broken(0, fmt.Errorf("it is cut off"))
	}
	return of.String(), nil
}

// What NextLine finds of a line that isn't whole.
var (
	ErrCutOff = errors.New("a line has no end")
	ErrLong   = errors.New("a line is longer than any")
)

// NextLine reads a line without its end, which it must have, and io.EOF after the last. The sheets of the
// evidence are read by it, too.
func NextLine(r *bufio.Reader) ([]byte, error) {
	var all []byte
	for {
		part, err := r.ReadSlice('\n')
		all = append(all, part...)
		switch {
		case err == nil:
			return all[:len(all)-1], nil
		case errors.Is(err, io.EOF) && len(all) > 0:
			return nil, ErrCutOff
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(all) > longestLine:
			return nil, ErrLong
		}
	}
}

// nextLine reads a line of a plan.
func nextLine(r *bufio.Reader) ([]byte, error) {
	text, err := NextLine(r)
	switch {
	case errors.Is(err, ErrCutOff):
		return nil, broken(0, errors.New("it is cut off"))
	case errors.Is(err, ErrLong):
		return nil, broken(0, errors.New("it has a line that is longer than any"))
	}
	return text, err
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
	case TypeErased:
		err = tell(text, each.Erased)
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
	hint := "make it anew with: catchment archive plan"
	if line == 0 {
		return plan.Failf(plan.Fix, hint, "the plan: %w", err)
	}
	return plan.Failf(plan.Fix, hint, "line %d of the plan: %w", line, err)
}
