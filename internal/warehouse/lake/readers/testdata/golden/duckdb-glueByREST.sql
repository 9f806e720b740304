-- How DuckDB reads this lake: each table as it is in "salesforce_lake"."salesforce", and a view of its live rows in
-- "salesforce_live".
-- Good to know:
--   Who asks needs the rights glue:GetCatalog and glue:GetDatabase, GetDatabases, GetTable, GetTables and
--     GetPartitions on database salesforce, and s3:GetObject and ListBucket on s3://acme-lake/crm.
--   Extension, secret and ATTACH are of a session: execute all but the views in each.
--   The lake wasn't asked: views have the columns that the flows have now. A column of a field that is gone, or was
--     of another type, is in the table alone. Print and execute this again once fields came, went, or took another
--     type.
--   Nobody but Catchment may write to these tables; who does stops their flows.

INSTALL iceberg;

LOAD iceberg;

INSTALL httpfs;

LOAD httpfs;

INSTALL aws;

LOAD aws;

CREATE OR REPLACE SECRET "salesforce_lake" (TYPE s3, PROVIDER credential_chain, REGION 'eu-west-1');

ATTACH IF NOT EXISTS '111122223333' AS "salesforce_lake" (TYPE iceberg, ENDPOINT_TYPE 'glue');

CREATE SCHEMA IF NOT EXISTS "salesforce_live";

-- Account: its flow says deletes: flag. The rows of deleted records stay in the table, and aren't live.
CREATE OR REPLACE VIEW "salesforce_live"."account" AS
SELECT
  "a_text",
  "a_bool",
  "a_int",
  "a_long",
  "a_decimal",
  "a_date",
  "a_time",
  "a_timestamp",
  "notes__c",
  "billingaddress",
  "_catchment_read_at",
  "_catchment_at",
  "_catchment_synced_at",
  "_catchment_rejected_at"
FROM "salesforce_lake"."salesforce"."account"
WHERE "_catchment_deleted_at" IS NULL;

-- Order: its flow says deletes: remove. The rows of deleted records are gone from the table; those that an archive
-- took out of Salesforce stay, and aren't live.
CREATE OR REPLACE VIEW "salesforce_live"."order" AS
SELECT
  "id",
  "group",
  "_catchment_read_at",
  "_catchment_at",
  "_catchment_synced_at",
  "_catchment_rejected_at"
FROM "salesforce_lake"."salesforce"."order"
WHERE "_catchment_deleted_at" IS NULL;

-- User: its flow says deletes: ignore. Rows of records that were deleted are in the view: nothing tells them from
-- others.
CREATE OR REPLACE VIEW "salesforce_live"."user" AS
SELECT
  "id",
  "group",
  "_catchment_read_at",
  "_catchment_at",
  "_catchment_synced_at",
  "_catchment_rejected_at"
FROM "salesforce_lake"."salesforce"."user"
WHERE "_catchment_deleted_at" IS NULL;
