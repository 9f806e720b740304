CREATE OR REPLACE PROCEDURE "salesforce_incremental"."consolidate_account"() AS $$
-- Written by Catchment: what a run does to consolidate this table, for CALL consolidated_of_tables().
DECLARE
	this_now TIMESTAMPTZ := clock_timestamp();
	this_flow RECORD;
	this_one RECORD;
	this_part RECORD;
	this_bare BOOLEAN;
	this_passed BIGINT := 0;
	this_place BIGINT;
	this_count BIGINT;
	this_same BIGINT;
	this_attempt TEXT;
	this_job TEXT;
	this_columns TEXT;
	this_reason TEXT;
	this_read_at TIMESTAMPTZ;
	this_began TIMESTAMPTZ;
	this_over BOOLEAN;
	this_mixed BOOLEAN;
	this_keyed BOOLEAN;
	this_fresh BOOLEAN;
	this_plain BOOLEAN;
	this_puts BIGINT;
	this_patches BIGINT;
	this_gone BIGINT;
	this_inserts BIGINT;
	this_updates BIGINT;
	this_deletes BIGINT;
	this_known BIGINT;
	this_inserted BIGINT;
	this_updated BIGINT;
	this_deleted BIGINT;
	this_grown BIGINT;
	this_written BIGINT;
	this_applied BIGINT;
	this_patched BIGINT;
	this_rows BIGINT;
	this_newest TIMESTAMPTZ;
	this_waiting BIGINT;
	all_attempts BIGINT := 0;
	all_staged BIGINT := 0;
	all_inserted BIGINT := 0;
	all_updated BIGINT := 0;
	all_deleted BIGINT := 0;
	all_unchanged BIGINT := 0;
BEGIN
	-- The flow's row first, as every transaction that consolidates: a run that is at work here ends before this goes on.
	SELECT * INTO this_flow FROM "salesforce_incremental"."_catchment_flow" WHERE table_name = 'account' FOR UPDATE;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	LOCK TABLE "salesforce_incremental"."account" IN EXCLUSIVE MODE;
	SELECT count(*) INTO this_count FROM (SELECT 1 FROM "salesforce_incremental"."account" WHERE "_catchment_attempt" IS NULL LIMIT 1) x;
	this_bare := this_count > 0;

	-- What is consolidated is gone from the list, so the next one stands behind those that are passed over.
	LOOP
		SELECT * INTO this_one FROM (
			SELECT a.*, row_number() OVER (ORDER BY counted_at NULLS LAST, attempt) AS place FROM (
				SELECT attempt, policy, pages, row_count, complete, absent_reason, override, generation, watermark, grade, counted_at
				FROM "salesforce_incremental"."_catchment_attempt" WHERE table_name = 'account'
				UNION ALL
				SELECT CAST(NULL AS TEXT), 'flag', 0, 0, false, 'purged', false, 0, CAST(NULL AS TIMESTAMPTZ), '', CAST(NULL AS TIMESTAMPTZ)
				WHERE this_bare
			) a
		) p WHERE place = this_passed + 1;
		EXIT WHEN NOT FOUND;
		this_attempt := this_one.attempt;
		this_reason := this_one.absent_reason;
		SELECT count(*) INTO this_count FROM "salesforce_incremental"."_catchment_log" WHERE attempt = this_attempt;
		IF this_count > 0 THEN -- merged before, and a page loaded once more since
			DELETE FROM "salesforce_incremental"."account" WHERE "_catchment_attempt" IS NOT DISTINCT FROM this_attempt;
			DELETE FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt;
			DELETE FROM "salesforce_incremental"."_catchment_attempt" WHERE attempt = this_attempt;
			CONTINUE;
		END IF;
		SELECT count(*), coalesce(sum(row_count), 0) INTO this_count, this_same FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt;
		IF this_attempt IS NOT NULL AND (this_count <> this_one.pages OR this_same <> this_one.row_count) THEN
			this_passed := this_passed + 1; -- not whole any more: the run that loads it goes on
			CONTINUE;
		END IF;
		SELECT count(*), count(CASE WHEN column_name IN ('id', 'isdeleted', 'masterrecordid', 'systemmodstamp', 'odd"name', 'amount__c') THEN 1 END) INTO this_count, this_same FROM information_schema.columns
		WHERE table_schema = 'salesforce' AND table_name = 'account' AND substring(CAST(column_name AS TEXT), 1, 11) <> '_catchment_';
		this_mixed := this_count <> 6 OR this_same <> 6;
		SELECT count(*) INTO this_count FROM pg_views WHERE schemaname = 'salesforce' AND viewname = 'account';
		this_mixed := this_mixed OR this_count <> 0;
		SELECT count(*) INTO this_count FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND (op = 'put' AND columns <> 'amount__c,id,isdeleted,masterrecordid,odd"name,systemmodstamp'
			OR op = 'patch' AND length(columns) - length(replace(columns, ',', '')) + 1 <> (CASE WHEN strpos(',' || columns || ',', ',id,') > 0 THEN 1 ELSE 0 END + CASE WHEN strpos(',' || columns || ',', ',isdeleted,') > 0 THEN 1 ELSE 0 END + CASE WHEN strpos(',' || columns || ',', ',masterrecordid,') > 0 THEN 1 ELSE 0 END + CASE WHEN strpos(',' || columns || ',', ',systemmodstamp,') > 0 THEN 1 ELSE 0 END + CASE WHEN strpos(',' || columns || ',', ',odd"name,') > 0 THEN 1 ELSE 0 END + CASE WHEN strpos(',' || columns || ',', ',amount__c,') > 0 THEN 1 ELSE 0 END));
		IF this_one.policy <> 'flag' OR this_mixed OR this_count > 0 THEN
			RAISE EXCEPTION 'the table or the flow has changed: install this again with catchment sql --dialect postgres --install';
		END IF;

		SELECT * INTO this_flow FROM "salesforce_incremental"."_catchment_flow" WHERE table_name = 'account';
		SELECT coalesce(min(read_at), this_now), coalesce(bool_and(override), false), coalesce(bool_or(override), false)
		INTO this_began, this_over, this_mixed FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND op = 'put';
		IF this_mixed AND NOT this_over THEN
			this_passed := this_passed + 1; -- records of two kinds: the run that read them consolidates them
			CONTINUE;
		END IF;
		SELECT count(*) INTO this_count FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND reason IN ('archived');
		IF this_count > 0 THEN
			this_passed := this_passed + 1; -- gone for a reason that has rules of its own: the run that read them consolidates them
			CONTINUE;
		END IF;
		this_over := this_over OR this_one.override;
		SELECT count(*) INTO this_count FROM (SELECT 1 FROM "salesforce"."account" LIMIT 1) x;
		this_fresh := this_count = 0;
		SELECT count(*) INTO this_count FROM pg_constraint WHERE conrelid = CAST('"salesforce"."account"' AS regclass) AND contype = 'p';
		this_keyed := this_count > 0;
		this_plain := false;
		this_inserted := 0;
		this_updated := 0;
		this_deleted := 0;
		this_grown := 0;
		this_written := 0;
		this_applied := 0;
		SELECT count(*) INTO this_puts FROM "salesforce_incremental"."account" v WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put');
		this_patches := 0;
		this_patched := 0;
		this_gone := 0;

		IF this_puts > 0 AND this_fresh THEN
			SELECT count(*) INTO this_count FROM (SELECT 1 FROM "salesforce_incremental"."_catchment_tombstone" WHERE table_name = 'account' LIMIT 1) x;
			this_plain := this_count = 0;
		END IF;
		IF this_plain THEN
			BEGIN
				INSERT INTO "salesforce"."account" ("id", "isdeleted", "masterrecordid", "systemmodstamp", "odd""name", "amount__c", "_catchment_synced_at", "_catchment_at", "_catchment_read_at", "_catchment_deleted_at", "_catchment_delete_reason", "_catchment_rejected_at")
