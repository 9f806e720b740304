"""Reads what engines are told of a lake, each in its dialect, by sqlglot.

check.py GOLDEN... HOWTO: a golden file is in the dialect that its name begins
with; of the howto every block of SQL is, whose first line says whose it is.

sqlglot has no grammar for some statements. It keeps them as a Command, unread:
those of UNREAD, each named with its dialect. Of them no more is known than
that their words, texts and brackets end. Any other is refused, and so is a
line of UNREAD that nothing needs.
"""

import collections
import logging
import re
import sys

import sqlglot
from sqlglot import exp
from sqlglot.tokens import TokenType

# What sqlglot 30.30.0 doesn't take apart, by dialect: it has no grammar for catalogs, connections and volumes
# outside of an engine, nor for secrets.
UNREAD = {
    "redshift": ["CREATE EXTERNAL SCHEMA"],
    "snowflake": ["CREATE EXTERNAL VOLUME", "CREATE CATALOG INTEGRATION"],
    "bigquery": ["CREATE EXTERNAL SCHEMA", "CREATE OR REPLACE EXTERNAL TABLE"],
    "trino": ["CREATE CATALOG"],
    "databricks": ["CREATE CONNECTION", "CREATE FOREIGN CATALOG"],
    "duckdb": ["LOAD", "CREATE OR REPLACE SECRET"],
}
# How the howto's blocks begin, and whose SQL they are.
SPEAKS = {
    "Redshift": "redshift", "Athena": "athena", "Snowflake": "snowflake", "BigQuery": "bigquery",
    "Databricks": "databricks", "Trino": "trino", "DuckDB": "duckdb",
}
BLOCK = re.compile(r"^```sql\n(.*?)^```", re.S | re.M)
PAIRS = {TokenType.L_PAREN: TokenType.R_PAREN, TokenType.L_BRACKET: TokenType.R_BRACKET}


def ends(text: str, dialect: str) -> bool:
    """Whether all that begins in a text ends there."""
    open_ones = []
    for token in sqlglot.tokenize(text, read=dialect):
        if token.token_type in PAIRS:
            open_ones.append(PAIRS[token.token_type])
        elif token.token_type in PAIRS.values() and (not open_ones or open_ones.pop() != token.token_type):
            return False
    return not open_ones


def texts(path: str):
    """The dialect and the text of what is to be read of a file."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if path.endswith(".sql"):
        yield path.rpartition("/")[2].partition("-")[0], text
        return
    blocks = BLOCK.findall(text)
    missing = set(SPEAKS)
    for block in blocks:
        name = re.match(r"-- (\w+)", block)
        if not name or name[1] not in SPEAKS:
            raise SystemExit(f"{path}: a block of SQL doesn't say whose it is:\n{block[:200]}")
        missing.discard(name[1])
        yield SPEAKS[name[1]], block
    if missing:
        raise SystemExit(f"{path}: no SQL for {', '.join(sorted(missing))}")


def refused(statement, dialect: str, unread: collections.Counter) -> str:
    """Why a statement is refused, "" if it isn't."""
    if not isinstance(statement, exp.Command):
        return ""
    text = " ".join(statement.sql(dialect=dialect, comments=False).split())
    for beginning in UNREAD.get(dialect, []):
        if text.upper().startswith(beginning):
            unread[dialect, beginning] += 1
            return "" if ends(text, dialect) else "doesn't end: "
    return "unread: "


def main(paths: list[str]) -> int:
    logging.disable(logging.WARNING)  # each Command warns; they are counted here
    read, bad, unread = collections.Counter(), 0, collections.Counter()
    for path in paths:
        for dialect, text in texts(path):
            try:
                statements = [s for s in sqlglot.parse(text, read=dialect, error_level=sqlglot.ErrorLevel.RAISE) if s]
                wrong = [(refused(s, dialect, unread), s.sql(dialect=dialect, comments=False)[:150]) for s in statements]
            except sqlglot.errors.SqlglotError as e:
                statements, wrong = [], [("refused: ", str(e))]
            read[dialect] += len(statements)
            for why, what in wrong:
                if why:
                    bad += 1
                    print(f"{path} ({dialect}): {why}{what}", file=sys.stderr)
    for dialect, beginnings in UNREAD.items():
        for beginning in beginnings:
            if not unread[dialect, beginning]:
                bad += 1
                print(f"{dialect}: nothing begins with {beginning} any more, or sqlglot reads it", file=sys.stderr)
    for dialect in sorted(read):
        kept = ", ".join(f"{n} {b}" for (d, b), n in sorted(unread.items()) if d == dialect)
        print(f"{dialect}: {read[dialect]} statements" + (f", of which unread: {kept}" if kept else ""))
    print(f"sqlglot {sqlglot.__version__}: {bad} refused")
    return 1 if bad or set(read) != set(SPEAKS.values()) else 0


sys.exit(main(sys.argv[1:]))
