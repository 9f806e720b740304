-- What a first run would make, in one transaction: to be executed by the user of warehouse.url,
-- who is to own it. It makes nothing where something of it is there already.
BEGIN TRANSACTION;
CREATE SCHEMA IF NOT EXISTS "salesforce";
CREATE SCHEMA IF NOT EXISTS "salesforce_incremental";
CREATE TABLE "salesforce_incremental"."_catchment_version" (version INTEGER);
CREATE TABLE "salesforce_incremental"."_catchment_flow" (flow VARCHAR, table_name VARCHAR, fence BIGINT, org VARCHAR, generation BIGINT, watermark TIMESTAMPTZ, grade VARCHAR, row_count BIGINT, synced_at TIMESTAMPTZ, newest TIMESTAMPTZ, attempt VARCHAR, PRIMARY KEY (flow));
CREATE TABLE "salesforce_incremental"."_catchment_page" (attempt VARCHAR, page VARCHAR, flow VARCHAR, job VARCHAR, op VARCHAR, seq BIGINT, row_count BIGINT, digest VARCHAR, columns VARCHAR, read_at TIMESTAMPTZ);
CREATE TABLE "salesforce_incremental"."_catchment_attempt" (attempt VARCHAR, table_name VARCHAR, policy VARCHAR, pages BIGINT, row_count BIGINT, complete BOOLEAN, absent_reason VARCHAR, override BOOLEAN, generation BIGINT, watermark TIMESTAMPTZ, grade VARCHAR, counted_at TIMESTAMPTZ, PRIMARY KEY (attempt));
CREATE TABLE "salesforce_incremental"."_catchment_call" (called_at TIMESTAMPTZ, table_name VARCHAR, attempts BIGINT, staged BIGINT, inserted BIGINT, updated BIGINT, deleted BIGINT, unchanged BIGINT, waiting BIGINT, problem VARCHAR);
CREATE TABLE "salesforce_incremental"."_catchment_log" (attempt VARCHAR, flow VARCHAR, table_name VARCHAR, staged BIGINT, inserted BIGINT, updated BIGINT, deleted BIGINT, unchanged BIGINT, row_count BIGINT, watermark TIMESTAMPTZ, grade VARCHAR, generation BIGINT, synced_at TIMESTAMPTZ);
CREATE TABLE "salesforce_incremental"."_catchment_tombstone" (table_name VARCHAR, record_key VARCHAR, _catchment_at TIMESTAMPTZ, _catchment_read_at TIMESTAMPTZ, reason VARCHAR, removed_at TIMESTAMPTZ);
CREATE TABLE "salesforce"."_catchment_objects" (object VARCHAR, table_name VARCHAR, label VARCHAR, key_prefix VARCHAR, custom BOOLEAN, described_at TIMESTAMPTZ);
CREATE TABLE "salesforce"."_catchment_fields" (object VARCHAR, field VARCHAR, column_name VARCHAR, label VARCHAR, type VARCHAR, length INTEGER, precision_digits INTEGER, scale_digits INTEGER, nillable BOOLEAN, calculated BOOLEAN, custom BOOLEAN, reference_to VARCHAR, relationship_name VARCHAR);
CREATE TABLE "salesforce"."_catchment_picklists" (object VARCHAR, field VARCHAR, position INTEGER, value VARCHAR, label VARCHAR, active BOOLEAN, is_default BOOLEAN);
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (1);
ALTER TABLE "salesforce_incremental"."_catchment_page" ADD COLUMN reason VARCHAR;
ALTER TABLE "salesforce_incremental"."_catchment_page" ADD COLUMN override BOOLEAN;
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (2);
ALTER TABLE "salesforce_incremental"."_catchment_log" ADD COLUMN patched BIGINT;
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (3);
CREATE TABLE "salesforce_incremental"."_catchment_erased" (erased_at TIMESTAMPTZ, table_name VARCHAR, by_column VARCHAR, record_key VARCHAR, row_count BIGINT, staged BIGINT, pages BIGINT);
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (4);
CREATE TABLE "salesforce_incremental"."_catchment_rejected" (flow VARCHAR, record_key VARCHAR, stamp TIMESTAMPTZ, field VARCHAR, rule VARCHAR, record VARCHAR, _catchment_op VARCHAR, _catchment_attempt VARCHAR, _catchment_job VARCHAR, _catchment_read_at TIMESTAMPTZ, _catchment_seq BIGINT);
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (5);
ALTER TABLE "salesforce_incremental"."_catchment_flow" ADD COLUMN memory VARCHAR;
ALTER TABLE "salesforce_incremental"."_catchment_flow" ADD COLUMN deletes_told BOOLEAN;
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (6);
CREATE TABLE "salesforce"."_catchment_files" (object VARCHAR, record_id VARCHAR, state VARCHAR, sha256 VARCHAR, md5 VARCHAR, size BIGINT, content_type VARCHAR, read_at TIMESTAMPTZ, reason VARCHAR, tries BIGINT, again_at TIMESTAMPTZ, checksum VARCHAR, stamp TIMESTAMPTZ);
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (7);
CREATE TABLE "salesforce"."_catchment_archive" (plan VARCHAR, object VARCHAR, record_id VARCHAR, level INTEGER, state VARCHAR, reason VARCHAR, stamp TIMESTAMPTZ, digest VARCHAR, batch BIGINT, proven_at TIMESTAMPTZ, ended_at TIMESTAMPTZ, new_id VARCHAR, PRIMARY KEY (object, record_id, plan));
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (8);
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (9);
CREATE TABLE "salesforce_incremental"."account" (
	"_catchment_attempt" VARCHAR,
	"_catchment_op" VARCHAR,
	"_catchment_job" VARCHAR,
	"_catchment_seq" BIGINT,
	"id" VARCHAR USING COMPRESSION uncompressed,
	"isdeleted" BOOLEAN,
	"masterrecordid" VARCHAR,
	"systemmodstamp" TIMESTAMPTZ,
	"odd""name" VARCHAR,
	"amount__c" DECIMAL(38,2),
	"_catchment_at" TIMESTAMPTZ,
	"_catchment_read_at" TIMESTAMPTZ
);
CREATE TABLE "salesforce"."account" (
	"id" VARCHAR USING COMPRESSION uncompressed,
	"isdeleted" BOOLEAN,
	"masterrecordid" VARCHAR,
	"systemmodstamp" TIMESTAMPTZ,
	"odd""name" VARCHAR,
	"amount__c" DECIMAL(38,2),
	"_catchment_read_at" TIMESTAMPTZ,
	"_catchment_at" TIMESTAMPTZ,
	"_catchment_synced_at" TIMESTAMPTZ,
	"_catchment_deleted_at" TIMESTAMPTZ,
	"_catchment_delete_reason" VARCHAR,
	"_catchment_rejected_at" TIMESTAMPTZ
);
COMMIT;
