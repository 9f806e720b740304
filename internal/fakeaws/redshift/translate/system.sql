-- What Redshift has and PostgreSQL lacks. Made once for a database.
CREATE SCHEMA IF NOT EXISTS redshift_standin;
CREATE SEQUENCE IF NOT EXISTS redshift_standin.query_number START 100;

CREATE TABLE IF NOT EXISTS redshift_standin.load_error (
	query INTEGER, table_name TEXT, starttime TIMESTAMP DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'), filename VARCHAR(256), line_number BIGINT,
	colname VARCHAR(127), type VARCHAR(10), col_length VARCHAR(10), position INTEGER, raw_line VARCHAR(1024), raw_field_value VARCHAR(1024),
	err_code INTEGER, err_reason VARCHAR(100));

CREATE OR REPLACE VIEW redshift_standin.stl_load_errors AS
SELECT 100 AS userid, 0 AS slice, coalesce(to_regclass(table_name)::oid::integer, 0) AS tbl, starttime, 1 AS session, query, filename, line_number,
	colname, type, col_length, position, raw_line, raw_field_value, err_code, err_reason, 0 AS is_partial, 0::bigint AS start_offset
FROM redshift_standin.load_error;

CREATE OR REPLACE VIEW redshift_standin.sys_load_error_detail AS
SELECT 100 AS user_id, query::bigint AS query_id, 0::bigint AS transaction_id, 1 AS session_id, current_database()::varchar AS database_name,
	coalesce(to_regclass(table_name)::oid::integer, 0) AS table_id, starttime AS start_time, filename AS file_name, line_number, colname AS column_name,
	type AS column_type, col_length AS column_length, position, err_code AS error_code, err_reason AS error_message
FROM redshift_standin.load_error;

-- Roles are PostgreSQL's. GRANT names them by GRANT ... TO ROLE name.
CREATE OR REPLACE VIEW redshift_standin.svv_relation_privileges AS
SELECT n.nspname::varchar(128) AS namespace_name, t.relname::varchar(128) AS relation_name, a.privilege_type::varchar(20) AS privilege_type,
	a.grantee::integer AS identity_id, coalesce(r.rolname, 'public')::varchar(128) AS identity_name,
	(CASE WHEN r.oid IS NULL THEN 'public' WHEN r.rolcanlogin THEN 'user' ELSE 'role' END)::varchar(20) AS identity_type,
	a.is_grantable AS admin_option
FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace CROSS JOIN LATERAL aclexplode(t.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee;

CREATE OR REPLACE FUNCTION redshift_standin.pg_last_copy_count() RETURNS BIGINT LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('redshift_standin.last_copy_count', true), ''), '0')::bigint $$;
CREATE OR REPLACE FUNCTION redshift_standin.pg_last_copy_id() RETURNS INTEGER LANGUAGE sql STABLE AS
$$ SELECT coalesce(nullif(current_setting('redshift_standin.last_copy_id', true), ''), '-1')::integer $$;

-- Moments: GETDATE is the statement's, SYSDATE the transaction's. Both are UTC without saying so.
CREATE OR REPLACE FUNCTION redshift_standin.getdate() RETURNS TIMESTAMP LANGUAGE sql STABLE AS
$$ SELECT date_trunc('second', statement_timestamp() AT TIME ZONE 'UTC') $$;
CREATE OR REPLACE FUNCTION redshift_standin.sysdate() RETURNS TIMESTAMP LANGUAGE sql STABLE AS
$$ SELECT transaction_timestamp() AT TIME ZONE 'UTC' $$;

