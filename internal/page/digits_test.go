package page

import "testing"

func TestDigitsOf(t *testing.T) {
	tests := []struct {
		text            string
		whole, fraction int
		ok              bool
	}{
		{"", 0, 0, true},
		{"0", 0, 0, true},
		{"0.00", 0, 0, true},
		{"1", 1, 0, true},
		{"100", 3, 0, true},
		{"-12.50", 2, 1, true},
		{"0.05", 0, 2, true},
		{".5", 0, 1, true},
		{"5.", 1, 0, true},
		{"1.25E3", 4, 0, true},
		{"1.2345678E7", 8, 0, true},
		{"1.25e-3", 0, 5, true},
		{"1E+18", 19, 0, true},
		{"0E99", 0, 0, true},
		{"999999999999999999", 18, 0, true},
		{"0.123456789012345678901234", 0, 24, true},
		{"-", 0, 0, false},
		{".", 0, 0, false},
		{"1.2.3", 0, 0, false},
		{"1E", 0, 0, false},
		{"1E+", 0, 0, false},
		{"E3", 0, 0, false},
		{"1E99999999", 0, 0, false},
		{"1,5", 0, 0, false},
		{"NaN", 0, 0, false},
		{" 1", 0, 0, false},
	}
	for _, tt := range tests {
		whole, fraction, ok := digitsOf([]byte(tt.text))
		if whole != tt.whole || fraction != tt.fraction || ok != tt.ok {
			t.Errorf("%q: %d, %d, %v", tt.text, whole, fraction, ok)
		}
	}
}