SELECT
	v."id",
	v."isdeleted",
	v."masterrecordid",
	v."systemmodstamp",
	v."odd""name",
	v."amount__c",
	CAST(this_now AS TIMESTAMPTZ),
	coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at"),
	v."_catchment_read_at",
	CASE WHEN coalesce(v."isdeleted", false) THEN coalesce(coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at"), CAST(this_now AS TIMESTAMPTZ)) END,
	CASE WHEN coalesce(v."isdeleted", false) THEN CASE WHEN v."masterrecordid" IS NOT NULL THEN 'merged' ELSE 'soft' END END,
	CAST(NULL AS TIMESTAMPTZ)
FROM "salesforce_incremental"."account" v
WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put');
				GET DIAGNOSTICS this_count := ROW_COUNT;
				IF NOT this_keyed THEN
					ALTER TABLE "salesforce"."account" ADD PRIMARY KEY ("id");
				END IF;
				this_keyed := true;
				this_inserted := this_count;
			this_applied := this_count;
			this_grown := this_count;
			this_written := this_count;
			EXCEPTION WHEN unique_violation THEN
				this_plain := false; -- two versions of one key
			END;
		END IF;
		IF this_puts > 0 AND NOT this_plain THEN
			CREATE TEMP TABLE "_catchment_newest" AS
SELECT "id", "isdeleted", "masterrecordid", "systemmodstamp", "odd""name", "amount__c", "_catchment_synced_at", "_catchment_at", "_catchment_read_at", "_catchment_deleted_at", "_catchment_delete_reason", "_catchment_rejected_at", true AS known, true AS live, ctid AS place FROM "salesforce"."account" WHERE false;
			IF this_over THEN
				INSERT INTO "_catchment_newest"
SELECT
	v."id",
	v."isdeleted",
	v."masterrecordid",
	v."systemmodstamp",
	v."odd""name",
	v."amount__c",
	CAST(this_now AS TIMESTAMPTZ),
	v._catchment_version,
	v."_catchment_read_at",
	CASE WHEN coalesce(v."isdeleted", false) THEN coalesce(f."_catchment_deleted_at", v._catchment_version, CAST(this_now AS TIMESTAMPTZ)) END,
	CASE WHEN coalesce(v."isdeleted", false) THEN CASE WHEN v."masterrecordid" IS NOT NULL THEN 'merged' ELSE 'soft' END END,
	CAST(NULL AS TIMESTAMPTZ),
	f."id" IS NOT NULL,
	f."id" IS NOT NULL AND f."_catchment_deleted_at" IS NULL,
	f.ctid
FROM (
	SELECT v.*, coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") AS _catchment_version, row_number() OVER (
		PARTITION BY v."id"
		ORDER BY coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") DESC NULLS LAST, v."_catchment_read_at" DESC NULLS LAST, v."_catchment_seq" DESC NULLS LAST) AS _catchment_rank
	FROM "salesforce_incremental"."account" v
	WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put')
) v
LEFT JOIN "salesforce"."account" f ON v."id" = f."id"
LEFT JOIN "salesforce_incremental"."_catchment_tombstone" t ON t.table_name = CAST('account' AS TEXT) AND t.record_key = CAST(v."id" AS TEXT)
WHERE v._catchment_rank = 1
	AND (f."id" IS NULL OR (v."_catchment_read_at" IS NULL OR f."_catchment_read_at" IS NULL OR v."_catchment_read_at" >= f."_catchment_read_at"))
	AND (t.record_key IS NULL OR (v."_catchment_read_at" IS NULL OR t."_catchment_read_at" IS NULL OR v."_catchment_read_at" >= t."_catchment_read_at"))
	AND NOT (coalesce(v."isdeleted", false) AND (coalesce(f."_catchment_delete_reason" IN ('archived'), false) OR CAST(v."id" AS TEXT) IN (SELECT record_id FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted')));
			ELSE
				INSERT INTO "_catchment_newest"
SELECT
	v."id",
	v."isdeleted",
	v."masterrecordid",
	v."systemmodstamp",
	v."odd""name",
	v."amount__c",
	CAST(this_now AS TIMESTAMPTZ),
	v._catchment_version,
	v."_catchment_read_at",
	CASE WHEN coalesce(v."isdeleted", false) THEN coalesce(f."_catchment_deleted_at", v._catchment_version, CAST(this_now AS TIMESTAMPTZ)) END,
	CASE WHEN coalesce(v."isdeleted", false) THEN CASE WHEN v."masterrecordid" IS NOT NULL THEN 'merged' ELSE 'soft' END END,
	CAST(NULL AS TIMESTAMPTZ),
	f."id" IS NOT NULL,
	f."id" IS NOT NULL AND f."_catchment_deleted_at" IS NULL,
	f.ctid
FROM (
	SELECT v.*, coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") AS _catchment_version, row_number() OVER (
		PARTITION BY v."id"
		ORDER BY coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") DESC NULLS LAST, v."_catchment_read_at" DESC NULLS LAST, v."_catchment_seq" DESC NULLS LAST) AS _catchment_rank
	FROM "salesforce_incremental"."account" v
	WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put')
) v
LEFT JOIN "salesforce"."account" f ON v."id" = f."id"
LEFT JOIN "salesforce_incremental"."_catchment_tombstone" t ON t.table_name = CAST('account' AS TEXT) AND t.record_key = CAST(v."id" AS TEXT)
WHERE v._catchment_rank = 1
	AND (f."id" IS NULL OR (coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') > coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01') OR
		coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') = coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01') AND coalesce(v."_catchment_read_at", TIMESTAMPTZ '0001-01-01') > coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01')))
	AND (t.record_key IS NULL OR (coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') > coalesce(t."_catchment_at", TIMESTAMPTZ '0001-01-01') OR
		coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') = coalesce(t."_catchment_at", TIMESTAMPTZ '0001-01-01') AND coalesce(v."_catchment_read_at", TIMESTAMPTZ '0001-01-01') > coalesce(t."_catchment_read_at", TIMESTAMPTZ '0001-01-01')))
	AND NOT (coalesce(v."isdeleted", false) AND (coalesce(f."_catchment_delete_reason" IN ('archived'), false) OR CAST(v."id" AS TEXT) IN (SELECT record_id FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted')));
			END IF;
			SELECT count(CASE WHEN NOT known THEN 1 END), count(CASE WHEN known AND NOT (live AND n."_catchment_deleted_at" IS NOT NULL) THEN 1 END), count(CASE WHEN live AND n."_catchment_deleted_at" IS NOT NULL THEN 1 END), count(CASE WHEN known THEN 1 END) INTO this_inserts, this_updates, this_deletes, this_known FROM "_catchment_newest" n;
			this_deleted := this_deleted + this_deletes;
			IF this_deleted > 100 THEN
				SELECT count(*) - count("_catchment_deleted_at") INTO this_count FROM "salesforce"."account";
				IF this_deleted * 20 > this_count + this_deleted - this_deletes THEN
					RAISE EXCEPTION '% of % rows would be deleted: look at them, then catchment run --allow-deletes', this_deleted, this_count + this_deleted - this_deletes;
				END IF;
			END IF;
			this_inserted := this_inserted + this_inserts;
			this_updated := this_updated + this_updates;
			this_applied := this_applied + this_inserts + this_updates + this_deletes;
			UPDATE "salesforce"."account" f
SET "isdeleted" = n."isdeleted", "masterrecordid" = n."masterrecordid", "systemmodstamp" = n."systemmodstamp", "odd""name" = n."odd""name", "amount__c" = n."amount__c", "_catchment_synced_at" = n."_catchment_synced_at", "_catchment_at" = n."_catchment_at", "_catchment_read_at" = n."_catchment_read_at", "_catchment_deleted_at" = n."_catchment_deleted_at", "_catchment_delete_reason" = n."_catchment_delete_reason", "_catchment_rejected_at" = n."_catchment_rejected_at"
FROM "_catchment_newest" n
WHERE n.known AND f.ctid = n.place;
GET DIAGNOSTICS this_count := ROW_COUNT;
this_written := this_written + this_count;
this_known := this_known - this_count;
INSERT INTO "salesforce"."account" ("id", "isdeleted", "masterrecordid", "systemmodstamp", "odd""name", "amount__c", "_catchment_synced_at", "_catchment_at", "_catchment_read_at", "_catchment_deleted_at", "_catchment_delete_reason", "_catchment_rejected_at")
SELECT n."id", n."isdeleted", n."masterrecordid", n."systemmodstamp", n."odd""name", n."amount__c", n."_catchment_synced_at", n."_catchment_at", n."_catchment_read_at", n."_catchment_deleted_at", n."_catchment_delete_reason", n."_catchment_rejected_at"
FROM "_catchment_newest" n
WHERE NOT n.known;
GET DIAGNOSTICS this_count := ROW_COUNT;
this_grown := this_grown + (1) * this_count;
this_written := this_written + this_count;
IF this_known <> 0 THEN
				RAISE EXCEPTION 'somebody else changed % rows of the table meanwhile: call this again', this_known;
			END IF;
			DELETE FROM "salesforce_incremental"."_catchment_tombstone" t
USING "_catchment_newest" n
WHERE t.table_name = 'account' AND t.record_key = CAST(n."id" AS TEXT);
			DROP TABLE "_catchment_newest";
		END IF;

		this_place := 0;
		LOOP
			this_place := this_place + 1;
			SELECT * INTO this_part FROM (
				SELECT job, columns, coalesce(bool_or(override), false) OR this_one.override AS override,
					row_number() OVER (ORDER BY min(read_at), min(seq)) AS place
				FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND op = 'patch' GROUP BY job, columns
			) p WHERE place = this_place;
			EXIT WHEN NOT FOUND;
			this_job := this_part.job;
			this_columns := this_part.columns;
			SELECT count(*) + this_patches INTO this_patches FROM "salesforce_incremental"."account" v WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND coalesce(v."_catchment_job", '') = this_job AND v."_catchment_op" = 'patch';
			IF this_part.override THEN
				UPDATE "salesforce"."account" AS f
SET "odd""name" = CASE WHEN strpos(',' || this_columns || ',', ',odd"name,') > 0 THEN v."odd""name" ELSE f."odd""name" END,
	"amount__c" = CASE WHEN strpos(',' || this_columns || ',', ',amount__c,') > 0 THEN v."amount__c" ELSE f."amount__c" END,
	"_catchment_synced_at" = CAST(this_now AS TIMESTAMPTZ)
FROM (
	SELECT v.*, coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") AS _catchment_version, row_number() OVER (
		PARTITION BY v."id"
		ORDER BY coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") DESC NULLS LAST, v."_catchment_seq" DESC NULLS LAST) AS _catchment_rank
	FROM "salesforce_incremental"."account" v
	WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND coalesce(v."_catchment_job", '') = this_job AND v."_catchment_op" = 'patch' AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" r WHERE r."_catchment_attempt" = CAST(this_attempt AS TEXT) AND r.record_key = CAST(v."id" AS TEXT) AND coalesce(r."_catchment_op", 'put') = 'put') AND NOT CAST(v."id" AS TEXT) IN (SELECT record_id FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted')
) v
WHERE v._catchment_rank = 1 AND v."id" = f."id"
	AND (strpos(',' || this_columns || ',', ',odd"name,') > 0 AND f."odd""name" IS DISTINCT FROM v."odd""name"
		OR strpos(',' || this_columns || ',', ',amount__c,') > 0 AND f."amount__c" IS DISTINCT FROM v."amount__c")
	AND NOT coalesce(f."_catchment_delete_reason" IN ('archived'), false);
			ELSE
				UPDATE "salesforce"."account" AS f
SET "odd""name" = CASE WHEN strpos(',' || this_columns || ',', ',odd"name,') > 0 THEN v."odd""name" ELSE f."odd""name" END,
	"amount__c" = CASE WHEN strpos(',' || this_columns || ',', ',amount__c,') > 0 THEN v."amount__c" ELSE f."amount__c" END,
	"_catchment_synced_at" = CAST(this_now AS TIMESTAMPTZ)
FROM (
	SELECT v.*, coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") AS _catchment_version, row_number() OVER (
		PARTITION BY v."id"
		ORDER BY coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") DESC NULLS LAST, v."_catchment_seq" DESC NULLS LAST) AS _catchment_rank
	FROM "salesforce_incremental"."account" v
	WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND coalesce(v."_catchment_job", '') = this_job AND v."_catchment_op" = 'patch' AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" r WHERE r."_catchment_attempt" = CAST(this_attempt AS TEXT) AND r.record_key = CAST(v."id" AS TEXT) AND coalesce(r."_catchment_op", 'put') = 'put') AND NOT CAST(v."id" AS TEXT) IN (SELECT record_id FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted')
) v
WHERE v._catchment_rank = 1 AND v."id" = f."id"
	AND (strpos(',' || this_columns || ',', ',odd"name,') > 0 AND f."odd""name" IS DISTINCT FROM v."odd""name"
		OR strpos(',' || this_columns || ',', ',amount__c,') > 0 AND f."amount__c" IS DISTINCT FROM v."amount__c")
	AND NOT coalesce(f."_catchment_delete_reason" IN ('archived'), false)
	AND (coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') > coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01') OR
		coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') = coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01') AND coalesce(v."_catchment_read_at", TIMESTAMPTZ '0001-01-01') >= coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01'));
			END IF;
			GET DIAGNOSTICS this_count := ROW_COUNT;
			this_updated := this_updated + this_count;
			this_patched := this_patched + this_count;
			this_applied := this_applied + this_count;
			this_written := this_written + this_count;
		END LOOP;

		this_place := 0;
		LOOP
			this_place := this_place + 1;
			SELECT * INTO this_part FROM (
				SELECT d.*, row_number() OVER (ORDER BY read_at, seq) AS place FROM (
					SELECT coalesce(nullif(reason, ''), this_one.absent_reason) AS reason, coalesce(override, false) OR this_one.override AS override,
						min(read_at) AS read_at, min(seq) AS seq
					FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND op = 'delete' GROUP BY 1, 2
					UNION ALL
					SELECT this_one.absent_reason, false, CAST(NULL AS TIMESTAMPTZ), 0 WHERE this_attempt IS NULL
				) d
			) p WHERE place = this_place;
			EXIT WHEN NOT FOUND;
			this_reason := this_part.reason;
			this_mixed := this_part.override;
			SELECT count(*) + this_gone INTO this_gone FROM "salesforce_incremental"."account" v WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND coalesce(v."_catchment_job", '') IN (SELECT '' UNION ALL SELECT job FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND op = 'delete' AND coalesce(nullif(reason, ''), this_one.absent_reason) = this_reason AND (coalesce(override, false) OR this_one.override) = this_mixed) AND v."_catchment_op" = 'delete';
			CREATE TEMP TABLE "_catchment_gone" AS
SELECT "id", "_catchment_at", "_catchment_read_at" FROM "salesforce"."account" WHERE false;
			IF this_part.override THEN
				INSERT INTO "_catchment_gone"
SELECT f."id", f."_catchment_at", v.read_at
FROM (
	SELECT v."id", max(coalesce(v."_catchment_at", v."systemmodstamp")) AS at, max(v."_catchment_read_at") AS read_at
	FROM "salesforce_incremental"."account" v
	WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND coalesce(v."_catchment_job", '') IN (SELECT '' UNION ALL SELECT job FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND op = 'delete' AND coalesce(nullif(reason, ''), this_one.absent_reason) = this_reason AND (coalesce(override, false) OR this_one.override) = this_mixed) AND v."_catchment_op" = 'delete'
	GROUP BY v."id"
) v
JOIN "salesforce"."account" f ON v."id" = f."id"
WHERE f."_catchment_deleted_at" IS NULL
	AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS TEXT))
	AND (v.read_at IS NULL OR f."_catchment_read_at" IS NULL OR v.read_at >= f."_catchment_read_at");
			ELSE
				INSERT INTO "_catchment_gone"
SELECT f."id", f."_catchment_at", v.read_at
FROM (
	SELECT v."id", max(coalesce(v."_catchment_at", v."systemmodstamp")) AS at, max(v."_catchment_read_at") AS read_at
	FROM "salesforce_incremental"."account" v
	WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND coalesce(v."_catchment_job", '') IN (SELECT '' UNION ALL SELECT job FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND op = 'delete' AND coalesce(nullif(reason, ''), this_one.absent_reason) = this_reason AND (coalesce(override, false) OR this_one.override) = this_mixed) AND v."_catchment_op" = 'delete'
	GROUP BY v."id"
) v
JOIN "salesforce"."account" f ON v."id" = f."id"
WHERE f."_catchment_deleted_at" IS NULL
	AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS TEXT))
	AND (v.at IS NULL OR v.at >= coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01'))
	AND coalesce(v.read_at, TIMESTAMPTZ '0001-01-01') > coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01');
			END IF;
			GET DIAGNOSTICS this_deletes := ROW_COUNT;
			this_applied := this_applied + this_deletes;
			this_deleted := this_deleted + this_deletes;
			IF this_deleted > 100 THEN
				SELECT count(*) - count("_catchment_deleted_at") INTO this_count FROM "salesforce"."account";
				IF this_deleted * 20 > this_count + this_deleted - this_deletes THEN
					RAISE EXCEPTION '% of % rows would be deleted: look at them, then catchment run --allow-deletes', this_deleted, this_count + this_deleted - this_deletes;
				END IF;
			END IF;
			UPDATE "salesforce"."account" AS f
SET "_catchment_deleted_at" = CAST(this_now AS TIMESTAMPTZ), "_catchment_delete_reason" = CAST(this_reason AS TEXT), "_catchment_synced_at" = CAST(this_now AS TIMESTAMPTZ), "_catchment_read_at" = n."_catchment_read_at", "isdeleted" = true
FROM "_catchment_gone" n
WHERE n."id" = f."id";
			GET DIAGNOSTICS this_count := ROW_COUNT;
			this_written := this_written + this_count;
			DROP TABLE "_catchment_gone";
		END LOOP;

		this_place := 0;
		LOOP
			this_place := this_place + 1;
			SELECT * INTO this_part FROM (
				SELECT d.*, row_number() OVER (ORDER BY read_at, seq) AS place FROM (
					SELECT coalesce(nullif(reason, ''), this_one.absent_reason) AS reason, min(read_at) AS read_at, min(seq) AS seq
					FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND op = 'seen' GROUP BY 1
				) d
			) p WHERE place = this_place;
			EXIT WHEN NOT FOUND;
			this_reason := this_part.reason;
			this_read_at := this_part.read_at;
			CREATE TEMP TABLE "_catchment_gone" AS
SELECT "id", "_catchment_at", "_catchment_read_at" FROM "salesforce"."account" WHERE false;
			INSERT INTO "_catchment_gone"
SELECT f."id", f."_catchment_at", CAST(this_read_at AS TIMESTAMPTZ)
FROM "salesforce"."account" f
WHERE f."_catchment_deleted_at" IS NULL
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."account" v WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND coalesce(v."_catchment_job", '') IN (SELECT '' UNION ALL SELECT job FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND op = 'seen' AND coalesce(nullif(reason, ''), this_one.absent_reason) = this_reason) AND v."_catchment_op" = 'seen' AND v."id" = f."id")
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" r WHERE r."_catchment_attempt" = CAST(this_attempt AS TEXT) AND r.record_key = CAST(f."id" AS TEXT) AND coalesce(r."_catchment_op", 'put') = 'put')
	AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS TEXT))
	AND coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01') < CAST(this_read_at AS TIMESTAMPTZ);
			GET DIAGNOSTICS this_deletes := ROW_COUNT;
			this_deleted := this_deleted + this_deletes;
			IF this_deleted > 100 THEN
				SELECT count(*) - count("_catchment_deleted_at") INTO this_count FROM "salesforce"."account";
				IF this_deleted * 20 > this_count + this_deleted - this_deletes THEN
					RAISE EXCEPTION '% of % rows would be deleted: look at them, then catchment run --allow-deletes', this_deleted, this_count + this_deleted - this_deletes;
				END IF;
			END IF;
			UPDATE "salesforce"."account" AS f
SET "_catchment_deleted_at" = CAST(this_now AS TIMESTAMPTZ), "_catchment_delete_reason" = CAST(this_reason AS TEXT), "_catchment_synced_at" = CAST(this_now AS TIMESTAMPTZ), "_catchment_read_at" = n."_catchment_read_at", "isdeleted" = true
FROM "_catchment_gone" n
WHERE n."id" = f."id";
			GET DIAGNOSTICS this_count := ROW_COUNT;
			this_written := this_written + this_count;
			DROP TABLE "_catchment_gone";
		END LOOP;
		IF this_one.complete THEN
			this_reason := this_one.absent_reason;
			this_read_at := this_began;
			CREATE TEMP TABLE "_catchment_gone" AS
SELECT "id", "_catchment_at", "_catchment_read_at" FROM "salesforce"."account" WHERE false;
			IF this_one.override THEN
				INSERT INTO "_catchment_gone"
SELECT f."id", f."_catchment_at", CAST(this_read_at AS TIMESTAMPTZ)
FROM "salesforce"."account" f
WHERE f."_catchment_deleted_at" IS NULL
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."account" v WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put') AND v."id" = f."id")
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" r WHERE r."_catchment_attempt" = CAST(this_attempt AS TEXT) AND r.record_key = CAST(f."id" AS TEXT) AND coalesce(r."_catchment_op", 'put') = 'put')
	AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS TEXT))
	AND (CAST(this_read_at AS TIMESTAMPTZ) IS NULL OR f."_catchment_read_at" IS NULL OR CAST(this_read_at AS TIMESTAMPTZ) >= f."_catchment_read_at");
			ELSE
				INSERT INTO "_catchment_gone"
