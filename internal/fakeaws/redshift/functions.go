package redshift

import _ "embed" // the schema of the stand-in

// Schema is where the functions and system tables of Redshift live that
// PostgreSQL lacks.
const Schema = "redshift_standin"

// Functions makes Schema. It may be done again.
//
//go:embed system.sql
var Functions string
