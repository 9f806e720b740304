-- How Snowflake reads this lake: each table as it is in "SALESFORCE_LAKE"."Salesforce", and a view of its live rows
-- in "SALESFORCE_LIVE".
-- Replace, before you execute it:
--   YOUR_ACCOUNT: the number of the AWS account that the lake is in
--   s3://YOUR_LAKE: where in S3 the files of the tables are: a bucket, and a prefix if there is one
--   YOUR_TOKEN: one that the catalog knows, of somebody who may only read
--   YOUR_ROLE: a role that Snowflake may take, with the rights s3:GetObject and ListBucket on s3://YOUR_LAKE
-- Good to know:
--   DESC EXTERNAL VOLUME says whom the role has to trust, for the files.
--   The linked database only reads. One that may write would take what is dropped there out of the lake, too.
--   Views have names in capitals, which need no quotes; in the linked database names are in small letters.
--   Grant USAGE on the databases and schemas, and SELECT on the views, to who is to read.
--   The lake wasn't asked: views have the columns that the flows have now. A column of a field that is gone, or was
--     of another type, is in the table alone. Print and execute this again once fields came, went, or took another
--     type.
--   Nobody but Catchment may write to these tables; who does stops their flows.

CREATE EXTERNAL VOLUME IF NOT EXISTS "SALESFORCE_LAKE"
STORAGE_LOCATIONS = ((NAME = 'lake'
  STORAGE_PROVIDER = 'S3'
  STORAGE_BASE_URL = 's3://YOUR_LAKE/'
  STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::YOUR_ACCOUNT:role/YOUR_ROLE'))
ALLOW_WRITES = FALSE;

CREATE CATALOG INTEGRATION IF NOT EXISTS "SALESFORCE_LAKE"
CATALOG_SOURCE = ICEBERG_REST
TABLE_FORMAT = ICEBERG
CATALOG_NAMESPACE = 'Salesforce'
REST_CONFIG = (CATALOG_URI = 'http://localhost:8181/catalog')
REST_AUTHENTICATION = (TYPE = BEARER
  BEARER_TOKEN = 'YOUR_TOKEN')
ENABLED = TRUE;

CREATE DATABASE IF NOT EXISTS "SALESFORCE_LAKE"
LINKED_CATALOG = (CATALOG = 'SALESFORCE_LAKE',
  ALLOWED_NAMESPACES = ('Salesforce'),
  ALLOWED_WRITE_OPERATIONS = NONE)
EXTERNAL_VOLUME = 'SALESFORCE_LAKE'
CATALOG_CASE_SENSITIVITY = CASE_SENSITIVE;

CREATE SCHEMA IF NOT EXISTS "SALESFORCE_LIVE";

-- Account: its flow says deletes: flag. The rows of deleted records stay in the table, and aren't live.
CREATE OR REPLACE VIEW "SALESFORCE_LIVE"."ACCOUNT" AS
SELECT
  "a_text" AS "A_TEXT",
  "a_bool" AS "A_BOOL",
  "a_int" AS "A_INT",
  "a_long" AS "A_LONG",
  "a_decimal" AS "A_DECIMAL",
  "a_date" AS "A_DATE",
  "a_time" AS "A_TIME",
  "a_timestamp" AS "A_TIMESTAMP",
  "notes__c" AS "NOTES__C",
  "billingaddress" AS "BILLINGADDRESS",
  "_catchment_read_at" AS "_CATCHMENT_READ_AT",
  "_catchment_at" AS "_CATCHMENT_AT",
  "_catchment_synced_at" AS "_CATCHMENT_SYNCED_AT",
  "_catchment_rejected_at" AS "_CATCHMENT_REJECTED_AT"
FROM "SALESFORCE_LAKE"."Salesforce"."account"
WHERE "_catchment_deleted_at" IS NULL;

-- Order: its flow says deletes: remove. The rows of deleted records are gone from the table; those that an archive
-- took out of Salesforce stay, and aren't live.
CREATE OR REPLACE VIEW "SALESFORCE_LIVE"."ORDER" AS
SELECT
  "id" AS "ID",
  "group" AS "GROUP",
  "_catchment_read_at" AS "_CATCHMENT_READ_AT",
  "_catchment_at" AS "_CATCHMENT_AT",
  "_catchment_synced_at" AS "_CATCHMENT_SYNCED_AT",
  "_catchment_rejected_at" AS "_CATCHMENT_REJECTED_AT"
FROM "SALESFORCE_LAKE"."Salesforce"."order"
WHERE "_catchment_deleted_at" IS NULL;

-- User: its flow says deletes: ignore. Rows of records that were deleted are in the view: nothing tells them from
-- others.
CREATE OR REPLACE VIEW "SALESFORCE_LIVE"."USER" AS
SELECT
  "id" AS "ID",
  "group" AS "GROUP",
  "_catchment_read_at" AS "_CATCHMENT_READ_AT",
  "_catchment_at" AS "_CATCHMENT_AT",
  "_catchment_synced_at" AS "_CATCHMENT_SYNCED_AT",
  "_catchment_rejected_at" AS "_CATCHMENT_REJECTED_AT"
FROM "SALESFORCE_LAKE"."Salesforce"."user"
WHERE "_catchment_deleted_at" IS NULL;
