-- How BigQuery reads this lake: each table as it is in `salesforce_lake`, and a view of its live rows in
-- `salesforce_live`.
-- Replace, before you execute it:
--   YOUR_REGION: the AWS region that the lake is in
--   YOUR_PROJECT: the project of Google Cloud
--   YOUR_CONNECTION: a connection to AWS in location aws-YOUR_REGION, whose role has the rights glue:GetDatabase,
--     GetDatabases, GetTable, GetTables and GetPartitions on database salesforce, and s3:GetObject and ListBucket
--     on s3://acme-lake/crm
-- Good to know:
--   Numbers are decimal(38, s): BigQuery makes NUMERIC or BIGNUMERIC of them, by their scale.
--   Datasets can't be moved: all of it has to be in one location.
--   The lake wasn't asked: views have the columns that the flows have now. A column of a field that is gone, or was
--     of another type, is in the table alone. Print and execute this again once fields came, went, or took another
--     type.
--   Nobody but Catchment may write to these tables; who does stops their flows.

CREATE EXTERNAL SCHEMA IF NOT EXISTS `salesforce_lake`
WITH CONNECTION `YOUR_PROJECT`.`aws-YOUR_REGION`.`YOUR_CONNECTION`
OPTIONS (external_source = 'aws-glue://arn:aws:glue:YOUR_REGION:444455556666:database/salesforce',
  location = 'aws-YOUR_REGION');

CREATE SCHEMA IF NOT EXISTS `salesforce_live`
OPTIONS (location = 'aws-YOUR_REGION');

-- Account: its flow says deletes: flag. The rows of deleted records stay in the table, and aren't live.
CREATE OR REPLACE VIEW `salesforce_live`.`account` AS
SELECT
  `a_text`,
  `a_bool`,
  `a_int`,
  `a_long`,
  `a_decimal`,
  `a_date`,
  `a_time`,
  `a_timestamp`,
  `notes__c`,
  `billingaddress`,
  `_catchment_read_at`,
  `_catchment_at`,
  `_catchment_synced_at`,
  `_catchment_rejected_at`
FROM `salesforce_lake`.`account`
WHERE `_catchment_deleted_at` IS NULL;

-- Order: its flow says deletes: remove. The rows of deleted records are gone from the table; those that an archive
-- took out of Salesforce stay, and aren't live.
CREATE OR REPLACE VIEW `salesforce_live`.`order` AS
SELECT
  `id`,
  `group`,
  `_catchment_read_at`,
  `_catchment_at`,
  `_catchment_synced_at`,
  `_catchment_rejected_at`
FROM `salesforce_lake`.`order`
WHERE `_catchment_deleted_at` IS NULL;

-- User: its flow says deletes: ignore. Rows of records that were deleted are in the view: nothing tells them from
-- others.
CREATE OR REPLACE VIEW `salesforce_live`.`user` AS
SELECT
  `id`,
  `group`,
  `_catchment_read_at`,
  `_catchment_at`,
  `_catchment_synced_at`,
  `_catchment_rejected_at`
FROM `salesforce_lake`.`user`
WHERE `_catchment_deleted_at` IS NULL;
