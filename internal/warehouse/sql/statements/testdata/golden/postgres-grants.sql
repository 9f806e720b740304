-- asked
SELECT pg_catalog.pg_encoding_to_char(encoding) FROM pg_catalog.pg_database WHERE datname = current_database();
SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = $1;
SELECT n.nspname,
	pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
	pg_catalog.has_schema_privilege(n.oid, 'CREATE'),
	coalesce(CAST(t.relkind AS text), ''),
	coalesce(pg_catalog.pg_has_role(t.relowner, 'USAGE'), false),
	coalesce(pg_catalog.has_table_privilege(t.oid, 'SELECT') AND pg_catalog.has_table_privilege(t.oid, 'INSERT')
		AND pg_catalog.has_table_privilege(t.oid, 'UPDATE') AND pg_catalog.has_table_privilege(t.oid, 'DELETE'), false),
	EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'p')
FROM pg_catalog.pg_namespace n
LEFT JOIN pg_catalog.pg_class t ON t.relnamespace = n.oid AND t.relname = $3
WHERE n.nspname IN ($1, $2)
ORDER BY 1;
WITH RECURSIVE ours (role) AS (
	SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
	UNION
	SELECT m.roleid FROM ours JOIN pg_catalog.pg_auth_members m ON m.member = ours.role
), trusted (role) AS (
	SELECT role FROM ours
	UNION
	SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper OR r.rolname = 'pg_database_owner'
	UNION
	SELECT d.datdba FROM pg_catalog.pg_database d WHERE d.datname = current_database()
), things (schema_name, name, owner) AS (
	SELECT n.nspname, NULL, n.nspowner FROM pg_catalog.pg_namespace n WHERE n.nspname IN ({schemas})
	UNION ALL
	SELECT n.nspname, c.relname, c.relowner
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname IN ({schemas}) AND c.relname IN ({names}) AND CAST(c.relkind AS text) IN ('r', 'p', 'v', 'm', 'f')
)
SELECT CAST(schema_name AS text), coalesce(CAST(name AS text), ''), CAST(pg_catalog.pg_get_userbyid(owner) AS text)
FROM things
WHERE NOT EXISTS (SELECT 1 FROM trusted WHERE role = owner)
ORDER BY 1, 2;
SELECT count(*)
FROM pg_catalog.pg_class t
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(t.relacl) a
LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
WHERE n.nspname = $1 AND t.relname = $2 AND a.privilege_type = 'SELECT'
	AND (r.rolname = $3 OR a.grantee = 0 AND $3 = 'public');
-- a new role, a new table
GRANT USAGE ON SCHEMA "salesforce" TO "od""d";
GRANT SELECT ON "salesforce"."account" TO "od""d";
GRANT SELECT ON "salesforce"."_catchment_objects" TO "od""d";
GRANT SELECT ON "salesforce"."account" TO "reader";
