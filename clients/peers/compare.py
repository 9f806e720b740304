"""Compares what a reader of a copy sees with what is true in the org: by Id, and a digest of all values of a record.

Values are compared by what they say, not by how they are written: 1 and 1.0 are the same, and so are a time as text and
as a timestamp. Salesforce has no empty text, so that is as good as none.
"""

import datetime
import decimal
import hashlib

SIZE = 8
NONE = bytes(SIZE)
NUMBERS = ("int", "long", "double", "currency", "percent")


def plain(kind, value):
    """One way to write a value of a field of this kind."""
    if value is None or value == "":
        return None
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind in NUMBERS:
        return format(decimal.Decimal(repr(value) if isinstance(value, float) else str(value)).normalize(), "f")
    if kind == "datetime":
        at = value if isinstance(value, datetime.datetime) else datetime.datetime.fromisoformat(str(value))
        if at.tzinfo is None:
            at = at.replace(tzinfo=datetime.timezone.utc)
        return int(at.timestamp() * 1000 + 0.5)
    if kind == "date":
        return str(value)[:10]
    return str(value)


def digest(fields, record):
    """Eight bytes for each field, in their order. record holds values by name, folded: tools differ in that alone."""
    pieces = []
    for name, kind in fields.items():
        value = plain(kind, record.get(folded(name)))
        piece = NONE if value is None else hashlib.blake2b(repr(value).encode(), digest_size=SIZE).digest()
        pieces.append(piece)
    return b"".join(pieces)


def differing(fields, one, other):
    """The names of the fields in which two digests differ."""

    def piece(digest, at):
        return digest[at * SIZE:(at + 1) * SIZE]

    return [name for at, name in enumerate(fields) if piece(one, at) != piece(other, at)]


def folded(name):
    return name.lower().replace("_", "")


def truth(org, name):
    """The digest of each record that is alive in the org, by Id."""
    fields = org.fields(name)
    digests = {}
    for record in org.query(f"SELECT {', '.join(fields)} FROM {name}"):
        digests[record["Id"]] = digest(fields, {folded(key): value for key, value in record.items()})
    return digests


def copied(database, table, alive, fields):
    """The digests of each record that a reader takes for alive, by Id: several where it stands there twice."""
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = connection.execute(f"SELECT * FROM {table} WHERE {alive}")
        names = [folded(column[0]) for column in rows.description]
        found = {}
        while batch := rows.fetchmany(10000):
            for row in batch:
                record = dict(zip(names, row))
                found.setdefault(record["id"], []).append(digest(fields, record))
        return found


def differences(fields, true, found):
    """The Ids of the records that are wrong, by what is wrong with them.

    inexact: numbers differ and nothing else, since they went through a type that hasn't room for all their digits.
    """
    wrong = {
        "missing": true.keys() - found.keys(),
        "other": set(),
        "inexact": set(),
        "extra": found.keys() - true.keys(),
        "twice": {i for i, digests in found.items() if len(digests) > 1},
    }
    for i, digests in found.items():
        if i in true and true[i] not in digests:
            kinds = {fields[name] for name in differing(fields, true[i], digests[0])}
            wrong["inexact" if kinds <= set(NUMBERS) else "other"].add(i)
    return wrong