SELECT f."id", f."_catchment_at", CAST(this_read_at AS TIMESTAMPTZ)
FROM "salesforce"."account" f
WHERE f."_catchment_deleted_at" IS NULL
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."account" v WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put') AND v."id" = f."id")
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" r WHERE r."_catchment_attempt" = CAST(this_attempt AS TEXT) AND r.record_key = CAST(f."id" AS TEXT) AND coalesce(r."_catchment_op", 'put') = 'put')
	AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS TEXT))
	AND coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01') < CAST(this_read_at AS TIMESTAMPTZ);
			END IF;
			GET DIAGNOSTICS this_deletes := ROW_COUNT;
			this_deleted := this_deleted + this_deletes;
			IF this_deleted > 100 THEN
				SELECT count(*) - count("_catchment_deleted_at") INTO this_count FROM "salesforce"."account";
				IF this_deleted * 20 > this_count + this_deleted - this_deletes THEN
					RAISE EXCEPTION '% of % rows would be deleted: look at them, then catchment run --allow-deletes', this_deleted, this_count + this_deleted - this_deletes;
				END IF;
			END IF;
			UPDATE "salesforce"."account" AS f
SET "_catchment_deleted_at" = CAST(this_now AS TIMESTAMPTZ), "_catchment_delete_reason" = CAST(this_reason AS TEXT), "_catchment_synced_at" = CAST(this_now AS TIMESTAMPTZ), "_catchment_read_at" = n."_catchment_read_at", "isdeleted" = true
FROM "_catchment_gone" n
WHERE n."id" = f."id";
			GET DIAGNOSTICS this_count := ROW_COUNT;
			this_written := this_written + this_count;
			DROP TABLE "_catchment_gone";
		END IF;

		IF NOT this_keyed THEN
			ALTER TABLE "salesforce"."account" ADD PRIMARY KEY ("id");
		END IF;

		-- What was kept out of the table, as far as nothing newer is known of it.
		SELECT count(*) INTO this_count FROM (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = 'Account' LIMIT 1) x;
		IF this_count > 0 THEN
			UPDATE "salesforce"."account" AS f
SET "_catchment_rejected_at" = NULL
FROM (
SELECT r.record_key, r.field, r.rule, coalesce(r."_catchment_op", 'put') AS op,
	r."_catchment_attempt" AS attempt, r."_catchment_job" AS job,
	f."id" IS NOT NULL AND f."_catchment_deleted_at" IS NULL AS live,
	n.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(this_attempt AS TEXT) OR r."_catchment_read_at" < n.read_at)
		OR m.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(this_attempt AS TEXT) OR r."_catchment_read_at" < m.read_at)
		OR v.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(this_attempt AS TEXT) OR r."_catchment_read_at" < v.read_at)
		OR this_one.complete AND r."_catchment_attempt" <> CAST(this_attempt AS TEXT)
		OR w.record_key IS NULL AND r."_catchment_attempt" <> CAST(this_attempt AS TEXT) AND (SELECT count(*) FROM "salesforce_incremental"."_catchment_page" WHERE attempt = CAST(this_attempt AS TEXT) AND op = 'seen') > 0
		OR coalesce(f."_catchment_read_at" > r."_catchment_read_at", false)
		OR coalesce(t."_catchment_read_at" > r."_catchment_read_at", false) AS past
FROM "salesforce_incremental"."_catchment_rejected" r
LEFT JOIN "salesforce"."account" f ON CAST(f."id" AS TEXT) = r.record_key
LEFT JOIN "salesforce_incremental"."_catchment_tombstone" t ON t.table_name = CAST('account' AS TEXT) AND t.record_key = r.record_key
LEFT JOIN (SELECT record_key, max("_catchment_read_at") AS read_at FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS TEXT) AND "_catchment_attempt" = CAST(this_attempt AS TEXT) AND coalesce("_catchment_op", 'put') = 'put' GROUP BY record_key) n ON n.record_key = r.record_key
LEFT JOIN (SELECT record_key, field, max("_catchment_read_at") AS read_at FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS TEXT) AND "_catchment_attempt" = CAST(this_attempt AS TEXT) AND coalesce("_catchment_op", 'put') = 'patch' GROUP BY record_key, field) m ON m.record_key = r.record_key AND m.field = r.field AND coalesce(r."_catchment_op", 'put') = 'patch'
LEFT JOIN (SELECT CAST(v."id" AS TEXT) AS record_key, max(v."_catchment_read_at") AS read_at FROM "salesforce_incremental"."account" v WHERE v."_catchment_attempt" = CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" IN ('put', 'delete') OR v."_catchment_op" = 'seen' AND coalesce(v."isdeleted", false)) AND CAST(v."id" AS TEXT) IN (SELECT record_key FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS TEXT)) GROUP BY 1) v ON v.record_key = r.record_key
LEFT JOIN (SELECT CAST(v."id" AS TEXT) AS record_key, max(v."_catchment_read_at") AS read_at FROM "salesforce_incremental"."account" v WHERE v."_catchment_attempt" = CAST(this_attempt AS TEXT) AND CAST(v."id" AS TEXT) IN (SELECT record_key FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS TEXT)) GROUP BY 1) w ON w.record_key = r.record_key
WHERE r.flow = CAST('Account' AS TEXT)
) n
WHERE n.past AND CAST(f."id" AS TEXT) = n.record_key AND f."_catchment_rejected_at" IS NOT NULL;
			DELETE FROM "salesforce_incremental"."_catchment_rejected" x
