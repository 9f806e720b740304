-- How Trino reads this lake: each table as it is in "salesforce_lake"."salesforce", and a view of its live rows in
-- "YOUR_CATALOG"."salesforce_live".
-- Replace, before you execute it:
--   YOUR_CATALOG: a catalog of Trino that takes views, which S3 Tables don't
-- Good to know:
--   CREATE CATALOG needs catalog.management=dynamic. Without it the same lines go into etc/catalog/NAME.properties,
--     with connector.name=iceberg.
--   Older releases, 475 among them, call fs.s3.enabled fs.native-s3.enabled.
--   The lake wasn't asked: views have the columns that the flows have now. A column of a field that is gone, or was
--     of another type, is in the table alone. Print and execute this again once fields came, went, or took another
--     type.
--   Nobody but Catchment may write to these tables; who does stops their flows.

CREATE CATALOG IF NOT EXISTS "salesforce_lake" USING iceberg
WITH ("iceberg.catalog.type" = 'rest',
  "iceberg.rest-catalog.uri" = 'https://s3tables.eu-west-1.amazonaws.com/iceberg',
  "iceberg.rest-catalog.warehouse" = 'arn:aws:s3tables:eu-west-1:111122223333:bucket/crm',
  "iceberg.rest-catalog.security" = 'SIGV4',
  "iceberg.rest-catalog.signing-name" = 's3tables',
  "iceberg.rest-catalog.view-endpoints-enabled" = 'false',
  "fs.s3.enabled" = 'true',
  "s3.region" = 'eu-west-1');

CREATE SCHEMA IF NOT EXISTS "YOUR_CATALOG"."salesforce_live";

-- Account: its flow says deletes: flag. The rows of deleted records stay in the table, and aren't live.
CREATE OR REPLACE VIEW "YOUR_CATALOG"."salesforce_live"."account" AS
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
CREATE OR REPLACE VIEW "YOUR_CATALOG"."salesforce_live"."order" AS
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
CREATE OR REPLACE VIEW "YOUR_CATALOG"."salesforce_live"."user" AS
SELECT
  "id",
  "group",
  "_catchment_read_at",
  "_catchment_at",
  "_catchment_synced_at",
  "_catchment_rejected_at"
FROM "salesforce_lake"."salesforce"."user"
WHERE "_catchment_deleted_at" IS NULL;
