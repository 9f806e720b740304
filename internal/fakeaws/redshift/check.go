package redshift

import "catchment/internal/fakeaws/redshift/failure"

// checkStatement refuses what no reader of a statement has to know of.
func checkStatement(s statement) error {
	if err := checkNames(s); err != nil {
		return err
	}
	return balanced(s)
}

// checkNames refuses names that Redshift cuts off: what is cut is a mistake
// that nobody sees. PostgreSQL behind the stand-in cuts even earlier.
func checkNames(s statement) error {
	for _, t := range s {
		if !t.named() {
			continue
		}
		n := len(t.name())
		if n > maxName {
			return failure.New("42622", `identifier "%s" is %d bytes long: Redshift cuts it off at %d`, t.name(), n, maxName)
		}
		if n > maxOwnName {
			return failure.Cannot(`identifier "%s" is %d bytes long, and PostgreSQL behind it cuts off at %d`, t.name(), n, maxOwnName)
		}
	}
	return nil
}

// balanced refuses parentheses that don't close: whoever reads on may rely on
// it.
func balanced(s statement) error {
	var open []string
	for _, t := range s {
		switch {
		case t.is("("):
			open = append(open, ")")
		case t.is("["):
			open = append(open, "]")
		case t.is(")", "]"):
			if len(open) == 0 || !t.is(open[len(open)-1]) {
				return failure.Near(t.text)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return failure.New(failure.Syntax, "syntax error at end of input")
	}
	return nil
}
