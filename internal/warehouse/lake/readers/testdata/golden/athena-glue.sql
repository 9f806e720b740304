-- How Athena reads this lake: each table as it is in "salesforce", and a view of its live rows in
-- "salesforce_live".
-- Good to know:
--   Athena takes one statement at a time.
--   Moments are in UTC, and without a zone: a view in Glue's catalog has no type that says one.
--   The lake wasn't asked: views have the columns that the flows have now. A column of a field that is gone, or was
--     of another type, is in the table alone. Print and execute this again once fields came, went, or took another
--     type.
--   Nobody but Catchment may write to these tables; who does stops their flows.

CREATE DATABASE IF NOT EXISTS `salesforce_live`;

-- Account: its flow says deletes: flag. The rows of deleted records stay in the table, and aren't live.
-- Left out, since Athena lists no type for it (a time of day): a_time
CREATE OR REPLACE VIEW "salesforce_live"."account" AS
SELECT
  "a_text",
  "a_bool",
  "a_int",
  "a_long",
  "a_decimal",
  "a_date",
  CAST("a_timestamp" AS timestamp(6)) AS "a_timestamp",
  "notes__c",
  "billingaddress",
  CAST("_catchment_read_at" AS timestamp(6)) AS "_catchment_read_at",
  CAST("_catchment_at" AS timestamp(6)) AS "_catchment_at",
  CAST("_catchment_synced_at" AS timestamp(6)) AS "_catchment_synced_at",
  CAST("_catchment_rejected_at" AS timestamp(6)) AS "_catchment_rejected_at"
FROM "salesforce"."account"
WHERE "_catchment_deleted_at" IS NULL;

-- Order: its flow says deletes: remove. The rows of deleted records are gone from the table; those that an archive
-- took out of Salesforce stay, and aren't live.
CREATE OR REPLACE VIEW "salesforce_live"."order" AS
SELECT
  "id",
  "group",
  CAST("_catchment_read_at" AS timestamp(6)) AS "_catchment_read_at",
  CAST("_catchment_at" AS timestamp(6)) AS "_catchment_at",
  CAST("_catchment_synced_at" AS timestamp(6)) AS "_catchment_synced_at",
  CAST("_catchment_rejected_at" AS timestamp(6)) AS "_catchment_rejected_at"
FROM "salesforce"."order"
WHERE "_catchment_deleted_at" IS NULL;

-- User: its flow says deletes: ignore. Rows of records that were deleted are in the view: nothing tells them from
-- others.
CREATE OR REPLACE VIEW "salesforce_live"."user" AS
SELECT
  "id",
  "group",
  CAST("_catchment_read_at" AS timestamp(6)) AS "_catchment_read_at",
  CAST("_catchment_at" AS timestamp(6)) AS "_catchment_at",
  CAST("_catchment_synced_at" AS timestamp(6)) AS "_catchment_synced_at",
  CAST("_catchment_rejected_at" AS timestamp(6)) AS "_catchment_rejected_at"
FROM "salesforce"."user"
WHERE "_catchment_deleted_at" IS NULL;