USING (
SELECT r.record_key, r.field, r.rule, coalesce(r."_catchment_op", 'put') AS op,
	r."_catchment_attempt" AS attempt, r."_catchment_job" AS job,
	f."id" IS NOT NULL AND f."_catchment_deleted_at" IS NULL AS live,
	n.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(this_attempt AS TEXT) OR r."_catchment_read_at" < n.read_at)
		OR m.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(this_attempt AS TEXT) OR r."_catchment_read_at" < m.read_at)
		OR v.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(this_attempt AS TEXT) OR r."_catchment_read_at" < v.read_at)
		OR this_one.complete AND r."_catchment_attempt" <> CAST(this_attempt AS TEXT)
		OR w.record_key IS NULL AND r."_catchment_attempt" <> CAST(this_attempt AS TEXT) AND (SELECT count(*) FROM "salesforce_incremental"."_catchment_page" WHERE attempt = CAST(this_attempt AS TEXT) AND op = 'seen') > 0
		OR coalesce(f."_catchment_read_at" > r."_catchment_read_at", false)
		OR coalesce(t."_catchment_read_at" > r."_catchment_read_at", false) AS past
FROM "salesforce_incremental"."_catchment_rejected" r
LEFT JOIN "salesforce"."account" f ON CAST(f."id" AS TEXT) = r.record_key
LEFT JOIN "salesforce_incremental"."_catchment_tombstone" t ON t.table_name = CAST('account' AS TEXT) AND t.record_key = r.record_key
LEFT JOIN (SELECT record_key, max("_catchment_read_at") AS read_at FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS TEXT) AND "_catchment_attempt" = CAST(this_attempt AS TEXT) AND coalesce("_catchment_op", 'put') = 'put' GROUP BY record_key) n ON n.record_key = r.record_key
LEFT JOIN (SELECT record_key, field, max("_catchment_read_at") AS read_at FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS TEXT) AND "_catchment_attempt" = CAST(this_attempt AS TEXT) AND coalesce("_catchment_op", 'put') = 'patch' GROUP BY record_key, field) m ON m.record_key = r.record_key AND m.field = r.field AND coalesce(r."_catchment_op", 'put') = 'patch'
LEFT JOIN (SELECT CAST(v."id" AS TEXT) AS record_key, max(v."_catchment_read_at") AS read_at FROM "salesforce_incremental"."account" v WHERE v."_catchment_attempt" = CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" IN ('put', 'delete') OR v."_catchment_op" = 'seen' AND coalesce(v."isdeleted", false)) AND CAST(v."id" AS TEXT) IN (SELECT record_key FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS TEXT)) GROUP BY 1) v ON v.record_key = r.record_key
LEFT JOIN (SELECT CAST(v."id" AS TEXT) AS record_key, max(v."_catchment_read_at") AS read_at FROM "salesforce_incremental"."account" v WHERE v."_catchment_attempt" = CAST(this_attempt AS TEXT) AND CAST(v."id" AS TEXT) IN (SELECT record_key FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS TEXT)) GROUP BY 1) w ON w.record_key = r.record_key
WHERE r.flow = CAST('Account' AS TEXT)
) n
WHERE n.past AND x.flow = CAST('Account' AS TEXT) AND x.record_key = n.record_key AND coalesce(x."_catchment_op", 'put') = n.op
	AND coalesce(x.field, '') = coalesce(n.field, '') AND coalesce(x."_catchment_attempt", '') = coalesce(n.attempt, '')
	AND coalesce(x."_catchment_job", '') = coalesce(n.job, '');
			UPDATE "salesforce"."account" AS f
SET "_catchment_rejected_at" = n.rejected_at
FROM (
	SELECT record_key, max(coalesce(stamp, "_catchment_read_at")) AS rejected_at
	FROM "salesforce_incremental"."_catchment_rejected"
	WHERE flow = CAST('Account' AS TEXT)
	GROUP BY record_key
) n
WHERE CAST(f."id" AS TEXT) = n.record_key AND f."_catchment_rejected_at" IS DISTINCT FROM n.rejected_at;
		END IF;
		-- Nothing of the attempt stays in staging; the log and the flow's row say what was done.
		SELECT count(*) INTO this_count FROM (SELECT 1 FROM "salesforce_incremental"."account" WHERE "_catchment_attempt" IS DISTINCT FROM CAST(this_attempt AS TEXT) LIMIT 1) x;
		IF this_count = 0 THEN
			TRUNCATE "salesforce_incremental"."account";
		ELSE
			DELETE FROM "salesforce_incremental"."account" WHERE "_catchment_attempt" IS NOT DISTINCT FROM this_attempt;
		END IF;
		DELETE FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt;
		DELETE FROM "salesforce_incremental"."_catchment_attempt" WHERE attempt = this_attempt;
		IF this_attempt IS NULL THEN
			this_bare := false;
		END IF;
		IF this_fresh AND this_written > 0 THEN
			this_rows := this_grown;
			this_newest := this_now;
		ELSIF this_one.complete OR this_one.override OR this_flow.synced_at IS NULL OR (this_written = 0 AND this_grown <> 0) THEN
			SELECT count(*), max("_catchment_synced_at") INTO this_rows, this_newest FROM "salesforce"."account";
		ELSIF this_written = 0 THEN
			this_rows := this_flow.row_count;
			this_newest := this_flow.newest;
		ELSE
			this_rows := this_flow.row_count + this_grown;
			this_newest := this_now;
		END IF;
		UPDATE "salesforce_incremental"."_catchment_flow" SET row_count = this_rows, newest = this_newest, synced_at = this_now, attempt = coalesce(this_attempt, attempt)
		WHERE table_name = 'account';
		IF this_one.watermark IS NOT NULL
			AND NOT coalesce(this_one.generation = this_flow.generation AND this_one.watermark < this_flow.watermark, false) THEN
			UPDATE "salesforce_incremental"."_catchment_flow" SET watermark = this_one.watermark, grade = this_one.grade, generation = this_one.generation
			WHERE table_name = 'account';
		END IF;
		INSERT INTO "salesforce_incremental"."_catchment_log" (attempt, flow, table_name, staged, inserted, updated, deleted, unchanged, row_count, watermark, grade, generation, synced_at, patched)
		SELECT coalesce(this_attempt, ''), flow, table_name, this_puts + this_patches + this_gone, this_inserted, this_updated, this_deleted,
			this_puts + this_patches + this_gone - this_applied, this_rows, watermark, grade, generation, this_now, this_patched
		FROM "salesforce_incremental"."_catchment_flow" WHERE table_name = 'account';
		all_attempts := all_attempts + 1;
		all_staged := all_staged + this_puts + this_patches + this_gone;
		all_inserted := all_inserted + this_inserted;
		all_updated := all_updated + this_updated;
		all_deleted := all_deleted + this_deleted;
		all_unchanged := all_unchanged + this_puts + this_patches + this_gone - this_applied;
	END LOOP;

	SELECT coalesce(sum(row_count), 0) INTO this_waiting FROM "salesforce_incremental"."_catchment_page" WHERE flow = this_flow.flow;
	IF all_attempts > 0 OR this_waiting > 0 THEN
		INSERT INTO "salesforce_incremental"."_catchment_call" VALUES (this_now, 'account', all_attempts, all_staged, all_inserted, all_updated,
			all_deleted, all_unchanged, this_waiting, NULL);
	END IF;
END;
$$ LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp;

CREATE OR REPLACE PROCEDURE "salesforce_incremental"."consolidate_contact"() AS $$
-- Written by Catchment: what a run does to consolidate this table, for CALL consolidated_of_tables().
DECLARE
	this_now TIMESTAMPTZ := clock_timestamp();
	this_flow RECORD;
	this_one RECORD;
	this_part RECORD;
	this_bare BOOLEAN;
	this_passed BIGINT := 0;
	this_place BIGINT;
	this_count BIGINT;
	this_same BIGINT;
	this_attempt TEXT;
	this_job TEXT;
	this_columns TEXT;
	this_reason TEXT;
	this_read_at TIMESTAMPTZ;
	this_began TIMESTAMPTZ;
	this_over BOOLEAN;
	this_mixed BOOLEAN;
	this_keyed BOOLEAN;
	this_fresh BOOLEAN;
	this_plain BOOLEAN;
	this_puts BIGINT;
	this_patches BIGINT;
	this_gone BIGINT;
	this_inserts BIGINT;
	this_updates BIGINT;
	this_deletes BIGINT;
	this_known BIGINT;
	this_inserted BIGINT;
	this_updated BIGINT;
	this_deleted BIGINT;
	this_grown BIGINT;
	this_written BIGINT;
	this_applied BIGINT;
	this_patched BIGINT;
	this_rows BIGINT;
	this_newest TIMESTAMPTZ;
	this_waiting BIGINT;
	all_attempts BIGINT := 0;
	all_staged BIGINT := 0;
	all_inserted BIGINT := 0;
	all_updated BIGINT := 0;
	all_deleted BIGINT := 0;
	all_unchanged BIGINT := 0;
