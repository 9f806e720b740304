-- What a first run would make, in one transaction: to be executed by the user of warehouse.url,
-- who is to own it. It makes nothing where something of it is there already.
BEGIN TRANSACTION;
CREATE SCHEMA IF NOT EXISTS "salesforce";
CREATE SCHEMA IF NOT EXISTS "salesforce_incremental";
CREATE TABLE "salesforce_incremental"."_catchment_version" (version INTEGER);
CREATE TABLE "salesforce_incremental"."_catchment_flow" (flow VARCHAR(65535), table_name VARCHAR(65535), fence BIGINT, org VARCHAR(65535), generation BIGINT, watermark TIMESTAMPTZ, grade VARCHAR(65535), row_count BIGINT, synced_at TIMESTAMPTZ, newest TIMESTAMPTZ, attempt VARCHAR(65535));
CREATE TABLE "salesforce_incremental"."_catchment_page" (attempt VARCHAR(65535), page VARCHAR(65535), flow VARCHAR(65535), job VARCHAR(65535), op VARCHAR(65535), seq BIGINT, row_count BIGINT, digest VARCHAR(65535), columns VARCHAR(65535), read_at TIMESTAMPTZ);
CREATE TABLE "salesforce_incremental"."_catchment_attempt" (attempt VARCHAR(65535), table_name VARCHAR(65535), policy VARCHAR(65535), pages BIGINT, row_count BIGINT, complete BOOLEAN, absent_reason VARCHAR(65535), override BOOLEAN, generation BIGINT, watermark TIMESTAMPTZ, grade VARCHAR(65535), counted_at TIMESTAMPTZ);
CREATE TABLE "salesforce_incremental"."_catchment_call" (called_at TIMESTAMPTZ, table_name VARCHAR(65535), attempts BIGINT, staged BIGINT, inserted BIGINT, updated BIGINT, deleted BIGINT, unchanged BIGINT, waiting BIGINT, problem VARCHAR(65535));
CREATE TABLE "salesforce_incremental"."_catchment_log" (attempt VARCHAR(65535), flow VARCHAR(65535), table_name VARCHAR(65535), staged BIGINT, inserted BIGINT, updated BIGINT, deleted BIGINT, unchanged BIGINT, row_count BIGINT, watermark TIMESTAMPTZ, grade VARCHAR(65535), generation BIGINT, synced_at TIMESTAMPTZ);
CREATE TABLE "salesforce_incremental"."_catchment_tombstone" (table_name VARCHAR(65535), record_key VARCHAR(65535), _catchment_at TIMESTAMPTZ, _catchment_read_at TIMESTAMPTZ, reason VARCHAR(65535), removed_at TIMESTAMPTZ);
CREATE TABLE "salesforce"."_catchment_objects" (object VARCHAR(65535), table_name VARCHAR(65535), label VARCHAR(65535), key_prefix VARCHAR(65535), custom BOOLEAN, described_at TIMESTAMPTZ);
CREATE TABLE "salesforce"."_catchment_fields" (object VARCHAR(65535), field VARCHAR(65535), column_name VARCHAR(65535), label VARCHAR(65535), type VARCHAR(65535), length INTEGER, precision_digits INTEGER, scale_digits INTEGER, nillable BOOLEAN, calculated BOOLEAN, custom BOOLEAN, reference_to VARCHAR(65535), relationship_name VARCHAR(65535));
CREATE TABLE "salesforce"."_catchment_picklists" (object VARCHAR(65535), field VARCHAR(65535), position INTEGER, value VARCHAR(65535), label VARCHAR(65535), active BOOLEAN, is_default BOOLEAN);
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (1);
ALTER TABLE "salesforce_incremental"."_catchment_page" ADD COLUMN reason VARCHAR(65535);
ALTER TABLE "salesforce_incremental"."_catchment_page" ADD COLUMN override BOOLEAN;
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (2);
ALTER TABLE "salesforce_incremental"."_catchment_log" ADD COLUMN patched BIGINT;
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (3);
CREATE TABLE "salesforce_incremental"."_catchment_erased" (erased_at TIMESTAMPTZ, table_name VARCHAR(65535), by_column VARCHAR(65535), record_key VARCHAR(65535), row_count BIGINT, staged BIGINT, pages BIGINT);
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (4);
CREATE TABLE "salesforce_incremental"."_catchment_rejected" (flow VARCHAR(65535), record_key VARCHAR(65535), stamp TIMESTAMPTZ, field VARCHAR(65535), rule VARCHAR(65535), record VARCHAR(65535), _catchment_op VARCHAR(65535), _catchment_attempt VARCHAR(65535), _catchment_job VARCHAR(65535), _catchment_read_at TIMESTAMPTZ, _catchment_seq BIGINT);
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (5);
ALTER TABLE "salesforce_incremental"."_catchment_flow" ADD COLUMN memory VARCHAR(65535);
ALTER TABLE "salesforce_incremental"."_catchment_flow" ADD COLUMN deletes_told BOOLEAN;
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (6);
CREATE TABLE "salesforce"."_catchment_files" (object VARCHAR(65535), record_id VARCHAR(65535), state VARCHAR(65535), sha256 VARCHAR(65535), md5 VARCHAR(65535), size BIGINT, content_type VARCHAR(65535), read_at TIMESTAMPTZ, reason VARCHAR(65535), tries BIGINT, again_at TIMESTAMPTZ, checksum VARCHAR(65535), stamp TIMESTAMPTZ);
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (7);
CREATE TABLE "salesforce"."_catchment_archive" (plan VARCHAR(65535), object VARCHAR(65535), record_id VARCHAR(65535), level INTEGER, state VARCHAR(65535), reason VARCHAR(65535), stamp TIMESTAMPTZ, digest VARCHAR(65535), batch BIGINT, proven_at TIMESTAMPTZ, ended_at TIMESTAMPTZ, new_id VARCHAR(65535));
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (8);
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (9);
CREATE TABLE "salesforce_incremental"."account" (
	"_catchment_attempt" VARCHAR(256),
	"_catchment_op" VARCHAR(64),
	"_catchment_job" VARCHAR(256),
	"_catchment_seq" BIGINT,
	"id" VARCHAR(65535),
	"isdeleted" BOOLEAN,
	"masterrecordid" VARCHAR(65535),
	"systemmodstamp" TIMESTAMPTZ,
	"odd""name" VARCHAR(65535),
	"amount__c" DECIMAL(38,2),
	"_catchment_at" TIMESTAMPTZ,
	"_catchment_read_at" TIMESTAMPTZ
)
DISTSTYLE KEY DISTKEY ("id") SORTKEY ("systemmodstamp");
CREATE TABLE "salesforce"."account" (
	"id" VARCHAR(65535),
	"isdeleted" BOOLEAN,
	"masterrecordid" VARCHAR(65535),
	"systemmodstamp" TIMESTAMPTZ,
	"odd""name" VARCHAR(65535),
	"amount__c" DECIMAL(38,2),
	"_catchment_read_at" TIMESTAMPTZ,
	"_catchment_at" TIMESTAMPTZ,
	"_catchment_synced_at" TIMESTAMPTZ,
	"_catchment_deleted_at" TIMESTAMPTZ,
	"_catchment_delete_reason" VARCHAR(64),
	"_catchment_rejected_at" TIMESTAMPTZ
)
DISTSTYLE KEY DISTKEY ("id") SORTKEY ("systemmodstamp");
GRANT USAGE ON SCHEMA "salesforce" TO ROLE "reader";
GRANT SELECT ON "salesforce"."account" TO ROLE "reader";
GRANT SELECT ON "salesforce"."_catchment_files" TO ROLE "reader";
GRANT SELECT ON "salesforce"."_catchment_archive" TO ROLE "reader";
GRANT SELECT ON "salesforce"."_catchment_picklists" TO ROLE "reader";
GRANT SELECT ON "salesforce"."_catchment_fields" TO ROLE "reader";
GRANT SELECT ON "salesforce"."_catchment_objects" TO ROLE "reader";
