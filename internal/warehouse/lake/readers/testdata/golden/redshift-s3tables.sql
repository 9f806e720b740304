-- How Redshift reads this lake: each table as it is in "salesforce_lake", and a view of its live rows in
-- "salesforce_live".
-- Replace, before you execute it:
--   YOUR_LINK: a resource link of the account's own catalog to namespace salesforce of table bucket crm, made in
--     Lake Formation
--   YOUR_ROLE: a role that Redshift has and may take, which Lake Formation lets DESCRIBE and SELECT there
-- Good to know:
--   Redshift has to be in the region of the files.
--   Who is to read needs USAGE on both schemas, and SELECT on the views.
--   Where a column came or went, Redshift may refuse to replace a view: drop it first, and grant it anew.
--   The lake wasn't asked: views have the columns that the flows have now. A column of a field that is gone, or was
--     of another type, is in the table alone. Print and execute this again once fields came, went, or took another
--     type.
--   Nobody but Catchment may write to these tables; who does stops their flows.

CREATE EXTERNAL SCHEMA IF NOT EXISTS "salesforce_lake"
FROM DATA CATALOG DATABASE 'YOUR_LINK'
REGION 'eu-west-1'
IAM_ROLE 'arn:aws:iam::111122223333:role/YOUR_ROLE'
CATALOG_ID '111122223333';

CREATE SCHEMA IF NOT EXISTS "salesforce_live";

-- Account: its flow says deletes: flag. The rows of deleted records stay in the table, and aren't live.
-- Left out, since Redshift knows no such column of Iceberg (a time of day): a_time
-- Read up to 16,384 bytes, and cut off there where they are longer: notes__c, billingaddress
CREATE OR REPLACE VIEW "salesforce_live"."account" AS
SELECT
  "a_text",
  "a_bool",
  "a_int",
  "a_long",
  "a_decimal",
  "a_date",
  "a_timestamp",
  "notes__c",
  "billingaddress",
  "_catchment_read_at",
  "_catchment_at",
  "_catchment_synced_at",
  "_catchment_rejected_at"
FROM "salesforce_lake"."account"
WHERE "_catchment_deleted_at" IS NULL
WITH NO SCHEMA BINDING;

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
FROM "salesforce_lake"."order"
WHERE "_catchment_deleted_at" IS NULL
WITH NO SCHEMA BINDING;

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
FROM "salesforce_lake"."user"
WHERE "_catchment_deleted_at" IS NULL
WITH NO SCHEMA BINDING;
