"""Reads the SQL of golden files as Redshift's, by sqlglot.

What sqlglot can't take apart it keeps as a Command, unread. The only words
that may begin one are those of KEPT; of a procedure the statements inside are
read one by one, and its own control flow is left to the stand-in.
"""

import logging
import re
import sys

import sqlglot
from sqlglot import exp

KEPT = {"LOCK", "CALL"}
CONTROL = re.compile(
    r"^(DECLARE|BEGIN|IF|ELSE|ELSIF|END|LOOP|FOR|WHILE|EXIT|CONTINUE|RETURN|RAISE|EXECUTE|GET|START|COMMIT|ROLLBACK|EXCEPTION|WHEN|(?:this|all)_\w+\s*(:=|[A-Z]))", re.I
)
INTO = re.compile(r"\bINTO\s+this_\w+(?:\s*,\s*this_\w+)*\s", re.I)
PROCEDURE = re.compile(r"CREATE OR REPLACE PROCEDURE [^;]*?AS \$\$(.*?)\$\$(?: LANGUAGE plpgsql)?;", re.S)
# Words of control flow that stand before a statement on their own.
LEADS = re.compile(r"^\s*(?:(?:BEGIN|ELSE|LOOP|EXCEPTION WHEN OTHERS THEN|(?:IF|ELSIF|WHILE)\b.*?(?:THEN|LOOP)|FOR this_\w+ IN)\s+)+", re.S)


def parse(text: str) -> list[str]:
    """Statements of text that sqlglot refuses or leaves unread."""
    wrong = []
    # :attempt and the like stand for parameters; in PL/pgSQL they are variables.
    for statement in sqlglot.parse(text, read="redshift", error_level=sqlglot.ErrorLevel.RAISE):
        if isinstance(statement, exp.Command) and statement.name.upper() not in KEPT:
            wrong.append(f"unread: {statement.sql()[:100]}")
    return wrong


def inner(body: str):
    """The SQL statements of a procedure's body."""
    body = re.sub(r"--[^\n]*", "", body)
    for piece in body.split(";\n"):
        piece = LEADS.sub("", piece).strip().rstrip(";")
        if piece and not CONTROL.match(piece):
            yield INTO.sub("", piece)


def main(paths: list[str]) -> int:
    logging.disable(logging.WARNING)  # each Command warns; they are counted here
    read, bad = 0, 0
    for path in paths:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        texts = [s for body in PROCEDURE.findall(text) for s in inner(body)]
        texts.append(PROCEDURE.sub("", text))
        for one in texts:
            try:
                wrong = parse(one)
                read += len(sqlglot.parse(one, read="redshift"))
            except sqlglot.errors.SqlglotError as e:
                wrong = [str(e)]
            for w in wrong:
                bad += 1
                print(f"{path}: {w}\n  in: {one[:300]}", file=sys.stderr)
    print(f"sqlglot {sqlglot.__version__}: {read} statements of {len(paths)} files, {bad} refused")
    return 1 if bad or not read else 0


sys.exit(main(sys.argv[1:]))