BEGIN
	-- The flow's row first, as every transaction that consolidates: a run that is at work here ends before this goes on.
	SELECT * INTO this_flow FROM "salesforce_incremental"."_catchment_flow" WHERE table_name = 'contact' FOR UPDATE;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	LOCK TABLE "salesforce_incremental"."contact" IN EXCLUSIVE MODE;
	SELECT count(*) INTO this_count FROM (SELECT 1 FROM "salesforce_incremental"."contact" WHERE "_catchment_attempt" IS NULL LIMIT 1) x;
	this_bare := this_count > 0;

	-- What is consolidated is gone from the list, so the next one stands behind those that are passed over.
	LOOP
		SELECT * INTO this_one FROM (
			SELECT a.*, row_number() OVER (ORDER BY counted_at NULLS LAST, attempt) AS place FROM (
				SELECT attempt, policy, pages, row_count, complete, absent_reason, override, generation, watermark, grade, counted_at
				FROM "salesforce_incremental"."_catchment_attempt" WHERE table_name = 'contact'
				UNION ALL
				SELECT CAST(NULL AS TEXT), 'remove', 0, 0, false, 'purged', false, 0, CAST(NULL AS TIMESTAMPTZ), '', CAST(NULL AS TIMESTAMPTZ)
				WHERE this_bare
			) a
		) p WHERE place = this_passed + 1;
		EXIT WHEN NOT FOUND;
		this_attempt := this_one.attempt;
		this_reason := this_one.absent_reason;
		SELECT count(*) INTO this_count FROM "salesforce_incremental"."_catchment_log" WHERE attempt = this_attempt;
		IF this_count > 0 THEN -- merged before, and a page loaded once more since
			DELETE FROM "salesforce_incremental"."contact" WHERE "_catchment_attempt" IS NOT DISTINCT FROM this_attempt;
			DELETE FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt;
			DELETE FROM "salesforce_incremental"."_catchment_attempt" WHERE attempt = this_attempt;
			CONTINUE;
		END IF;
		SELECT count(*), coalesce(sum(row_count), 0) INTO this_count, this_same FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt;
		IF this_attempt IS NOT NULL AND (this_count <> this_one.pages OR this_same <> this_one.row_count) THEN
			this_passed := this_passed + 1; -- not whole any more: the run that loads it goes on
			CONTINUE;
		END IF;
		SELECT count(*), count(CASE WHEN column_name IN ('id', 'isdeleted', 'masterrecordid', 'systemmodstamp', 'odd"name', 'amount__c') THEN 1 END) INTO this_count, this_same FROM information_schema.columns
		WHERE table_schema = 'salesforce' AND table_name = 'contact' AND substring(CAST(column_name AS TEXT), 1, 11) <> '_catchment_';
		this_mixed := this_count <> 6 OR this_same <> 6;
		SELECT count(*) INTO this_count FROM pg_views WHERE schemaname = 'salesforce' AND viewname = 'contact';
		this_mixed := this_mixed OR this_count <> 0;
		SELECT count(*) INTO this_count FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND (op = 'put' AND columns <> 'id,isdeleted,masterrecordid,odd"name,systemmodstamp'
			OR op = 'patch' AND length(columns) - length(replace(columns, ',', '')) + 1 <> (CASE WHEN strpos(',' || columns || ',', ',id,') > 0 THEN 1 ELSE 0 END + CASE WHEN strpos(',' || columns || ',', ',isdeleted,') > 0 THEN 1 ELSE 0 END + CASE WHEN strpos(',' || columns || ',', ',masterrecordid,') > 0 THEN 1 ELSE 0 END + CASE WHEN strpos(',' || columns || ',', ',systemmodstamp,') > 0 THEN 1 ELSE 0 END + CASE WHEN strpos(',' || columns || ',', ',odd"name,') > 0 THEN 1 ELSE 0 END + CASE WHEN strpos(',' || columns || ',', ',amount__c,') > 0 THEN 1 ELSE 0 END));
		IF this_one.policy <> 'remove' OR this_mixed OR this_count > 0 THEN
			RAISE EXCEPTION 'the table or the flow has changed: install this again with catchment sql --dialect postgres --install';
		END IF;

		SELECT * INTO this_flow FROM "salesforce_incremental"."_catchment_flow" WHERE table_name = 'contact';
		SELECT coalesce(min(read_at), this_now), coalesce(bool_and(override), false), coalesce(bool_or(override), false)
		INTO this_began, this_over, this_mixed FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND op = 'put';
		IF this_mixed AND NOT this_over THEN
			this_passed := this_passed + 1; -- records of two kinds: the run that read them consolidates them
			CONTINUE;
		END IF;
		SELECT count(*) INTO this_count FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND reason IN ('archived');
		IF this_count > 0 THEN
			this_passed := this_passed + 1; -- gone for a reason that has rules of its own: the run that read them consolidates them
			CONTINUE;
		END IF;
		this_over := this_over OR this_one.override;
		SELECT count(*) INTO this_count FROM (SELECT 1 FROM "salesforce"."contact" LIMIT 1) x;
		this_fresh := this_count = 0;
		SELECT count(*) INTO this_count FROM pg_constraint WHERE conrelid = CAST('"salesforce"."contact"' AS regclass) AND contype = 'p';
		this_keyed := this_count > 0;
		this_plain := false;
		this_inserted := 0;
		this_updated := 0;
		this_deleted := 0;
		this_grown := 0;
		this_written := 0;
		this_applied := 0;
		SELECT count(*) INTO this_puts FROM "salesforce_incremental"."contact" v WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put');
		this_patches := 0;
		this_patched := 0;
		this_gone := 0;

		IF this_puts > 0 AND this_fresh THEN
			SELECT count(*) INTO this_count FROM (SELECT 1 FROM "salesforce_incremental"."_catchment_tombstone" WHERE table_name = 'contact' LIMIT 1) x;
			this_plain := this_count = 0;
		END IF;
		IF this_plain THEN
			SELECT count(*) = count(DISTINCT CAST(v."id" AS TEXT) COLLATE "C") INTO this_plain FROM "salesforce_incremental"."contact" v WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put');
		END IF;
		IF this_plain THEN
			BEGIN
				INSERT INTO "salesforce"."contact" ("id", "isdeleted", "masterrecordid", "systemmodstamp", "odd""name", "amount__c", "_catchment_synced_at", "_catchment_at", "_catchment_read_at", "_catchment_deleted_at", "_catchment_delete_reason", "_catchment_rejected_at")
