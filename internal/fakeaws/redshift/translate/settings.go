package translate

import (
	"slices"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
)

// settings are the configuration parameters that Redshift has. Those that
// PostgreSQL doesn't have are remembered and change nothing, but for
// enable_case_sensitive_identifier, which the stand-in refuses to turn on.
func settings() []string {
	return []string{
		"analyze_threshold_percent", "application_name", "auto_mv", "cast_super_null_on_error", "client_encoding",
		"datestyle", "default_geometry_encoding", "describe_field_name_in_uppercase", "downcase_delimited_identifier",
		"enable_case_sensitive_identifier", "enable_case_sensitive_super_attribute", "enable_large_strings_opt_in",
		"enable_numeric_rounding", "enable_result_cache_for_session", "enable_vacuum_boost",
		"error_on_nondeterministic_update", "extra_float_digits", "json_serialization_enable",
		"json_serialization_parse_nested_strings", "max_concurrency_scaling_clusters", "max_cursor_result_set_size",
		"mv_enable_aqmv_for_session", "navigate_super_null_on_error", "parse_super_null_on_error", "query_group",
		"search_path", "seed", "session_authorization", "spectrum_query_maxerror", "statement_timeout",
		"stored_proc_log_min_messages", "timezone", "transaction_snapshot_begin", "wlm_query_slot_count",
	}
}

// shared are the settings that PostgreSQL has too.
func shared() []string {
	return []string{"application_name", "client_encoding", "datestyle", "extra_float_digits", "search_path",
		"statement_timeout", "timezone", "seed"}
}

// set reads SET and RESET.
func set(s lex.Statement) (*Command, error) {
	if s.Starts("set", "transaction") || s.Starts("set", "session", "characteristics") {
		return &Command{Tag: "SET"}, nil
	}
	if s.Starts("set", "constraints") {
		return unsupported(s)
	}
	i := 1
	if len(s) > 2 && s[1].Is("session", "local") && s[2].Named() {
		i = 2
	}
	if i >= len(s) || !s[i].Named() {
		return nil, failure.Near(s.At(i))
	}
	name := s[i].Name()
	if s.Starts("set", "time", "zone") {
		name = "timezone"
	}
	if !slices.Contains(settings(), name) {
		return nil, failure.New(failure.NoObject, `unrecognized configuration parameter "%s"`, name)
	}
	value := ""
	if i+2 <= len(s) && s[0].Is("set") {
		value = strings.Trim(s[min(i+2, len(s)):].String(), "'\"")
	}
	switch {
	case name == "search_path" && s[0].Is("set") && value != "default":
		// The stand-in's own functions stay reachable, behind all others.
		path := s.String()
		if s[len(s)-1].Kind == lex.Text {
			path = s[:len(s)-1].String() + " " + s[len(s)-1].Value()
		}
		return &Command{SQL: path + ", " + Schema}, nil
	case slices.Contains(shared(), name):
		return &Command{SQL: s.String()}, nil
	case name == "enable_case_sensitive_identifier" &&
		(strings.EqualFold(value, "true") || strings.EqualFold(value, "on")):
		return nil, failure.Cannot("names that keep their case")
	case s[0].Is("reset"), value == "default":
		return &Command{SQL: "RESET " + Schema + "." + name}, nil
	}
	return &Command{SQL: "SET " + Schema + "." + name + " = " + lex.Literal(value)}, nil
}

// show answers for the settings that PostgreSQL hasn't heard of.
func show(s lex.Statement) (*Command, error) {
	name := strings.ToLower(s[1:].String())
	if slices.Contains(shared(), name) || !slices.Contains(settings(), name) {
		return &Command{SQL: s.String()}, nil
	}
	sql := "SELECT coalesce(current_setting(" + lex.Literal(Schema+"."+name) + ", true), 'default')::varchar AS " +
		lex.Quote(name)
	return &Command{SQL: sql, Tag: "SHOW"}, nil
}
