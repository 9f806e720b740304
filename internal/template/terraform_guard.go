package template

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// The parser and what works expressions out follow a text as deep as it goes, so
// its depth is looked at first: how many brackets are open, and how long the row of
// signs is that one expression is made of.
const longestRow = 2000

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
	docs, err := readJSON(text)
	if err != nil {
		return err
	}
	for _, root := range docs {
		if err := guardTexts(root); err != nil {
			return err
		}
	}
	return nil
}

func guardTexts(n *node) error {
	if n == nil {
		return nil
	}
	texts := []string{n.text}
	for _, p := range n.pairs {
		texts = append(texts, p.key)
		if err := guardTexts(p.value); err != nil {
			return err
		}
	}
	for _, v := range append(n.list, n.arg) {
		if err := guardTexts(v); err != nil {
			return err
		}
	}
	for _, text := range texts {
		if strings.Contains(text, "${") || strings.Contains(text, "%{") {
			if err := guard(hclsyntax.LexTemplate([]byte(text), "", hcl.InitialPos)); err != nil {
				return &lineError{n.line, err.Error()}
			}
		}
	}
	return nil
}
