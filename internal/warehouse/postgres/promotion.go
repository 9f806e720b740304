package postgres

import "catchment/internal/warehouse/sql/dialect"

// promotes is how many rows a first page has at least that makes its table one to be promoted:
// for fewer, the changes to the catalog take as long as writing the rows once more.
const promotes = 10_000

// promotion makes a staged table the final one by changes to the catalog alone: a column that is
// dropped stays in the rows, where nobody sees it, and one with a constant default is in none
// of them (PostgreSQL documentation, ALTER TABLE, Notes).
func promotion() *dialect.Promotion {
	return &dialect.Promotion{
		Least:  promotes,
		Stamp:  "{type} GENERATED ALWAYS AS ({version}) STORED",
		Freeze: "ALTER TABLE {table} ALTER COLUMN {column} DROP EXPRESSION",
		Lock:   "LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
		Move:   "ALTER TABLE {table} SET SCHEMA {schema}",
		Others: othersOfPair,
		Rights: sameRights,
	}
}

// othersOfPair counts what a promotion would lose, or would bring along: whatever hangs on one of the
// two tables or on the type of its rows (views, indexes, triggers, policies, functions...), settings of a
// table or a column, comments, rights that somebody else has given. It counts, too, what is in its way: a
// right that this user lacks, and who follows the rows of the database as they are written, since
// they would be seen to come to staging and never to the final table.
const othersOfPair = `WITH pair AS (
	SELECT c.*
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname IN ($1, $2) AND c.relname = $3
), plain AS (
	SELECT 1
	FROM pair
	WHERE relkind = 'r' AND relpersistence = 'p' AND reloptions IS NULL AND reloftype = 0 AND NOT relispartition
		AND NOT relrowsecurity AND NOT relforcerowsecurity AND relreplident = 'd'
		AND relowner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)
		AND pg_catalog.has_schema_privilege(relnamespace, 'CREATE')
	HAVING count(*) = 2 AND count(DISTINCT relam) = 1 AND count(DISTINCT reltablespace) = 1
), others AS (
	SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM plain)
	UNION ALL
	SELECT 1
	FROM pair
	JOIN pg_catalog.pg_depend d ON d.refclassid = CAST('pg_catalog.pg_class' AS REGCLASS) AND d.refobjid = pair.oid
	WHERE d.deptype <> 'i' AND d.classid <> CAST('pg_catalog.pg_attrdef' AS REGCLASS)
		AND NOT (d.classid = d.refclassid AND d.objid = d.refobjid)
	UNION ALL
	SELECT 1
	FROM pair
	JOIN pg_catalog.pg_type t ON t.oid = pair.reltype
	JOIN pg_catalog.pg_depend d ON d.refclassid = CAST('pg_catalog.pg_type' AS REGCLASS)
		AND d.refobjid IN (t.oid, t.typarray)
	WHERE d.deptype <> 'i'
	UNION ALL
	SELECT 1
	FROM pair
	JOIN pg_catalog.pg_attribute a ON a.attrelid = pair.oid AND a.attnum > 0 AND NOT a.attisdropped
	JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
	WHERE a.attacl IS NOT NULL OR a.attoptions IS NOT NULL OR a.attnotnull OR a.attidentity <> ''
		OR a.attcompression <> '' OR coalesce(a.attstattarget, -1) <> -1 OR a.attstorage <> t.typstorage
		OR a.atthasdef AND a.attgenerated = ''
	UNION ALL
	SELECT 1
	FROM pair
	JOIN pg_catalog.pg_description d ON d.classoid = CAST('pg_catalog.pg_class' AS REGCLASS) AND d.objoid = pair.oid
	UNION ALL
	SELECT 1
	FROM pair
	JOIN pg_catalog.pg_seclabel s ON s.classoid = CAST('pg_catalog.pg_class' AS REGCLASS) AND s.objoid = pair.oid
	UNION ALL
	SELECT 1
	FROM pair, pg_catalog.aclexplode(pair.relacl) a
	WHERE a.grantor <> pair.relowner
	UNION ALL
	SELECT 1 FROM pg_catalog.pg_publication WHERE puballtables
	UNION ALL
	SELECT 1
	FROM pair
	JOIN pg_catalog.pg_publication_namespace p ON p.pnnspid = pair.relnamespace
	UNION ALL
	SELECT 1 FROM pg_catalog.pg_replication_slots WHERE slot_type = 'logical' AND database = current_database()
)
SELECT count(*) FROM others`

// sameRights gives the roles that may do something with a table the same rights to another, and
// takes away what others may do with that.
const sameRights = `DO $$
DECLARE
	one RECORD;
BEGIN
	FOR one IN SELECT DISTINCT grantee FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.oid = CAST({to} AS REGCLASS) AND a.grantee <> c.relowner
	LOOP
		EXECUTE 'REVOKE ALL ON ' || {to} || ' FROM ' ||
			CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END;
	END LOOP;
	FOR one IN SELECT privilege_type, grantee, is_grantable FROM pg_class c, aclexplode(c.relacl) a
		WHERE c.oid = CAST({from} AS REGCLASS) AND a.grantee <> c.relowner
	LOOP
		EXECUTE 'GRANT ' || one.privilege_type || ' ON ' || {to} || ' TO ' ||
			CASE WHEN one.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(one.grantee)) END ||
			CASE WHEN one.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END;
	END LOOP;
END $$`
