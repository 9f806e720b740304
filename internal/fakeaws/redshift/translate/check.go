package translate

import (
	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
)

// Check refuses what no reader of a statement has to know of.
func Check(s lex.Statement) error {
	if err := checkNames(s); err != nil {
		return err
	}
	return balanced(s)
}

// checkNames refuses names that Redshift cuts off: what is cut is a mistake
// that nobody sees. PostgreSQL behind the stand-in cuts even earlier.
func checkNames(s lex.Statement) error {
	for _, t := range s {
		if !t.Named() {
			continue
		}
		n := len(t.Name())
		if n > maxName {
			return failure.New("42622", `identifier "%s" is %d bytes long: Redshift cuts it off at %d`,
				t.Name(), n, maxName)
		}
		if n > maxOwnName {
			return failure.Cannot(`identifier "%s" is %d bytes long, and PostgreSQL behind it cuts off at %d`,
				t.Name(), n, maxOwnName)
		}
	}
	return nil
}

// balanced refuses parentheses that don't close: whoever reads on may rely on
// it.
func balanced(s lex.Statement) error {
	var open []string
	for _, t := range s {
		switch {
		case t.Is("("):
			open = append(open, ")")
		case t.Is("["):
			open = append(open, "]")
		case t.Is(")", "]"):
			if len(open) == 0 || !t.Is(open[len(open)-1]) {
				return failure.Near(t.Text)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return failure.New(failure.Syntax, "syntax error at end of input")
	}
	return nil
}