SELECT
	v."id",
	v."isdeleted",
	v."masterrecordid",
	v."systemmodstamp",
	v."odd""name",
	NULL,
	CAST(this_now AS TIMESTAMPTZ),
	coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at"),
	v."_catchment_read_at",
	CASE WHEN coalesce(v."isdeleted", false) THEN coalesce(coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at"), CAST(this_now AS TIMESTAMPTZ)) END,
	CASE WHEN coalesce(v."isdeleted", false) THEN CASE WHEN v."masterrecordid" IS NOT NULL THEN 'merged' ELSE 'soft' END END,
	CAST(NULL AS TIMESTAMPTZ)
FROM "salesforce_incremental"."contact" v
WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put') AND NOT coalesce(v."isdeleted", false);
				GET DIAGNOSTICS this_count := ROW_COUNT;
				IF NOT this_keyed THEN
					ALTER TABLE "salesforce"."contact" ADD PRIMARY KEY ("id");
				END IF;
				this_keyed := true;
				this_inserted := this_count;
			this_applied := this_count;
			this_grown := this_count;
			this_written := this_count;
			INSERT INTO "salesforce_incremental"."_catchment_tombstone"
SELECT CAST('contact' AS TEXT), CAST(v."id" AS TEXT), coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at"), v."_catchment_read_at", CASE WHEN v."masterrecordid" IS NOT NULL THEN 'merged' ELSE 'soft' END, CAST(this_now AS TIMESTAMPTZ)
FROM "salesforce_incremental"."contact" v
WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put') AND coalesce(v."isdeleted", false);
			EXCEPTION WHEN unique_violation THEN
				this_plain := false; -- two versions of one key
			END;
		END IF;
		IF this_puts > 0 AND NOT this_plain THEN
			CREATE TEMP TABLE "_catchment_newest" AS
SELECT "id", "isdeleted", "masterrecordid", "systemmodstamp", "odd""name", "amount__c", "_catchment_synced_at", "_catchment_at", "_catchment_read_at", "_catchment_deleted_at", "_catchment_delete_reason", "_catchment_rejected_at", true AS known, true AS live, ctid AS place FROM "salesforce"."contact" WHERE false;
			IF this_over THEN
				INSERT INTO "_catchment_newest"
SELECT
	v."id",
	v."isdeleted",
	v."masterrecordid",
	v."systemmodstamp",
	v."odd""name",
	f."amount__c",
	CAST(this_now AS TIMESTAMPTZ),
	v._catchment_version,
	v."_catchment_read_at",
	CASE WHEN coalesce(v."isdeleted", false) THEN coalesce(f."_catchment_deleted_at", v._catchment_version, CAST(this_now AS TIMESTAMPTZ)) END,
	CASE WHEN coalesce(v."isdeleted", false) THEN CASE WHEN v."masterrecordid" IS NOT NULL THEN 'merged' ELSE 'soft' END END,
	CAST(NULL AS TIMESTAMPTZ),
	f."id" IS NOT NULL,
	f."id" IS NOT NULL AND f."_catchment_deleted_at" IS NULL,
	f.ctid
FROM (
	SELECT v.*, coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") AS _catchment_version, row_number() OVER (
		PARTITION BY v."id"
		ORDER BY coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") DESC NULLS LAST, v."_catchment_read_at" DESC NULLS LAST, v."_catchment_seq" DESC NULLS LAST) AS _catchment_rank
	FROM "salesforce_incremental"."contact" v
	WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put')
) v
LEFT JOIN "salesforce"."contact" f ON v."id" = f."id"
LEFT JOIN "salesforce_incremental"."_catchment_tombstone" t ON t.table_name = CAST('contact' AS TEXT) AND t.record_key = CAST(v."id" AS TEXT)
WHERE v._catchment_rank = 1
	AND (f."id" IS NULL OR (v."_catchment_read_at" IS NULL OR f."_catchment_read_at" IS NULL OR v."_catchment_read_at" >= f."_catchment_read_at"))
	AND (t.record_key IS NULL OR (v."_catchment_read_at" IS NULL OR t."_catchment_read_at" IS NULL OR v."_catchment_read_at" >= t."_catchment_read_at"))
	AND NOT (coalesce(v."isdeleted", false) AND (coalesce(f."_catchment_delete_reason" IN ('archived'), false) OR CAST(v."id" AS TEXT) IN (SELECT record_id FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted')));
			ELSE
				INSERT INTO "_catchment_newest"
SELECT
	v."id",
	v."isdeleted",
	v."masterrecordid",
	v."systemmodstamp",
	v."odd""name",
	f."amount__c",
	CAST(this_now AS TIMESTAMPTZ),
	v._catchment_version,
	v."_catchment_read_at",
	CASE WHEN coalesce(v."isdeleted", false) THEN coalesce(f."_catchment_deleted_at", v._catchment_version, CAST(this_now AS TIMESTAMPTZ)) END,
	CASE WHEN coalesce(v."isdeleted", false) THEN CASE WHEN v."masterrecordid" IS NOT NULL THEN 'merged' ELSE 'soft' END END,
	CAST(NULL AS TIMESTAMPTZ),
	f."id" IS NOT NULL,
	f."id" IS NOT NULL AND f."_catchment_deleted_at" IS NULL,
	f.ctid
FROM (
	SELECT v.*, coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") AS _catchment_version, row_number() OVER (
		PARTITION BY v."id"
		ORDER BY coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") DESC NULLS LAST, v."_catchment_read_at" DESC NULLS LAST, v."_catchment_seq" DESC NULLS LAST) AS _catchment_rank
	FROM "salesforce_incremental"."contact" v
	WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put')
) v
LEFT JOIN "salesforce"."contact" f ON v."id" = f."id"
LEFT JOIN "salesforce_incremental"."_catchment_tombstone" t ON t.table_name = CAST('contact' AS TEXT) AND t.record_key = CAST(v."id" AS TEXT)
WHERE v._catchment_rank = 1
	AND (f."id" IS NULL OR (coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') > coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01') OR
		coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') = coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01') AND coalesce(v."_catchment_read_at", TIMESTAMPTZ '0001-01-01') > coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01')))
	AND (t.record_key IS NULL OR (coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') > coalesce(t."_catchment_at", TIMESTAMPTZ '0001-01-01') OR
		coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') = coalesce(t."_catchment_at", TIMESTAMPTZ '0001-01-01') AND coalesce(v."_catchment_read_at", TIMESTAMPTZ '0001-01-01') > coalesce(t."_catchment_read_at", TIMESTAMPTZ '0001-01-01')))
	AND NOT (coalesce(v."isdeleted", false) AND (coalesce(f."_catchment_delete_reason" IN ('archived'), false) OR CAST(v."id" AS TEXT) IN (SELECT record_id FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted')));
			END IF;
			SELECT count(CASE WHEN NOT known AND NOT n."_catchment_deleted_at" IS NOT NULL THEN 1 END), count(CASE WHEN known AND NOT n."_catchment_deleted_at" IS NOT NULL THEN 1 END), count(CASE WHEN live AND n."_catchment_deleted_at" IS NOT NULL THEN 1 END), count(CASE WHEN known THEN 1 END) INTO this_inserts, this_updates, this_deletes, this_known FROM "_catchment_newest" n;
			this_deleted := this_deleted + this_deletes;
			IF this_deleted > 100 THEN
				SELECT count(*) - count("_catchment_deleted_at") INTO this_count FROM "salesforce"."contact";
				IF this_deleted * 20 > this_count + this_deleted - this_deletes THEN
					RAISE EXCEPTION '% of % rows would be deleted: look at them, then catchment run --allow-deletes', this_deleted, this_count + this_deleted - this_deletes;
				END IF;
			END IF;
			this_inserted := this_inserted + this_inserts;
			this_updated := this_updated + this_updates;
			this_applied := this_applied + this_inserts + this_updates + this_deletes;
			UPDATE "salesforce"."contact" f
SET "isdeleted" = n."isdeleted", "masterrecordid" = n."masterrecordid", "systemmodstamp" = n."systemmodstamp", "odd""name" = n."odd""name", "amount__c" = n."amount__c", "_catchment_synced_at" = n."_catchment_synced_at", "_catchment_at" = n."_catchment_at", "_catchment_read_at" = n."_catchment_read_at", "_catchment_deleted_at" = n."_catchment_deleted_at", "_catchment_delete_reason" = n."_catchment_delete_reason", "_catchment_rejected_at" = n."_catchment_rejected_at"
FROM "_catchment_newest" n
WHERE n."_catchment_deleted_at" IS NULL AND n.known AND f.ctid = n.place;
GET DIAGNOSTICS this_count := ROW_COUNT;
this_written := this_written + this_count;
this_known := this_known - this_count;
INSERT INTO "salesforce"."contact" ("id", "isdeleted", "masterrecordid", "systemmodstamp", "odd""name", "amount__c", "_catchment_synced_at", "_catchment_at", "_catchment_read_at", "_catchment_deleted_at", "_catchment_delete_reason", "_catchment_rejected_at")
SELECT n."id", n."isdeleted", n."masterrecordid", n."systemmodstamp", n."odd""name", n."amount__c", n."_catchment_synced_at", n."_catchment_at", n."_catchment_read_at", n."_catchment_deleted_at", n."_catchment_delete_reason", n."_catchment_rejected_at"
FROM "_catchment_newest" n
WHERE n."_catchment_deleted_at" IS NULL AND NOT n.known;
GET DIAGNOSTICS this_count := ROW_COUNT;
this_grown := this_grown + (1) * this_count;
this_written := this_written + this_count;
DELETE FROM "salesforce"."contact" f
USING "_catchment_newest" n
WHERE n.known AND f.ctid = n.place AND n."_catchment_deleted_at" IS NOT NULL;
GET DIAGNOSTICS this_count := ROW_COUNT;
this_grown := this_grown + (-1) * this_count;
this_known := this_known - this_count;
IF this_known <> 0 THEN
				RAISE EXCEPTION 'somebody else changed % rows of the table meanwhile: call this again', this_known;
			END IF;
			DELETE FROM "salesforce_incremental"."_catchment_tombstone" t
USING "_catchment_newest" n
WHERE t.table_name = 'contact' AND t.record_key = CAST(n."id" AS TEXT);
INSERT INTO "salesforce_incremental"."_catchment_tombstone"
SELECT CAST('contact' AS TEXT), CAST(n."id" AS TEXT), n."_catchment_at", n."_catchment_read_at", n."_catchment_delete_reason", CAST(this_now AS TIMESTAMPTZ)
FROM "_catchment_newest" n
WHERE n."_catchment_deleted_at" IS NOT NULL;
			DROP TABLE "_catchment_newest";
		END IF;

		this_place := 0;
		LOOP
			this_place := this_place + 1;
			SELECT * INTO this_part FROM (
				SELECT job, columns, coalesce(bool_or(override), false) OR this_one.override AS override,
					row_number() OVER (ORDER BY min(read_at), min(seq)) AS place
				FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND op = 'patch' GROUP BY job, columns
			) p WHERE place = this_place;
			EXIT WHEN NOT FOUND;
			this_job := this_part.job;
			this_columns := this_part.columns;
			SELECT count(*) + this_patches INTO this_patches FROM "salesforce_incremental"."contact" v WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND coalesce(v."_catchment_job", '') = this_job AND v."_catchment_op" = 'patch';
			IF this_part.override THEN
				UPDATE "salesforce"."contact" AS f
SET "odd""name" = CASE WHEN strpos(',' || this_columns || ',', ',odd"name,') > 0 THEN v."odd""name" ELSE f."odd""name" END,
	"amount__c" = CASE WHEN strpos(',' || this_columns || ',', ',amount__c,') > 0 THEN v."amount__c" ELSE f."amount__c" END,
	"_catchment_synced_at" = CAST(this_now AS TIMESTAMPTZ)
FROM (
	SELECT v.*, coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") AS _catchment_version, row_number() OVER (
		PARTITION BY v."id"
		ORDER BY coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") DESC NULLS LAST, v."_catchment_seq" DESC NULLS LAST) AS _catchment_rank
	FROM "salesforce_incremental"."contact" v
	WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND coalesce(v."_catchment_job", '') = this_job AND v."_catchment_op" = 'patch' AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" r WHERE r."_catchment_attempt" = CAST(this_attempt AS TEXT) AND r.record_key = CAST(v."id" AS TEXT) AND coalesce(r."_catchment_op", 'put') = 'put') AND NOT CAST(v."id" AS TEXT) IN (SELECT record_id FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted')
) v
WHERE v._catchment_rank = 1 AND v."id" = f."id"
	AND (strpos(',' || this_columns || ',', ',odd"name,') > 0 AND f."odd""name" IS DISTINCT FROM v."odd""name"
		OR strpos(',' || this_columns || ',', ',amount__c,') > 0 AND f."amount__c" IS DISTINCT FROM v."amount__c")
	AND NOT coalesce(f."_catchment_delete_reason" IN ('archived'), false);
			ELSE
				UPDATE "salesforce"."contact" AS f
SET "odd""name" = CASE WHEN strpos(',' || this_columns || ',', ',odd"name,') > 0 THEN v."odd""name" ELSE f."odd""name" END,
	"amount__c" = CASE WHEN strpos(',' || this_columns || ',', ',amount__c,') > 0 THEN v."amount__c" ELSE f."amount__c" END,
	"_catchment_synced_at" = CAST(this_now AS TIMESTAMPTZ)
FROM (
	SELECT v.*, coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") AS _catchment_version, row_number() OVER (
		PARTITION BY v."id"
		ORDER BY coalesce(v."_catchment_at", v."systemmodstamp", v."_catchment_read_at") DESC NULLS LAST, v."_catchment_seq" DESC NULLS LAST) AS _catchment_rank
	FROM "salesforce_incremental"."contact" v
	WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND coalesce(v."_catchment_job", '') = this_job AND v."_catchment_op" = 'patch' AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" r WHERE r."_catchment_attempt" = CAST(this_attempt AS TEXT) AND r.record_key = CAST(v."id" AS TEXT) AND coalesce(r."_catchment_op", 'put') = 'put') AND NOT CAST(v."id" AS TEXT) IN (SELECT record_id FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted')
) v
WHERE v._catchment_rank = 1 AND v."id" = f."id"
	AND (strpos(',' || this_columns || ',', ',odd"name,') > 0 AND f."odd""name" IS DISTINCT FROM v."odd""name"
		OR strpos(',' || this_columns || ',', ',amount__c,') > 0 AND f."amount__c" IS DISTINCT FROM v."amount__c")
	AND NOT coalesce(f."_catchment_delete_reason" IN ('archived'), false)
	AND (coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') > coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01') OR
		coalesce(v._catchment_version, TIMESTAMPTZ '0001-01-01') = coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01') AND coalesce(v."_catchment_read_at", TIMESTAMPTZ '0001-01-01') >= coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01'));
			END IF;
			GET DIAGNOSTICS this_count := ROW_COUNT;
			this_updated := this_updated + this_count;
			this_patched := this_patched + this_count;
			this_applied := this_applied + this_count;
			this_written := this_written + this_count;
		END LOOP;

		this_place := 0;
		LOOP
			this_place := this_place + 1;
			SELECT * INTO this_part FROM (
				SELECT d.*, row_number() OVER (ORDER BY read_at, seq) AS place FROM (
					SELECT coalesce(nullif(reason, ''), this_one.absent_reason) AS reason, coalesce(override, false) OR this_one.override AS override,
						min(read_at) AS read_at, min(seq) AS seq
					FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND op = 'delete' GROUP BY 1, 2
					UNION ALL
					SELECT this_one.absent_reason, false, CAST(NULL AS TIMESTAMPTZ), 0 WHERE this_attempt IS NULL
				) d
			) p WHERE place = this_place;
			EXIT WHEN NOT FOUND;
			this_reason := this_part.reason;
			this_mixed := this_part.override;
			SELECT count(*) + this_gone INTO this_gone FROM "salesforce_incremental"."contact" v WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND coalesce(v."_catchment_job", '') IN (SELECT '' UNION ALL SELECT job FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND op = 'delete' AND coalesce(nullif(reason, ''), this_one.absent_reason) = this_reason AND (coalesce(override, false) OR this_one.override) = this_mixed) AND v."_catchment_op" = 'delete';
			CREATE TEMP TABLE "_catchment_gone" AS
SELECT "id", "_catchment_at", "_catchment_read_at" FROM "salesforce"."contact" WHERE false;
			IF this_part.override THEN
				INSERT INTO "_catchment_gone"
SELECT f."id", f."_catchment_at", v.read_at
FROM (
	SELECT v."id", max(coalesce(v."_catchment_at", v."systemmodstamp")) AS at, max(v."_catchment_read_at") AS read_at
	FROM "salesforce_incremental"."contact" v
	WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND coalesce(v."_catchment_job", '') IN (SELECT '' UNION ALL SELECT job FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND op = 'delete' AND coalesce(nullif(reason, ''), this_one.absent_reason) = this_reason AND (coalesce(override, false) OR this_one.override) = this_mixed) AND v."_catchment_op" = 'delete'
	GROUP BY v."id"
) v
JOIN "salesforce"."contact" f ON v."id" = f."id"
WHERE f."_catchment_deleted_at" IS NULL
	AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS TEXT))
	AND (v.read_at IS NULL OR f."_catchment_read_at" IS NULL OR v.read_at >= f."_catchment_read_at");
			ELSE
				INSERT INTO "_catchment_gone"
SELECT f."id", f."_catchment_at", v.read_at
FROM (
	SELECT v."id", max(coalesce(v."_catchment_at", v."systemmodstamp")) AS at, max(v."_catchment_read_at") AS read_at
	FROM "salesforce_incremental"."contact" v
	WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND coalesce(v."_catchment_job", '') IN (SELECT '' UNION ALL SELECT job FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND op = 'delete' AND coalesce(nullif(reason, ''), this_one.absent_reason) = this_reason AND (coalesce(override, false) OR this_one.override) = this_mixed) AND v."_catchment_op" = 'delete'
	GROUP BY v."id"
) v
JOIN "salesforce"."contact" f ON v."id" = f."id"
WHERE f."_catchment_deleted_at" IS NULL
	AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS TEXT))
	AND (v.at IS NULL OR v.at >= coalesce(f."_catchment_at", TIMESTAMPTZ '0001-01-01'))
	AND coalesce(v.read_at, TIMESTAMPTZ '0001-01-01') > coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01');
			END IF;
			GET DIAGNOSTICS this_deletes := ROW_COUNT;
			this_applied := this_applied + this_deletes;
			this_deleted := this_deleted + this_deletes;
			IF this_deleted > 100 THEN
				SELECT count(*) - count("_catchment_deleted_at") INTO this_count FROM "salesforce"."contact";
				IF this_deleted * 20 > this_count + this_deleted - this_deletes THEN
					RAISE EXCEPTION '% of % rows would be deleted: look at them, then catchment run --allow-deletes', this_deleted, this_count + this_deleted - this_deletes;
				END IF;
			END IF;
			DELETE FROM "salesforce_incremental"."_catchment_tombstone" t
USING "_catchment_gone" n
WHERE t.table_name = 'contact' AND t.record_key = CAST(n."id" AS TEXT);
INSERT INTO "salesforce_incremental"."_catchment_tombstone"
SELECT CAST('contact' AS TEXT), CAST(n."id" AS TEXT), n."_catchment_at", n."_catchment_read_at", this_reason, CAST(this_now AS TIMESTAMPTZ)
FROM "_catchment_gone" n
WHERE true;
			DELETE FROM "salesforce"."contact" f
USING "_catchment_gone" n
WHERE n."id" = f."id";
			GET DIAGNOSTICS this_count := ROW_COUNT;
			this_grown := this_grown - this_count;
			DROP TABLE "_catchment_gone";
		END LOOP;

		this_place := 0;
		LOOP
			this_place := this_place + 1;
			SELECT * INTO this_part FROM (
				SELECT d.*, row_number() OVER (ORDER BY read_at, seq) AS place FROM (
					SELECT coalesce(nullif(reason, ''), this_one.absent_reason) AS reason, min(read_at) AS read_at, min(seq) AS seq
					FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND op = 'seen' GROUP BY 1
				) d
			) p WHERE place = this_place;
			EXIT WHEN NOT FOUND;
			this_reason := this_part.reason;
			this_read_at := this_part.read_at;
			CREATE TEMP TABLE "_catchment_gone" AS
SELECT "id", "_catchment_at", "_catchment_read_at" FROM "salesforce"."contact" WHERE false;
			INSERT INTO "_catchment_gone"
SELECT f."id", f."_catchment_at", CAST(this_read_at AS TIMESTAMPTZ)
FROM "salesforce"."contact" f
WHERE f."_catchment_deleted_at" IS NULL
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."contact" v WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND coalesce(v."_catchment_job", '') IN (SELECT '' UNION ALL SELECT job FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt AND op = 'seen' AND coalesce(nullif(reason, ''), this_one.absent_reason) = this_reason) AND v."_catchment_op" = 'seen' AND v."id" = f."id")
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" r WHERE r."_catchment_attempt" = CAST(this_attempt AS TEXT) AND r.record_key = CAST(f."id" AS TEXT) AND coalesce(r."_catchment_op", 'put') = 'put')
	AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS TEXT))
	AND coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01') < CAST(this_read_at AS TIMESTAMPTZ);
			GET DIAGNOSTICS this_deletes := ROW_COUNT;
			this_deleted := this_deleted + this_deletes;
			IF this_deleted > 100 THEN
				SELECT count(*) - count("_catchment_deleted_at") INTO this_count FROM "salesforce"."contact";
				IF this_deleted * 20 > this_count + this_deleted - this_deletes THEN
					RAISE EXCEPTION '% of % rows would be deleted: look at them, then catchment run --allow-deletes', this_deleted, this_count + this_deleted - this_deletes;
				END IF;
			END IF;
			DELETE FROM "salesforce_incremental"."_catchment_tombstone" t
