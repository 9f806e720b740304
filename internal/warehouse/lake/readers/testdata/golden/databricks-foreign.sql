-- How Databricks reads this lake: each table as it is in `salesforce_lake`.`salesforce`, and a view of its live
-- rows in `YOUR_CATALOG`.`salesforce_live`.
-- Replace, before you execute it:
--   YOUR_REGION: the AWS region that the lake is in
--   YOUR_CREDENTIAL: a service credential of Unity Catalog, whose role has the rights glue:GetDatabase,
--     GetDatabases, GetTable, GetTables and GetPartitions on database salesforce, and s3:GetObject and ListBucket
--     on s3://acme-lake/crm
--   s3://YOUR_UNITY_PLACE: a place of Unity Catalog's own, outside of the lake, for what it knows of Iceberg tables
--   YOUR_CATALOG: a catalog of Unity Catalog, for the views
-- Good to know:
--   An external location has to cover s3://acme-lake/crm; one that is READ ONLY is enough.
--   Grant USE CATALOG, USE SCHEMA and SELECT on the views to who is to read.
--   The lake wasn't asked: views have the columns that the flows have now. A column of a field that is gone, or was
--     of another type, is in the table alone. Print and execute this again once fields came, went, or took another
--     type.
--   Nobody but Catchment may write to these tables; who does stops their flows.

CREATE CONNECTION IF NOT EXISTS `salesforce_lake` TYPE glue
OPTIONS (aws_region 'YOUR_REGION',
  aws_account_id '444455556666',
  credential 'YOUR_CREDENTIAL');

CREATE FOREIGN CATALOG IF NOT EXISTS `salesforce_lake` USING CONNECTION `salesforce_lake`
OPTIONS (authorized_paths 's3://acme-lake/crm',
  storage_root 's3://YOUR_UNITY_PLACE');

CREATE SCHEMA IF NOT EXISTS `YOUR_CATALOG`.`salesforce_live`;

-- Account: its flow says deletes: flag. The rows of deleted records stay in the table, and aren't live.
-- Left out, since Spark reads no time of day; where it refuses the table for its sake, leave the field out of the
-- flow: a_time
CREATE OR REPLACE VIEW `YOUR_CATALOG`.`salesforce_live`.`account` AS
SELECT
  `a_text`,
  `a_bool`,
  `a_int`,
  `a_long`,
  `a_decimal`,
  `a_date`,
  `a_timestamp`,
  `notes__c`,
  `billingaddress`,
  `_catchment_read_at`,
  `_catchment_at`,
  `_catchment_synced_at`,
  `_catchment_rejected_at`
FROM `salesforce_lake`.`salesforce`.`account`
WHERE `_catchment_deleted_at` IS NULL;

-- Order: its flow says deletes: remove. The rows of deleted records are gone from the table; those that an archive
-- took out of Salesforce stay, and aren't live.
CREATE OR REPLACE VIEW `YOUR_CATALOG`.`salesforce_live`.`order` AS
SELECT
  `id`,
  `group`,
  `_catchment_read_at`,
  `_catchment_at`,
  `_catchment_synced_at`,
  `_catchment_rejected_at`
FROM `salesforce_lake`.`salesforce`.`order`
WHERE `_catchment_deleted_at` IS NULL;

-- User: its flow says deletes: ignore. Rows of records that were deleted are in the view: nothing tells them from
-- others.
CREATE OR REPLACE VIEW `YOUR_CATALOG`.`salesforce_live`.`user` AS
SELECT
  `id`,
  `group`,
  `_catchment_read_at`,
  `_catchment_at`,
  `_catchment_synced_at`,
  `_catchment_rejected_at`
FROM `salesforce_lake`.`salesforce`.`user`
WHERE `_catchment_deleted_at` IS NULL;
