-- asked
SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = $1;
SELECT count(*) FROM svv_relation_privileges
WHERE namespace_name = $1 AND relation_name = $2 AND privilege_type = 'SELECT'
	AND identity_type = 'role' AND identity_name = $3;
-- a new role, a new table
GRANT USAGE ON SCHEMA "salesforce" TO ROLE "od""d";
GRANT SELECT ON "salesforce"."account" TO ROLE "od""d";
GRANT SELECT ON "salesforce"."_catchment_objects" TO ROLE "od""d";
GRANT SELECT ON "salesforce"."account" TO ROLE "reader";
