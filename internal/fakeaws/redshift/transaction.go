package redshift

import (
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

// begin reads BEGIN. Whatever isolation it asks for, the database's is what it
// gets.
func begin(s statement) (*command, error) {
	tag := "BEGIN"
	if s.starts("start") {
		tag = "START TRANSACTION"
	}
	i := 1
	for i < len(s) {
		switch rest := s[i:]; {
		case rest[0].is("work", "transaction", ","), rest.starts("read", "write"), rest.starts("read", "only"), rest[0].is("write", "only"):
			i++
		case rest.starts("isolation", "level") && len(rest) > 2 && rest[2].is("serializable", "repeatable", "read", "snapshot"):
			i += 3
			if i < len(s) && s[i].is("read", "committed", "uncommitted") {
				i++
			}
		default:
			return nil, syntax(rest[0].text)
		}
	}
	sql := "BEGIN ISOLATION LEVEL REPEATABLE READ"
	if s.find(0, "only") >= 0 {
		sql += " READ ONLY"
	}
	return &command{tag: tag, local: func(s *session, _ []argument, to emit) error {
		switch {
		case s.pg.state == 'E':
			return aborted()
		case s.implicit:
			s.implicit = false // what came before in the same message belongs to it
			return nil
		case s.pg.state == 'T':
			to(warning(codeActive, "there is already a transaction in progress"))
			return nil
		}
		return s.pg.query(sql, nowhere)
	}}, nil
}

func commit(s statement) (*command, error) {
	if len(s) > 1 && !(len(s) == 2 && s[1].is("work", "transaction")) {
		return nil, syntax(s[1].text)
	}
	return &command{local: func(s *session, _ []argument, to emit) error {
		if s.pg.state == 'I' || s.implicit {
			to(warning("25P01", "there is no transaction in progress"))
		}
		if s.pg.state == 'I' {
			to(complete("COMMIT"))
			return nil
		}
		s.implicit = false
		tag := "COMMIT"
		if s.pg.state == 'E' {
			tag = "ROLLBACK"
		}
		if err := s.commit(); err != nil {
			return err
		}
		to(complete(tag))
		return nil
	}}, nil
}

func rollback(s statement) (*command, error) {
	if len(s) > 1 && !(len(s) == 2 && s[1].is("work", "transaction")) {
		return unsupported(s) // ROLLBACK TO SAVEPOINT
	}
	return &command{tag: "ROLLBACK", local: func(s *session, _ []argument, to emit) error {
		if s.pg.state == 'I' {
			to(warning("25P01", "there is no transaction in progress"))
			return nil
		}
		s.implicit = false
		return s.pg.query("ROLLBACK", nowhere)
	}}, nil
}

// truncate commits what came before and itself, and can't be taken back.
func truncate(s statement) (*command, error) {
	i := 1
	if s.starts("truncate", "table") {
		i = 2
	}
	t, end, err := referenceAt(s, i)
	if err != nil {
		return nil, err
	}
	if end < len(s) { // several tables, CASCADE, RESTART IDENTITY
		return nil, syntax(s[end].text)
	}
	return &command{tag: "TRUNCATE", local: func(s *session, _ []argument, to emit) error {
		if s.pg.state == 'E' {
			return aborted()
		}
		if s.pg.state == 'I' {
			if err := s.pg.query("BEGIN", nowhere); err != nil {
				return err
			}
		}
		s.implicit = false
		if err := s.pg.query("TRUNCATE TABLE "+t.String(), nowhere); err != nil {
			return err
		}
		return s.commit()
	}}, nil
}

// settings are the configuration parameters that Redshift has. Those that
// PostgreSQL doesn't have are remembered and change nothing, but for
// enable_case_sensitive_identifier, which the stand-in refuses to turn on.
func settings() []string {
	return []string{
		"analyze_threshold_percent", "application_name", "auto_mv", "cast_super_null_on_error", "client_encoding", "datestyle",
		"default_geometry_encoding", "describe_field_name_in_uppercase", "downcase_delimited_identifier", "enable_case_sensitive_identifier",
		"enable_case_sensitive_super_attribute", "enable_large_strings_opt_in", "enable_numeric_rounding", "enable_result_cache_for_session",
		"enable_vacuum_boost", "error_on_nondeterministic_update", "extra_float_digits", "json_serialization_enable",
		"json_serialization_parse_nested_strings", "max_concurrency_scaling_clusters", "max_cursor_result_set_size", "mv_enable_aqmv_for_session",
		"navigate_super_null_on_error", "parse_super_null_on_error", "query_group", "search_path", "seed", "session_authorization",
		"spectrum_query_maxerror", "statement_timeout", "stored_proc_log_min_messages", "timezone", "transaction_snapshot_begin", "wlm_query_slot_count",
	}
}

// shared are the settings that PostgreSQL has too.
func shared() []string {
	return []string{"application_name", "client_encoding", "datestyle", "extra_float_digits", "search_path", "statement_timeout", "timezone", "seed"}
}

// set reads SET and RESET.
func set(s statement) (*command, error) {
	if s.starts("set", "transaction") || s.starts("set", "session", "characteristics") {
		return &command{tag: "SET", local: done}, nil
	}
	if s.starts("set", "constraints") {
		return unsupported(s)
	}
	i := 1
	if len(s) > 2 && s[1].is("session", "local") && s[2].named() {
		i = 2
	}
	if i >= len(s) || !s[i].named() {
		return nil, syntax(at(s, i))
	}
	name := s[i].name()
	if s.starts("set", "time", "zone") {
		name = "timezone"
	}
	if !slices.Contains(settings(), name) {
		return nil, failed(codeNoObject, `unrecognized configuration parameter "%s"`, name)
	}
	value := ""
	if i+2 <= len(s) && s[0].is("set") {
		value = strings.Trim(s[min(i+2, len(s)):].String(), "'\"")
	}
	switch {
	case name == "search_path" && s[0].is("set") && value != "default":
		// The stand-in's own functions stay reachable, behind all others.
		path := s.String()
		if s[len(s)-1].kind == text {
			path = s[:len(s)-1].String() + " " + s[len(s)-1].value()
		}
		return &command{sql: path + ", " + ownSchema}, nil
	case slices.Contains(shared(), name):
		return &command{sql: s.String()}, nil
	case name == "enable_case_sensitive_identifier" && (strings.EqualFold(value, "true") || strings.EqualFold(value, "on")):
		return nil, cannot("names that keep their case")
	case s[0].is("reset"), value == "default":
		return &command{sql: "RESET " + ownSchema + "." + name}, nil
	}
	return &command{sql: "SET " + ownSchema + "." + name + " = " + literal(value)}, nil
}

// show answers for the settings that PostgreSQL hasn't heard of.
func show(s statement) (*command, error) {
	name := strings.ToLower(s[1:].String())
	if slices.Contains(shared(), name) || !slices.Contains(settings(), name) {
		return &command{sql: s.String()}, nil
	}
	sql := "SELECT coalesce(current_setting(" + literal(ownSchema+"."+name) + ", true), 'default')::varchar AS " + quote(name)
	return &command{sql: sql, tag: "SHOW"}, nil
}

func complete(tag string) *pgproto3.CommandComplete {
	return &pgproto3.CommandComplete{CommandTag: []byte(tag)}
}

func warning(code, text string) *pgproto3.NoticeResponse {
	return &pgproto3.NoticeResponse{Severity: "WARNING", Code: code, Message: text}
}

func info(text string) *pgproto3.NoticeResponse {
	return &pgproto3.NoticeResponse{Severity: "INFO", Code: "00000", Message: text}
}

func aborted() error {
	return failed(codeAborted, "current transaction is aborted, commands ignored until end of transaction block")
}

// retag tells the client another tag than PostgreSQL's.
func retag(to emit, tag string) emit {
	if tag == "" {
		return to
	}
	return func(msg pgproto3.BackendMessage) {
		if _, ok := msg.(*pgproto3.CommandComplete); ok {
			msg = complete(tag)
		}
		to(msg)
	}
}
