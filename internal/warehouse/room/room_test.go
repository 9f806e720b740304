package room_test

import (
	"testing"

	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	ours := room.Limits{Dates: room.Years{First: 1, Last: 20_000}, Stamps: room.Years{First: 1, Last: 20_000}}
	before := room.Limits{Dates: room.Years{First: -100, Last: 9999}, Stamps: room.Years{First: -100, Last: 9999}}
	for _, c := range []struct {
		limits room.Limits
		kind   shape.Kind
		text   string
		want   bool
	}{
		{ours, shape.Bool, "true", true}, {ours, shape.Bool, "FALSE", true}, {ours, shape.Bool, "1", false},
		{ours, shape.Date, "2024-02-29", true}, {ours, shape.Date, "2023-02-29", false},
		{ours, shape.Date, "1900-02-29", false}, {ours, shape.Date, "2000-02-29", true},
		{ours, shape.Date, "0001-01-01", true}, {ours, shape.Date, "0000-01-01", false},
		{ours, shape.Date, "12013-01-01", true}, {ours, shape.Date, "20221-06-30", false},
		{ours, shape.Date, "+12013-01-01", false}, {ours, shape.Date, "-0044-03-15", false},
		{before, shape.Date, "-0044-03-15", true}, {before, shape.Date, "-0101-03-15", false},
		{before, shape.Date, "0000-01-01", true},
		{ours, shape.Date, "2024-13-01", false}, {ours, shape.Date, "2024-00-01", false},
		{ours, shape.Date, "2024-04-31", false}, {ours, shape.Date, "2024-1-1", false},
		{ours, shape.Date, "2024-01-01T00:00:00Z", false}, {ours, shape.Date, "infinity", false},
		{ours, shape.Date, " 2024-01-01", false}, {ours, shape.Date, "99999999999-01-01", false},
		{ours, shape.Time, "10:11:12.000Z", true}, {ours, shape.Time, "10:11:12", true},
		{ours, shape.Time, "24:00:00.000Z", false}, {ours, shape.Time, "23:59:60.000Z", false},
		{ours, shape.Time, "10:11", false}, {ours, shape.Time, "10:11:12.", false}, {ours, shape.Time, "", false},
		{ours, shape.Timestamp, "2024-01-02T10:11:12.000Z", true},
		{ours, shape.Timestamp, "2024-01-02T10:11:12.123456Z", true},
		{ours, shape.Timestamp, "2024-01-02T10:11:12.1234567Z", false},
		{ours, shape.Timestamp, "2024-01-02T10:11:12.000+0000", true},
		{ours, shape.Timestamp, "2024-01-02T10:11:12.000-05:30", true},
		{ours, shape.Timestamp, "2024-01-02T10:11:12.000Z+0000", false},
		{ours, shape.Timestamp, "2024-01-02T10:11:12.000", false}, {ours, shape.Timestamp, "2024-01-02", false},
		{ours, shape.Timestamp, "2024-01-02T+0000", false}, {ours, shape.Timestamp, "2024-01-02T", false},
		{ours, shape.Timestamp, "20221-01-02T10:11:12.000Z", false},
		{ours, shape.Timestamp, "12013-01-02T10:11:12.000Z", true},
	} {
		if got := c.limits.Takes(c.kind)([]byte(c.text)); got != c.want {
			t.Errorf("%s %q from year %d on: %v", c.kind, c.text, c.limits.Dates.First, got)
		}
	}
	if ours.Takes(shape.Text) != nil || ours.Takes(shape.Decimal) != nil {
		t.Error("a text is any, and a number is judged by its digits")
	}
}
