-- What a first run would make, in one transaction: to be executed by the user of warehouse.url,
-- who is to own it. It makes nothing where something of it is there already.
BEGIN TRANSACTION;
CREATE SCHEMA IF NOT EXISTS "salesforce";
CREATE SCHEMA IF NOT EXISTS "salesforce_incremental";
CREATE TABLE "salesforce_incremental"."_catchment_version" (version INTEGER);
CREATE TABLE "salesforce_incremental"."_catchment_flow" (flow TEXT, table_name TEXT, fence BIGINT, org TEXT, generation BIGINT, watermark TIMESTAMPTZ, grade TEXT, row_count BIGINT, synced_at TIMESTAMPTZ, newest TIMESTAMPTZ, attempt TEXT, PRIMARY KEY (flow));
CREATE TABLE "salesforce_incremental"."_catchment_page" (attempt TEXT, page TEXT, flow TEXT, job TEXT, op TEXT, seq BIGINT, row_count BIGINT, digest TEXT, columns TEXT, read_at TIMESTAMPTZ);
CREATE TABLE "salesforce_incremental"."_catchment_attempt" (attempt TEXT, table_name TEXT, policy TEXT, pages BIGINT, row_count BIGINT, complete BOOLEAN, absent_reason TEXT, override BOOLEAN, generation BIGINT, watermark TIMESTAMPTZ, grade TEXT, counted_at TIMESTAMPTZ, PRIMARY KEY (attempt));
CREATE TABLE "salesforce_incremental"."_catchment_call" (called_at TIMESTAMPTZ, table_name TEXT, attempts BIGINT, staged BIGINT, inserted BIGINT, updated BIGINT, deleted BIGINT, unchanged BIGINT, waiting BIGINT, problem TEXT);
CREATE TABLE "salesforce_incremental"."_catchment_log" (attempt TEXT, flow TEXT, table_name TEXT, staged BIGINT, inserted BIGINT, updated BIGINT, deleted BIGINT, unchanged BIGINT, row_count BIGINT, watermark TIMESTAMPTZ, grade TEXT, generation BIGINT, synced_at TIMESTAMPTZ);
CREATE TABLE "salesforce_incremental"."_catchment_tombstone" (table_name TEXT, record_key TEXT, _catchment_at TIMESTAMPTZ, _catchment_read_at TIMESTAMPTZ, reason TEXT, removed_at TIMESTAMPTZ);
CREATE TABLE "salesforce"."_catchment_objects" (object TEXT, table_name TEXT, label TEXT, key_prefix TEXT, custom BOOLEAN, described_at TIMESTAMPTZ);
CREATE TABLE "salesforce"."_catchment_fields" (object TEXT, field TEXT, column_name TEXT, label TEXT, type TEXT, length INTEGER, precision_digits INTEGER, scale_digits INTEGER, nillable BOOLEAN, calculated BOOLEAN, custom BOOLEAN, reference_to TEXT, relationship_name TEXT);
CREATE TABLE "salesforce"."_catchment_picklists" (object TEXT, field TEXT, position INTEGER, value TEXT, label TEXT, active BOOLEAN, is_default BOOLEAN);
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (1);
ALTER TABLE "salesforce_incremental"."_catchment_page" ADD COLUMN reason TEXT;
ALTER TABLE "salesforce_incremental"."_catchment_page" ADD COLUMN override BOOLEAN;
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (2);
ALTER TABLE "salesforce_incremental"."_catchment_log" ADD COLUMN patched BIGINT;
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (3);
CREATE TABLE "salesforce_incremental"."_catchment_erased" (erased_at TIMESTAMPTZ, table_name TEXT, by_column TEXT, record_key TEXT, row_count BIGINT, staged BIGINT, pages BIGINT);
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (4);
CREATE TABLE "salesforce_incremental"."_catchment_rejected" (flow TEXT, record_key TEXT, stamp TIMESTAMPTZ, field TEXT, rule TEXT, record TEXT, _catchment_op TEXT, _catchment_attempt TEXT, _catchment_job TEXT, _catchment_read_at TIMESTAMPTZ, _catchment_seq BIGINT);
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (5);
ALTER TABLE "salesforce_incremental"."_catchment_flow" ADD COLUMN memory TEXT;
ALTER TABLE "salesforce_incremental"."_catchment_flow" ADD COLUMN deletes_told BOOLEAN;
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (6);
CREATE TABLE "salesforce"."_catchment_files" (object TEXT, record_id TEXT, state TEXT, sha256 TEXT, md5 TEXT, size BIGINT, content_type TEXT, read_at TIMESTAMPTZ, reason TEXT, tries BIGINT, again_at TIMESTAMPTZ, checksum TEXT, stamp TIMESTAMPTZ);
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (7);
CREATE TABLE "salesforce"."_catchment_archive" (plan TEXT, object TEXT, record_id TEXT, level INTEGER, state TEXT, reason TEXT, stamp TIMESTAMPTZ, digest TEXT, batch BIGINT, proven_at TIMESTAMPTZ, ended_at TIMESTAMPTZ, new_id TEXT, PRIMARY KEY (object, record_id, plan));
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (8);
CREATE INDEX ON "salesforce"."_catchment_fields" (object);
CREATE INDEX ON "salesforce"."_catchment_objects" (object);
CREATE INDEX ON "salesforce"."_catchment_picklists" (object);
CREATE INDEX ON "salesforce_incremental"."_catchment_log" (attempt);
CREATE INDEX ON "salesforce_incremental"."_catchment_page" (attempt);
INSERT INTO "salesforce_incremental"."_catchment_version" VALUES (9);
CREATE TABLE "salesforce_incremental"."account" (
	"_catchment_attempt" TEXT,
	"_catchment_op" TEXT,
	"_catchment_job" TEXT,
	"_catchment_seq" BIGINT,
	"id" TEXT,
	"isdeleted" BOOLEAN,
	"masterrecordid" TEXT,
	"systemmodstamp" TIMESTAMPTZ,
	"odd""name" TEXT,
	"amount__c" NUMERIC,
	"_catchment_at" TIMESTAMPTZ,
	"_catchment_read_at" TIMESTAMPTZ
);
CREATE TABLE "salesforce"."account" (
	"id" TEXT,
	"isdeleted" BOOLEAN,
	"masterrecordid" TEXT,
	"systemmodstamp" TIMESTAMPTZ,
	"odd""name" TEXT,
	"amount__c" NUMERIC,
	"_catchment_read_at" TIMESTAMPTZ,
	"_catchment_at" TIMESTAMPTZ,
	"_catchment_synced_at" TIMESTAMPTZ,
	"_catchment_deleted_at" TIMESTAMPTZ,
	"_catchment_delete_reason" TEXT,
	"_catchment_rejected_at" TIMESTAMPTZ
);
GRANT USAGE ON SCHEMA "salesforce" TO "reader";
GRANT SELECT ON "salesforce"."account" TO "reader";
GRANT SELECT ON "salesforce"."_catchment_files" TO "reader";
GRANT SELECT ON "salesforce"."_catchment_archive" TO "reader";
GRANT SELECT ON "salesforce"."_catchment_picklists" TO "reader";
GRANT SELECT ON "salesforce"."_catchment_fields" TO "reader";
GRANT SELECT ON "salesforce"."_catchment_objects" TO "reader";
