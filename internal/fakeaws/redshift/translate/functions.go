package translate

import _ "embed" // system.sql

// Schema is where the functions and system tables of Redshift live that
// PostgreSQL lacks.
const Schema = "redshift_standin"

// Functions makes Schema. It may be done again.
//
//go:embed system.sql
var Functions string
