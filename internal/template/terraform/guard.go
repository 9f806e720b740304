package terraform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// The parser and what works expressions out follow a text as deep as it goes, so
// its depth is looked at first: how many brackets are open, and how long the row of
// signs is that one expression is made of.
const (
	deepest    = 100
	longestRow = 2000
)

// guard looks at the tokens of a text of Terraform.
func guard(tokens hclsyntax.Tokens, _ hcl.Diagnostics) error {
	var open []hclsyntax.TokenType
	rows, controls := []int{0}, 0
	for _, t := range tokens {
		line := t.Range.Start.Line
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote,
			hclsyntax.TokenOHeredoc, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			open, rows = append(open, t.Type), append(rows, 0)
			if t.Type == hclsyntax.TokenTemplateControl {
				controls++
			}
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote,
			hclsyntax.TokenCHeredoc, hclsyntax.TokenTemplateSeqEnd:
			if len(open) > 0 {
				open, rows = open[:len(open)-1], rows[:len(rows)-1]
			}
		case hclsyntax.TokenComma:
			rows[len(rows)-1] = 0
		case hclsyntax.TokenNewline:
			if len(open) == 0 || open[len(open)-1] == hclsyntax.TokenOBrace {
				rows[len(rows)-1] = 0
			}
		case hclsyntax.TokenNumberLit:
			if isHuge(string(t.Bytes)) {
				return &lineError{line, hugeNumber}
			}
		}
		if t.Type != hclsyntax.TokenStringLit && t.Type != hclsyntax.TokenQuotedLit {
			rows[len(rows)-1]++
		}
		if len(open) > deepest || controls > longestRow {
			return &lineError{line, fmt.Sprintf("is nested more than %d levels deep", deepest)}
		}
		if rows[len(rows)-1] > longestRow {
			return &lineError{line, fmt.Sprintf("has an expression of more than %d parts", longestRow)}
		}
	}
	return nil
}

// guardJSON does the same for Terraform in JSON, whose texts are templates.
func guardJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	depth := 0
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		wrong := ""
		switch t := t.(type) {
		case json.Delim:
			if depth++; t == ']' || t == '}' {
				depth -= 2
			}
			if depth > deepest {
				wrong = fmt.Sprintf("is nested more than %d levels deep", deepest)
			}
		case json.Number:
			if isHuge(t.String()) {
				wrong = hugeNumber
			}
		case string:
			if strings.Contains(t, "${") || strings.Contains(t, "%{") {
				if err := guard(hclsyntax.LexTemplate([]byte(t), "", hcl.InitialPos)); err != nil {
					wrong = err.Error()
				}
			}
		}
		if err != nil {
			wrong = "is not JSON: " + err.Error()
		}
		if wrong != "" {
			return &lineError{1 + bytes.Count(text[:d.InputOffset()], []byte("\n")), wrong}
		}
	}
}

const hugeNumber = "holds a number that is longer than any of use"

// isHuge tells a number like 1e1000000, which fills the machine once it is written
// out.
func isHuge(number string) bool {
	at := strings.IndexAny(number, "eE")
	return len(number) > 40 || at >= 0 && len(strings.TrimLeft(number[at+1:], "+-0")) > 2
}

// A lineError says what is wrong with the text of a file.
type lineError struct {
	line int
	text string
}

func (e *lineError) Error() string { return e.text }

func lineOf(err error) int {
	if at, ok := errors.AsType[*lineError](err); ok {
		return at.line
	}
	return 1
}
