package dialect
