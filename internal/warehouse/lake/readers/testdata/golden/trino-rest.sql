-- How Trino reads this lake: each table as it is in "salesforce_lake"."Salesforce", and a view of its live rows in
-- "salesforce_lake"."salesforce_live".
-- Replace, before you execute it:
--   YOUR_REGION: the AWS region that the files are in
--   YOUR_CLIENT_ID: the id of a client that the catalog knows, which may only read
--   YOUR_CLIENT_SECRET: its secret
-- Good to know:
--   Where the catalog takes no views, make them in another one of Trino's.
--   CREATE CATALOG needs catalog.management=dynamic. Without it the same lines go into etc/catalog/NAME.properties,
--     with connector.name=iceberg.
--   Older releases, 475 among them, call fs.s3.enabled fs.native-s3.enabled.
--   The lake wasn't asked: views have the columns that the flows have now. A column of a field that is gone, or was
--     of another type, is in the table alone. Print and execute this again once fields came, went, or took another
--     type.
--   Nobody but Catchment may write to these tables; who does stops their flows.

CREATE CATALOG IF NOT EXISTS "salesforce_lake" USING iceberg
WITH ("iceberg.catalog.type" = 'rest',
  "iceberg.rest-catalog.uri" = 'https://polaris.example.com/api/catalog',
  "iceberg.rest-catalog.warehouse" = 'o''brien\crm',
  "iceberg.rest-catalog.security" = 'OAUTH2',
  "iceberg.rest-catalog.oauth2.credential" = 'YOUR_CLIENT_ID:YOUR_CLIENT_SECRET',
  "iceberg.rest-catalog.oauth2.scope" = 'PRINCIPAL_ROLE:reader',
  "iceberg.rest-catalog.oauth2.server-uri" = 'https://login.example.com/token',
  "iceberg.rest-catalog.case-insensitive-name-matching" = 'true',
  "fs.s3.enabled" = 'true',
  "s3.region" = 'YOUR_REGION');

CREATE SCHEMA IF NOT EXISTS "salesforce_lake"."salesforce_live";

-- Account: its flow says deletes: flag. The rows of deleted records stay in the table, and aren't live.
CREATE OR REPLACE VIEW "salesforce_lake"."salesforce_live"."account" AS
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
FROM "salesforce_lake"."Salesforce"."account"
WHERE "_catchment_deleted_at" IS NULL;

-- Order: its flow says deletes: remove. The rows of deleted records are gone from the table; those that an archive
-- took out of Salesforce stay, and aren't live.
CREATE OR REPLACE VIEW "salesforce_lake"."salesforce_live"."order" AS
SELECT
  "id",
  "group",
  "_catchment_read_at",
  "_catchment_at",
  "_catchment_synced_at",
  "_catchment_rejected_at"
FROM "salesforce_lake"."Salesforce"."order"
WHERE "_catchment_deleted_at" IS NULL;

-- User: its flow says deletes: ignore. Rows of records that were deleted are in the view: nothing tells them from
-- others.
CREATE OR REPLACE VIEW "salesforce_lake"."salesforce_live"."user" AS
SELECT
  "id",
  "group",
  "_catchment_read_at",
  "_catchment_at",
  "_catchment_synced_at",
  "_catchment_rejected_at"
FROM "salesforce_lake"."Salesforce"."user"
WHERE "_catchment_deleted_at" IS NULL;
