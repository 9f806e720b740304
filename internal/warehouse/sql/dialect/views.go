package dialect

// ViewsByDependency is the Views of a dialect whose catalog writes down what depends
// on what, in pg_depend: views, materialized ones too.
const ViewsByDependency = `SELECT DISTINCT CAST(a.attname AS VARCHAR(128)),
	CAST(s.nspname || '.' || v.relname AS VARCHAR(257))
FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid
JOIN pg_catalog.pg_class v ON v.oid = r.ev_class
JOIN pg_catalog.pg_namespace s ON s.oid = v.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE d.classid = (SELECT c.oid FROM pg_catalog.pg_class c
		JOIN pg_catalog.pg_namespace p ON p.oid = c.relnamespace
		WHERE p.nspname = 'pg_catalog' AND c.relname = 'pg_rewrite')
	AND v.oid <> t.oid AND n.nspname = $1 AND t.relname = $2
ORDER BY 1, 2`