USING "_catchment_gone" n
WHERE t.table_name = 'contact' AND t.record_key = CAST(n."id" AS TEXT);
INSERT INTO "salesforce_incremental"."_catchment_tombstone"
SELECT CAST('contact' AS TEXT), CAST(n."id" AS TEXT), n."_catchment_at", n."_catchment_read_at", this_reason, CAST(this_now AS TIMESTAMPTZ)
FROM "_catchment_gone" n
WHERE true;
			DELETE FROM "salesforce"."contact" f
USING "_catchment_gone" n
WHERE n."id" = f."id";
			GET DIAGNOSTICS this_count := ROW_COUNT;
			this_grown := this_grown - this_count;
			DROP TABLE "_catchment_gone";
		END LOOP;
		IF this_one.complete THEN
			this_reason := this_one.absent_reason;
			this_read_at := this_began;
			CREATE TEMP TABLE "_catchment_gone" AS
SELECT "id", "_catchment_at", "_catchment_read_at" FROM "salesforce"."contact" WHERE false;
			IF this_one.override THEN
				INSERT INTO "_catchment_gone"
SELECT f."id", f."_catchment_at", CAST(this_read_at AS TIMESTAMPTZ)
FROM "salesforce"."contact" f
WHERE f."_catchment_deleted_at" IS NULL
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."contact" v WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put') AND v."id" = f."id")
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" r WHERE r."_catchment_attempt" = CAST(this_attempt AS TEXT) AND r.record_key = CAST(f."id" AS TEXT) AND coalesce(r."_catchment_op", 'put') = 'put')
	AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS TEXT))
	AND (CAST(this_read_at AS TIMESTAMPTZ) IS NULL OR f."_catchment_read_at" IS NULL OR CAST(this_read_at AS TIMESTAMPTZ) >= f."_catchment_read_at");
			ELSE
				INSERT INTO "_catchment_gone"
SELECT f."id", f."_catchment_at", CAST(this_read_at AS TIMESTAMPTZ)
FROM "salesforce"."contact" f
WHERE f."_catchment_deleted_at" IS NULL
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."contact" v WHERE v."_catchment_attempt" IS NOT DISTINCT FROM CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" = 'put') AND v."id" = f."id")
	AND NOT EXISTS (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" r WHERE r."_catchment_attempt" = CAST(this_attempt AS TEXT) AND r.record_key = CAST(f."id" AS TEXT) AND coalesce(r."_catchment_op", 'put') = 'put')
	AND NOT EXISTS (SELECT 1 FROM "salesforce"."_catchment_archive" a WHERE a.object = 'Account' AND a.state = 'posted' AND a.record_id = CAST(f."id" AS TEXT))
	AND coalesce(f."_catchment_read_at", TIMESTAMPTZ '0001-01-01') < CAST(this_read_at AS TIMESTAMPTZ);
			END IF;
			GET DIAGNOSTICS this_deletes := ROW_COUNT;
			this_deleted := this_deleted + this_deletes;
			IF this_deleted > 100 THEN
				SELECT count(*) - count("_catchment_deleted_at") INTO this_count FROM "salesforce"."contact";
				IF this_deleted * 20 > this_count + this_deleted - this_deletes THEN
					RAISE EXCEPTION '% of % rows would be deleted: look at them, then catchment run --allow-deletes', this_deleted, this_count + this_deleted - this_deletes;
				END IF;
			END IF;
			DELETE FROM "salesforce_incremental"."_catchment_tombstone" t
USING "_catchment_gone" n
WHERE t.table_name = 'contact' AND t.record_key = CAST(n."id" AS TEXT);
INSERT INTO "salesforce_incremental"."_catchment_tombstone"
SELECT CAST('contact' AS TEXT), CAST(n."id" AS TEXT), n."_catchment_at", n."_catchment_read_at", this_reason, CAST(this_now AS TIMESTAMPTZ)
FROM "_catchment_gone" n
WHERE true;
			DELETE FROM "salesforce"."contact" f
USING "_catchment_gone" n
WHERE n."id" = f."id";
			GET DIAGNOSTICS this_count := ROW_COUNT;
			this_grown := this_grown - this_count;
			DROP TABLE "_catchment_gone";
		END IF;

		IF NOT this_keyed THEN
			ALTER TABLE "salesforce"."contact" ADD PRIMARY KEY ("id");
		END IF;

		-- What was kept out of the table, as far as nothing newer is known of it.
		SELECT count(*) INTO this_count FROM (SELECT 1 FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = 'Account' LIMIT 1) x;
		IF this_count > 0 THEN
			UPDATE "salesforce"."contact" AS f
SET "_catchment_rejected_at" = NULL
FROM (
SELECT r.record_key, r.field, r.rule, coalesce(r."_catchment_op", 'put') AS op,
	r."_catchment_attempt" AS attempt, r."_catchment_job" AS job,
	f."id" IS NOT NULL AND f."_catchment_deleted_at" IS NULL AS live,
	n.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(this_attempt AS TEXT) OR r."_catchment_read_at" < n.read_at)
		OR m.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(this_attempt AS TEXT) OR r."_catchment_read_at" < m.read_at)
		OR v.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(this_attempt AS TEXT) OR r."_catchment_read_at" < v.read_at)
		OR this_one.complete AND r."_catchment_attempt" <> CAST(this_attempt AS TEXT)
		OR w.record_key IS NULL AND r."_catchment_attempt" <> CAST(this_attempt AS TEXT) AND (SELECT count(*) FROM "salesforce_incremental"."_catchment_page" WHERE attempt = CAST(this_attempt AS TEXT) AND op = 'seen') > 0
		OR coalesce(f."_catchment_read_at" > r."_catchment_read_at", false)
		OR coalesce(t."_catchment_read_at" > r."_catchment_read_at", false) AS past
FROM "salesforce_incremental"."_catchment_rejected" r
LEFT JOIN "salesforce"."contact" f ON CAST(f."id" AS TEXT) = r.record_key
LEFT JOIN "salesforce_incremental"."_catchment_tombstone" t ON t.table_name = CAST('contact' AS TEXT) AND t.record_key = r.record_key
LEFT JOIN (SELECT record_key, max("_catchment_read_at") AS read_at FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS TEXT) AND "_catchment_attempt" = CAST(this_attempt AS TEXT) AND coalesce("_catchment_op", 'put') = 'put' GROUP BY record_key) n ON n.record_key = r.record_key
LEFT JOIN (SELECT record_key, field, max("_catchment_read_at") AS read_at FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS TEXT) AND "_catchment_attempt" = CAST(this_attempt AS TEXT) AND coalesce("_catchment_op", 'put') = 'patch' GROUP BY record_key, field) m ON m.record_key = r.record_key AND m.field = r.field AND coalesce(r."_catchment_op", 'put') = 'patch'
LEFT JOIN (SELECT CAST(v."id" AS TEXT) AS record_key, max(v."_catchment_read_at") AS read_at FROM "salesforce_incremental"."contact" v WHERE v."_catchment_attempt" = CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" IN ('put', 'delete') OR v."_catchment_op" = 'seen' AND coalesce(v."isdeleted", false)) AND CAST(v."id" AS TEXT) IN (SELECT record_key FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS TEXT)) GROUP BY 1) v ON v.record_key = r.record_key
LEFT JOIN (SELECT CAST(v."id" AS TEXT) AS record_key, max(v."_catchment_read_at") AS read_at FROM "salesforce_incremental"."contact" v WHERE v."_catchment_attempt" = CAST(this_attempt AS TEXT) AND CAST(v."id" AS TEXT) IN (SELECT record_key FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS TEXT)) GROUP BY 1) w ON w.record_key = r.record_key
WHERE r.flow = CAST('Account' AS TEXT)
) n
WHERE n.past AND CAST(f."id" AS TEXT) = n.record_key AND f."_catchment_rejected_at" IS NOT NULL;
			DELETE FROM "salesforce_incremental"."_catchment_rejected" x