CREATE OR REPLACE FUNCTION redshift_standin.unit(part TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$ SELECT CASE lower(part)
	WHEN 'y' THEN 'year' WHEN 'yr' THEN 'year' WHEN 'years' THEN 'year' WHEN 'qtr' THEN 'quarter' WHEN 'quarters' THEN 'quarter'
	WHEN 'mon' THEN 'month' WHEN 'mons' THEN 'month' WHEN 'months' THEN 'month' WHEN 'w' THEN 'week' WHEN 'weeks' THEN 'week'
	WHEN 'd' THEN 'day' WHEN 'days' THEN 'day' WHEN 'h' THEN 'hour' WHEN 'hr' THEN 'hour' WHEN 'hours' THEN 'hour'
	WHEN 'm' THEN 'minute' WHEN 'min' THEN 'minute' WHEN 'minutes' THEN 'minute' WHEN 's' THEN 'second' WHEN 'sec' THEN 'second' WHEN 'seconds' THEN 'second'
	WHEN 'ms' THEN 'milliseconds' WHEN 'millisecond' THEN 'milliseconds' WHEN 'us' THEN 'microseconds' WHEN 'microsecond' THEN 'microseconds'
	ELSE lower(part) END $$;
CREATE OR REPLACE FUNCTION redshift_standin.dateadd(part TEXT, n BIGINT, at TIMESTAMP) RETURNS TIMESTAMP LANGUAGE sql IMMUTABLE AS
$$ SELECT at + n * CASE redshift_standin.unit(part) WHEN 'quarter' THEN INTERVAL '3 months' ELSE ('1 ' || redshift_standin.unit(part))::interval END $$;
CREATE OR REPLACE FUNCTION redshift_standin.dateadd(part TEXT, n BIGINT, at TIMESTAMPTZ) RETURNS TIMESTAMPTZ LANGUAGE sql STABLE AS
$$ SELECT at + n * CASE redshift_standin.unit(part) WHEN 'quarter' THEN INTERVAL '3 months' ELSE ('1 ' || redshift_standin.unit(part))::interval END $$;

-- DATEDIFF counts the borders between two moments.
CREATE OR REPLACE FUNCTION redshift_standin.datediff(part TEXT, a TIMESTAMP, b TIMESTAMP) RETURNS BIGINT LANGUAGE sql IMMUTABLE AS $$
SELECT CASE redshift_standin.unit(part)
	WHEN 'year' THEN extract(year FROM b) - extract(year FROM a)
	WHEN 'quarter' THEN (extract(year FROM b) - extract(year FROM a)) * 4 + extract(quarter FROM b) - extract(quarter FROM a)
	WHEN 'month' THEN (extract(year FROM b) - extract(year FROM a)) * 12 + extract(month FROM b) - extract(month FROM a)
	WHEN 'week' THEN (date_trunc('week', b)::date - date_trunc('week', a)::date) / 7
	WHEN 'day' THEN b::date - a::date
	WHEN 'hour' THEN extract(epoch FROM date_trunc('hour', b) - date_trunc('hour', a)) / 3600
	WHEN 'minute' THEN extract(epoch FROM date_trunc('minute', b) - date_trunc('minute', a)) / 60
	WHEN 'milliseconds' THEN floor(extract(epoch FROM b) * 1000) - floor(extract(epoch FROM a) * 1000)
	WHEN 'microseconds' THEN floor(extract(epoch FROM b) * 1000000) - floor(extract(epoch FROM a) * 1000000)
	ELSE extract(epoch FROM date_trunc('second', b) - date_trunc('second', a)) END::bigint $$;

CREATE OR REPLACE FUNCTION redshift_standin.json_parse(t TEXT) RETURNS JSONB LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT t::jsonb $$;
CREATE OR REPLACE FUNCTION redshift_standin.json_serialize(s JSONB) RETURNS VARCHAR LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT s::text::varchar $$;
CREATE OR REPLACE FUNCTION redshift_standin.can_json_parse(t TEXT) RETURNS BOOLEAN LANGUAGE plpgsql IMMUTABLE STRICT AS
$$ BEGIN PERFORM t::jsonb; RETURN true; EXCEPTION WHEN OTHERS THEN RETURN false; END $$;
CREATE OR REPLACE FUNCTION redshift_standin.json_extract_path_text(t TEXT, VARIADIC path TEXT[]) RETURNS VARCHAR LANGUAGE sql IMMUTABLE AS
$$ SELECT coalesce(t::jsonb #>> path, '')::varchar $$;
CREATE OR REPLACE FUNCTION redshift_standin.len(t TEXT) RETURNS INTEGER LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT length(t) $$;
CREATE OR REPLACE FUNCTION redshift_standin.charindex(part TEXT, t TEXT) RETURNS INTEGER LANGUAGE sql IMMUTABLE STRICT AS $$ SELECT strpos(t, part) $$;
CREATE OR REPLACE FUNCTION redshift_standin.sha2(t TEXT, bits INTEGER) RETURNS VARCHAR LANGUAGE sql IMMUTABLE STRICT AS
$$ SELECT encode(CASE bits WHEN 224 THEN sha224(convert_to(t, 'UTF8')) WHEN 384 THEN sha384(convert_to(t, 'UTF8')) WHEN 512 THEN sha512(convert_to(t, 'UTF8'))
	ELSE sha256(convert_to(t, 'UTF8')) END, 'hex')::varchar $$;

-- INFORMATION_SCHEMA.COLUMNS, in which SUPER is what jsonb is called. PostgreSQL's own view, of which this one says the
-- same, joins twice as many tables: it takes PostgreSQL longer to plan a query of it than to do anything else here.
CREATE OR REPLACE VIEW redshift_standin.columns AS
SELECT table_catalog, table_schema, table_name, column_name, ordinal_position, column_default, is_nullable,
	CASE WHEN data_type = 'jsonb' THEN 'super' ELSE data_type::varchar END AS data_type,
	information_schema._pg_char_max_length(type, modifier)::information_schema.cardinal_number AS character_maximum_length,
	information_schema._pg_char_octet_length(type, modifier)::information_schema.cardinal_number AS character_octet_length,
	information_schema._pg_numeric_precision(type, modifier)::information_schema.cardinal_number AS numeric_precision,
	information_schema._pg_numeric_precision_radix(type, modifier)::information_schema.cardinal_number AS numeric_precision_radix,
	information_schema._pg_numeric_scale(type, modifier)::information_schema.cardinal_number AS numeric_scale,
	information_schema._pg_datetime_precision(type, modifier)::information_schema.cardinal_number AS datetime_precision
FROM (
	SELECT current_database()::information_schema.sql_identifier AS table_catalog,
		n.nspname::information_schema.sql_identifier AS table_schema,
		c.relname::information_schema.sql_identifier AS table_name,
		a.attname::information_schema.sql_identifier AS column_name,
		a.attnum::information_schema.cardinal_number AS ordinal_position,
		(CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END)::information_schema.character_data AS column_default,
		(CASE WHEN a.attnotnull OR t.typtype = 'd' AND t.typnotnull THEN 'NO' ELSE 'YES' END)::information_schema.yes_or_no AS is_nullable,
		(CASE WHEN coalesce(b.typelem, t.typelem) <> 0 AND coalesce(b.typlen, t.typlen) = -1 THEN 'ARRAY'
			WHEN coalesce(b.typnamespace, t.typnamespace) = 'pg_catalog'::regnamespace THEN format_type(coalesce(b.oid, t.oid), NULL)
			ELSE 'USER-DEFINED' END)::information_schema.character_data AS data_type,
		CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE a.atttypid END AS type,
		CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier
	FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		JOIN pg_type t ON t.oid = a.atttypid
		LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
		LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'f', 'p') AND NOT pg_is_other_temp_schema(n.oid)
		AND (pg_has_role(c.relowner, 'USAGE') OR has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'))
) AS every_column;
