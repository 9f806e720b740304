// Package redshift is a stand-in for Amazon Redshift in tests: a server in
// front of a real PostgreSQL 15 that speaks the wire protocol, refuses what
// Redshift lacks, takes what PostgreSQL lacks, and commits, locks and isolates
// as Redshift does.
//
// Its only sources are Amazon's documents (Database Developer Guide, Data API
// reference); it shares no code with our driver, and neither is ever mended by
// looking at the other. Where the documents give no error text, the SQLSTATE
// and the fact of the refusal are what to rely on, not the words.
//
// # What it keeps
//
// VARCHAR is counted in bytes, TEXT and a bare VARCHAR are VARCHAR(256).
// Names are lower case, quoted or not. Keys are taken and not enforced.
// Backslashes escape in texts, and there is no standard_conforming_strings.
// Every transaction reads one snapshot; who writes a row that changed since
// gets error 1023; writers of one table wait for each other; LOCK taken first
// takes no snapshot. TRUNCATE commits. COPY fetches from S3 by itself.
//
// # Procedures
//
// PostgreSQL keeps the text of a procedure, and the stand-in runs it: an
// interpreter of Redshift's PL/pgSQL (package plpgsql reads, procedure_run.go
// runs), since PostgreSQL's own has subtransactions and knows nothing of NONATOMIC.
// In the default mode a CALL is one transaction, TRUNCATE and COMMIT inside end
// it and begin another, and a handler rolls all of it back, commits its own
// work and throws the error again. NONATOMIC: each statement commits, START
// TRANSACTION opens a block, and a handled error is done with. One cursor may
// be open; a commit closes it. An expression that reads no table takes no
// snapshot. Not covered: OUT arguments, %TYPE, cursors with arguments, SET
// options, CONTINUE handlers, results through refcursors. What a handler does in
// a transaction block of the caller's isn't documented; here the block is
// rolled back.
//
// # What it leaves to others, or refuses as its own limit
//
// How a table is laid out (DISTKEY, SORTKEY, ENCODE) is read and forgotten:
// svv_table_info and pg_table_def aren't there. QUALIFY becomes a subquery, so
// an ORDER BY behind it goes by the names that the query gives. MERGE leaves
// two rows of the target with one key two rows; Redshift makes one of them. It
// refuses with "the stand-in for Redshift can't do that" what Redshift can:
// names of 64 to 127 bytes, late-binding views, UNLOAD, Spectrum, MERGE ...
// REMOVE DUPLICATES, file formats but CSV and delimited text. It doesn't keep
// that trailing blanks don't count when texts are compared, nor limits of
// width, nor that a cast to VARCHAR(n) cuts bytes. It lets through whatever
// PostgreSQL takes and nobody listed in translate/refuse.go. Nothing here says how
// fast Redshift is, or how it distributes rows.
//
// # Where to start
//
// Start in start.go. A client's message comes in by serve.go; command.go says
// who reads which statement; session.go does it. The packages below know nothing
// of sessions:
//
//   - lex cuts SQL into tokens, failure has the errors that a statement ends with
//   - translate turns Redshift's SQL into PostgreSQL's
//   - plpgsql reads procedures
//   - load is COPY: objects of S3, and the rows in them
//   - dataapi is the Data API, a client of the wire
package redshift