USING (
SELECT r.record_key, r.field, r.rule, coalesce(r."_catchment_op", 'put') AS op,
	r."_catchment_attempt" AS attempt, r."_catchment_job" AS job,
	f."id" IS NOT NULL AND f."_catchment_deleted_at" IS NULL AS live,
	n.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(this_attempt AS TEXT) OR r."_catchment_read_at" < n.read_at)
		OR m.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(this_attempt AS TEXT) OR r."_catchment_read_at" < m.read_at)
		OR v.record_key IS NOT NULL AND (r."_catchment_attempt" <> CAST(this_attempt AS TEXT) OR r."_catchment_read_at" < v.read_at)
		OR this_one.complete AND r."_catchment_attempt" <> CAST(this_attempt AS TEXT)
		OR w.record_key IS NULL AND r."_catchment_attempt" <> CAST(this_attempt AS TEXT) AND (SELECT count(*) FROM "salesforce_incremental"."_catchment_page" WHERE attempt = CAST(this_attempt AS TEXT) AND op = 'seen') > 0
		OR coalesce(f."_catchment_read_at" > r."_catchment_read_at", false)
		OR coalesce(t."_catchment_read_at" > r."_catchment_read_at", false) AS past
FROM "salesforce_incremental"."_catchment_rejected" r
LEFT JOIN "salesforce"."contact" f ON CAST(f."id" AS TEXT) = r.record_key
LEFT JOIN "salesforce_incremental"."_catchment_tombstone" t ON t.table_name = CAST('contact' AS TEXT) AND t.record_key = r.record_key
LEFT JOIN (SELECT record_key, max("_catchment_read_at") AS read_at FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS TEXT) AND "_catchment_attempt" = CAST(this_attempt AS TEXT) AND coalesce("_catchment_op", 'put') = 'put' GROUP BY record_key) n ON n.record_key = r.record_key
LEFT JOIN (SELECT record_key, field, max("_catchment_read_at") AS read_at FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS TEXT) AND "_catchment_attempt" = CAST(this_attempt AS TEXT) AND coalesce("_catchment_op", 'put') = 'patch' GROUP BY record_key, field) m ON m.record_key = r.record_key AND m.field = r.field AND coalesce(r."_catchment_op", 'put') = 'patch'
LEFT JOIN (SELECT CAST(v."id" AS TEXT) AS record_key, max(v."_catchment_read_at") AS read_at FROM "salesforce_incremental"."contact" v WHERE v."_catchment_attempt" = CAST(this_attempt AS TEXT) AND (v."_catchment_op" IS NULL OR v."_catchment_op" IN ('put', 'delete') OR v."_catchment_op" = 'seen' AND coalesce(v."isdeleted", false)) AND CAST(v."id" AS TEXT) IN (SELECT record_key FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS TEXT)) GROUP BY 1) v ON v.record_key = r.record_key
LEFT JOIN (SELECT CAST(v."id" AS TEXT) AS record_key, max(v."_catchment_read_at") AS read_at FROM "salesforce_incremental"."contact" v WHERE v."_catchment_attempt" = CAST(this_attempt AS TEXT) AND CAST(v."id" AS TEXT) IN (SELECT record_key FROM "salesforce_incremental"."_catchment_rejected" WHERE flow = CAST('Account' AS TEXT)) GROUP BY 1) w ON w.record_key = r.record_key
WHERE r.flow = CAST('Account' AS TEXT)
) n
WHERE n.past AND x.flow = CAST('Account' AS TEXT) AND x.record_key = n.record_key AND coalesce(x."_catchment_op", 'put') = n.op
	AND coalesce(x.field, '') = coalesce(n.field, '') AND coalesce(x."_catchment_attempt", '') = coalesce(n.attempt, '')
	AND coalesce(x."_catchment_job", '') = coalesce(n.job, '');
			UPDATE "salesforce"."contact" AS f
SET "_catchment_rejected_at" = n.rejected_at
FROM (
	SELECT record_key, max(coalesce(stamp, "_catchment_read_at")) AS rejected_at
	FROM "salesforce_incremental"."_catchment_rejected"
	WHERE flow = CAST('Account' AS TEXT)
	GROUP BY record_key
) n
WHERE CAST(f."id" AS TEXT) = n.record_key AND f."_catchment_rejected_at" IS DISTINCT FROM n.rejected_at;
		END IF;
		-- Nothing of the attempt stays in staging; the log and the flow's row say what was done.
		SELECT count(*) INTO this_count FROM (SELECT 1 FROM "salesforce_incremental"."contact" WHERE "_catchment_attempt" IS DISTINCT FROM CAST(this_attempt AS TEXT) LIMIT 1) x;
		IF this_count = 0 THEN
			TRUNCATE "salesforce_incremental"."contact";
		ELSE
			DELETE FROM "salesforce_incremental"."contact" WHERE "_catchment_attempt" IS NOT DISTINCT FROM this_attempt;
		END IF;
		DELETE FROM "salesforce_incremental"."_catchment_page" WHERE attempt = this_attempt;
		DELETE FROM "salesforce_incremental"."_catchment_attempt" WHERE attempt = this_attempt;
		IF this_attempt IS NULL THEN
			this_bare := false;
		END IF;
		IF this_fresh AND this_written > 0 THEN
			this_rows := this_grown;
			this_newest := this_now;
		ELSIF this_one.complete OR this_one.override OR this_flow.synced_at IS NULL OR (this_written = 0 AND this_grown <> 0) THEN
			SELECT count(*), max("_catchment_synced_at") INTO this_rows, this_newest FROM "salesforce"."contact";
		ELSIF this_written = 0 THEN
			this_rows := this_flow.row_count;
			this_newest := this_flow.newest;
		ELSE
			this_rows := this_flow.row_count + this_grown;
			this_newest := this_now;
		END IF;
		UPDATE "salesforce_incremental"."_catchment_flow" SET row_count = this_rows, newest = this_newest, synced_at = this_now, attempt = coalesce(this_attempt, attempt)
		WHERE table_name = 'contact';
		IF this_one.watermark IS NOT NULL
			AND NOT coalesce(this_one.generation = this_flow.generation AND this_one.watermark < this_flow.watermark, false) THEN
			UPDATE "salesforce_incremental"."_catchment_flow" SET watermark = this_one.watermark, grade = this_one.grade, generation = this_one.generation
			WHERE table_name = 'contact';
		END IF;
		INSERT INTO "salesforce_incremental"."_catchment_log" (attempt, flow, table_name, staged, inserted, updated, deleted, unchanged, row_count, watermark, grade, generation, synced_at, patched)
		SELECT coalesce(this_attempt, ''), flow, table_name, this_puts + this_patches + this_gone, this_inserted, this_updated, this_deleted,
			this_puts + this_patches + this_gone - this_applied, this_rows, watermark, grade, generation, this_now, this_patched
		FROM "salesforce_incremental"."_catchment_flow" WHERE table_name = 'contact';
		all_attempts := all_attempts + 1;
		all_staged := all_staged + this_puts + this_patches + this_gone;
		all_inserted := all_inserted + this_inserted;
		all_updated := all_updated + this_updated;
		all_deleted := all_deleted + this_deleted;
		all_unchanged := all_unchanged + this_puts + this_patches + this_gone - this_applied;
	END LOOP;

	SELECT coalesce(sum(row_count), 0) INTO this_waiting FROM "salesforce_incremental"."_catchment_page" WHERE flow = this_flow.flow;
	IF all_attempts > 0 OR this_waiting > 0 THEN
		INSERT INTO "salesforce_incremental"."_catchment_call" VALUES (this_now, 'contact', all_attempts, all_staged, all_inserted, all_updated,
			all_deleted, all_unchanged, this_waiting, NULL);
	END IF;
END;
$$ LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp;

CREATE OR REPLACE PROCEDURE "salesforce_incremental"."consolidated_of_tables"() AS $$
-- Written by Catchment: consolidates every table with staged rows, and commits after each. One that fails doesn't stop
-- the others. What an unfinished run has loaded so far is left to that run.
DECLARE
	this_place BIGINT := 0;
	this_count BIGINT;
	this_table pg_catalog.TEXT;
	this_name pg_catalog.TEXT;
	this_text pg_catalog.TEXT;
	this_state pg_catalog.TEXT;
	this_constraint pg_catalog.TEXT;
BEGIN
	LOOP
		-- Names are looked up there alone, whoever calls this and however. What commits can't have a SET clause, so each of
		-- its transactions begins with this.
		PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
		this_place := this_place + 1;
		SELECT table_name INTO this_table FROM (SELECT table_name, row_number() OVER (ORDER BY flow) AS place FROM "salesforce_incremental"."_catchment_flow") f WHERE place = this_place;
		EXIT WHEN NOT FOUND;
		this_name := 'consolidate_' || CASE WHEN length(this_table) > 51 THEN md5(this_table) ELSE this_table END;
		this_text := NULL;
		SELECT count(*) INTO this_count FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace
		JOIN pg_proc a ON a.pronamespace = s.oid AND a.proname = 'consolidated_of_tables' AND a.pronargs = 0
		WHERE s.nspname = 'salesforce_incremental' AND p.proname = this_name AND p.pronargs = 0
			AND (p.proowner = a.proowner OR p.proowner IN (SELECT usesysid FROM pg_user WHERE usesuper));
		IF this_count = 0 THEN -- nor is it one that somebody else has put there under that name
			SELECT count(*) INTO this_count FROM "salesforce_incremental"."_catchment_page" p JOIN "salesforce_incremental"."_catchment_flow" f ON f.flow = p.flow WHERE f.table_name = this_table;
			IF this_count > 0 THEN
				this_text := 'no procedure for this table: install it with catchment sql --dialect postgres --install';
			END IF;
		ELSE
			BEGIN
				EXECUTE 'CALL ' || quote_ident('salesforce_incremental') || '.' || quote_ident(this_name) || '()';
			EXCEPTION WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS this_state = RETURNED_SQLSTATE, this_text = MESSAGE_TEXT, this_constraint = CONSTRAINT_NAME;
				IF this_state <> 'P0001' THEN -- other texts than ours may quote a record
					this_text := 'SQLSTATE ' || this_state || ' ' || this_constraint;
				END IF;
			END;
		END IF;
		IF this_text IS NOT NULL THEN
			INSERT INTO "salesforce_incremental"."_catchment_call" VALUES (clock_timestamp(), this_table, 0, 0, 0, 0, 0, 0, 0, this_text);
		END IF;
		COMMIT;
	END LOOP;
END;
$$ LANGUAGE plpgsql;
