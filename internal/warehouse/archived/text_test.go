package archived

import (
	"strings"
	"testing"

	"catchment/internal/warehouse/shape"
)

// Each pair is a value as a warehouse or a page of Salesforce writes it, and the one text that it has.
func TestText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind       shape.Kind
		text, want string
	}{
		{shape.Text, " as it is\r\n", " as it is\r\n"},
		{shape.Bool, "true", "true"}, {shape.Bool, "False", "false"}, {shape.Bool, "t", "true"},
		{shape.Int, "007", "7"}, {shape.Long, "-9000000000", "-9000000000"},
		{shape.Decimal, "12.500", "12.5"}, {shape.Decimal, "-0.0", "0"}, {shape.Decimal, "100", "100"},
		{shape.Decimal, "1.2345678E7", "12345678"}, {shape.Decimal, "5E-3", "0.005"}, {shape.Decimal, ".5", "0.5"},
		{shape.Decimal, "12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"},
		{shape.Date, "1700-01-01", "1700-01-01"},
		{shape.Time, "03:04:05", "03:04:05.000Z"}, {shape.Time, "03:04:05.12", "03:04:05.120Z"},
		{shape.Time, "03:04:05.120Z", "03:04:05.120Z"},
		{shape.Timestamp, "2026-01-02 03:04:05+00", "2026-01-02T03:04:05.000Z"},
		{shape.Timestamp, "2026-01-02 05:04:05.5+02", "2026-01-02T03:04:05.500Z"},
		{shape.Timestamp, "2026-01-02T03:04:05.000+0000", "2026-01-02T03:04:05.000Z"},
		{shape.Timestamp, "2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05.000Z"},
		{shape.Timestamp, "2026-01-02 03:04:05.000001+00", "2026-01-02T03:04:05.000001Z"},
	} {
		if got, err := Text(c.kind, c.text); got != c.want || err != nil {
			t.Errorf("%s %q: %q, %v", c.kind, c.text, got, err)
		}
	}
	for kind, text := range map[shape.Kind]string{
		shape.Bool: "secret", shape.Int: "secret", shape.Decimal: "1e9999", shape.Long: "", shape.Kind("x"): "",
	} {
		got, err := Text(kind, text)
		if (err == nil) != (kind == "x") || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s %q: %q, %v", kind, text, got, err)
		}
	}
}
