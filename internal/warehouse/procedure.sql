{{define "one"}}CREATE OR REPLACE PROCEDURE {{.Name}}()
LANGUAGE plpgsql AS $catchment$
-- Written by Catchment: what a run does to consolidate this table, for CALL consolidated_of_tables().
DECLARE
	this_now TIMESTAMPTZ := clock_timestamp();
	this_flow RECORD;
	this_one RECORD;
	this_bare BOOLEAN;
	this_part RECORD;
	this_jobs TEXT[];
	this_columns TEXT[];
	this_attempt TEXT;
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
	this_rows BIGINT;
	this_newest TIMESTAMPTZ;
	this_waiting BIGINT;
	this_total BIGINT[] := ARRAY[0, 0, 0, 0, 0, 0];
	n BIGINT;
BEGIN
	-- The flow's row first, as every transaction that consolidates: a run that is at work here ends before this goes on.
	SELECT * INTO this_flow FROM {{.Flow}} WHERE table_name = {{.Table}} FOR UPDATE;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	{{.Lock}};
	this_bare := EXISTS (SELECT 1 FROM {{.Staging}} WHERE {{.OwnAttempt}} IS NULL);

	FOR this_one IN
		SELECT attempt, policy, pages, row_count, complete, absent_reason, override, generation, watermark, grade, counted_at
		FROM {{.Attempt}} WHERE table_name = {{.Table}}
		UNION ALL
		SELECT NULL, {{.Policy}}, 0, 0, false, 'purged', false, 0, NULL, '', NULL WHERE this_bare
		ORDER BY counted_at NULLS LAST
	LOOP
		this_attempt := this_one.attempt;
		this_reason := this_one.absent_reason;
		IF EXISTS (SELECT 1 FROM {{.Log}} WHERE attempt = this_attempt) THEN -- merged before, and a page loaded once more since
			{{.Clear}};
			DELETE FROM {{.Page}} WHERE attempt = this_attempt;
			DELETE FROM {{.Attempt}} WHERE attempt = this_attempt;
			CONTINUE;
		END IF;
		IF this_attempt IS NOT NULL AND (SELECT count(*) <> this_one.pages OR coalesce(sum(row_count), 0) <> this_one.row_count
			FROM {{.Page}} WHERE attempt = this_attempt) THEN
			CONTINUE; -- not whole any more: the run that loads it goes on
		END IF;
		IF this_one.policy <> {{.Policy}}
			OR EXISTS (SELECT 1 FROM {{.Page}} WHERE attempt = this_attempt AND (op = 'put' AND NOT string_to_array(columns, ',') @> {{.Carried}}
				OR op = 'put' AND NOT string_to_array(columns, ',') <@ {{.Carried}} OR op = 'patch' AND NOT string_to_array(columns, ',') <@ {{.All}}))
			OR {{.Columns}} IS DISTINCT FROM (SELECT array_agg(column_name::TEXT ORDER BY column_name::TEXT COLLATE "C") FROM information_schema.columns
				WHERE table_schema = {{.Schema}} AND table_name = {{.Table}} AND NOT starts_with(column_name::TEXT, {{.Prefix}})) THEN
			RAISE EXCEPTION 'the table or the flow has changed: install this again with catchment sql --dialect postgres --install';
		END IF;

		SELECT * INTO this_flow FROM {{.Flow}} WHERE table_name = {{.Table}};
		SELECT coalesce(min(read_at), this_now), coalesce(bool_and(override), false), coalesce(bool_or(override), false)
		INTO this_began, this_over, this_mixed FROM {{.Page}} WHERE attempt = this_attempt AND op = 'put';
		IF this_mixed AND NOT this_over THEN
			CONTINUE; -- records of two kinds: the run that read them consolidates them
		END IF;
		this_over := this_over OR this_one.override;
		this_fresh := ({{.AnyRow}}) = 0;
		this_keyed := EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = '{{.Final}}'::regclass AND contype = 'p');
		this_plain := false;
		this_inserted := 0;
		this_updated := 0;
		this_deleted := 0;
		this_grown := 0;
		this_written := 0;
		this_applied := 0;
		SELECT count(*) INTO this_puts FROM {{.Staging}} v WHERE {{.WherePut}};
		this_patches := 0;
		this_gone := 0;

		IF this_puts > 0 AND this_fresh AND ({{.AnyTombstone}}) = 0{{with .Unique}} AND ({{.}}){{end}} THEN
			BEGIN
				{{.InsertPlain}};
				GET DIAGNOSTICS n = ROW_COUNT;
				IF NOT this_keyed THEN
					{{.AddKey}};
				END IF;
				this_keyed := true;
				this_plain := true;
				this_inserted := n;
				this_applied := n;
				this_grown := n;
				this_written := n;{{with .BuryPlain}}
				{{.}};{{end}}
			EXCEPTION WHEN unique_violation THEN
				this_plain := false; -- two versions of one key
			END;
		END IF;
		IF this_puts > 0 AND NOT this_plain THEN
			{{.MakeNewest}};
			IF this_over THEN
				{{.FillNewestOver}};
			ELSE
				{{.FillNewest}};
			END IF;
			{{.CountNewest}};
			{{template "may delete" .}}
			this_inserted := this_inserted + this_inserts;
			this_updated := this_updated + this_updates;
			this_applied := this_applied + this_inserts + this_updates + this_deletes;
			{{.Changes}}IF this_known <> 0 THEN
				RAISE EXCEPTION 'somebody else changed % rows of the table meanwhile: call this again', this_known;
			END IF;
			{{.ChangeTombstones}};
			{{.DropNewest}};
		END IF;

		FOR this_part IN
			SELECT job, columns, coalesce(bool_or(override), false) OR this_one.override AS override FROM {{.Page}}
			WHERE attempt = this_attempt AND op = 'patch' GROUP BY job, columns ORDER BY min(read_at), min(seq)
		LOOP
			this_jobs := ARRAY[this_part.job];
			this_columns := string_to_array(this_part.columns, ',');
			SELECT count(*) + this_patches INTO this_patches FROM {{.Staging}} v WHERE {{.WherePatch}};
			{{with .Patch}}IF this_part.override THEN
				{{$.PatchOver}};
			ELSE
				{{.}};
			END IF;
			GET DIAGNOSTICS n = ROW_COUNT;
			this_updated := this_updated + n;
			this_applied := this_applied + n;
			this_written := this_written + n;{{end}}
		END LOOP;
		FOR this_part IN
			SELECT coalesce(nullif(reason, ''), this_one.absent_reason) AS reason, array_agg(DISTINCT job) AS jobs,
				coalesce(override, false) OR this_one.override AS override, min(read_at) AS read_at, min(seq) AS seq
			FROM {{.Page}} WHERE attempt = this_attempt AND op = 'delete' GROUP BY 1, 3
			UNION ALL
			SELECT this_one.absent_reason, ARRAY[''], false, NULL, 0 WHERE this_attempt IS NULL
			ORDER BY read_at, seq
		LOOP
			this_jobs := this_part.jobs;
			this_reason := this_part.reason;
			SELECT count(*) + this_gone INTO this_gone FROM {{.Staging}} v WHERE {{.WhereDelete}};{{if not .Ignores}}
			{{.MakeGone}};
			IF this_part.override THEN
				{{.FillDeletedOver}};
			ELSE
				{{.FillDeleted}};
			END IF;
			GET DIAGNOSTICS this_deletes = ROW_COUNT;
			this_applied := this_applied + this_deletes;
			{{template "take away" .}}{{end}}
		END LOOP;
{{if not .Ignores}}
		FOR this_part IN
			SELECT coalesce(nullif(reason, ''), this_one.absent_reason) AS reason, array_agg(DISTINCT job) AS jobs, min(read_at) AS read_at
			FROM {{.Page}} WHERE attempt = this_attempt AND op = 'seen' GROUP BY 1 ORDER BY min(read_at), min(seq)
		LOOP
			this_jobs := this_part.jobs;
			this_reason := this_part.reason;
			this_read_at := this_part.read_at;
			{{.MakeGone}};
			{{.FillUnseen}};
			GET DIAGNOSTICS this_deletes = ROW_COUNT;
			{{template "take away" .}}
		END LOOP;
		IF this_one.complete THEN
			this_reason := this_one.absent_reason;
			this_read_at := this_began;
			{{.MakeGone}};
			IF this_one.override THEN
				{{.FillAbsentOver}};
			ELSE
				{{.FillAbsent}};
			END IF;
			GET DIAGNOSTICS this_deletes = ROW_COUNT;
			{{template "take away" .}}
		END IF;
{{end}}
		IF NOT this_keyed THEN
			{{.AddKey}};
		END IF;

		-- Nothing of the attempt stays in staging; the log and the flow's row say what was done.
		IF ({{.AnyOther}}) = 0 THEN
			{{.Truncate}};
		ELSE
			{{.Clear}};
		END IF;
		DELETE FROM {{.Page}} WHERE attempt = this_attempt;
		DELETE FROM {{.Attempt}} WHERE attempt = this_attempt;
		IF this_fresh AND this_written > 0 THEN
			this_rows := this_grown;
			this_newest := this_now;
		ELSIF this_one.complete OR this_one.override OR this_flow.synced_at IS NULL OR (this_written = 0 AND this_grown <> 0) THEN
			SELECT count(*), max({{.SyncedAt}}) INTO this_rows, this_newest FROM {{.Final}};
		ELSIF this_written = 0 THEN
			this_rows := this_flow.row_count;
			this_newest := this_flow.newest;
		ELSE
			this_rows := this_flow.row_count + this_grown;
			this_newest := this_now;
		END IF;
		UPDATE {{.Flow}} SET row_count = this_rows, newest = this_newest, synced_at = this_now, attempt = coalesce(this_attempt, attempt)
		WHERE table_name = {{.Table}};
		IF this_one.watermark IS NOT NULL
			AND NOT coalesce(this_one.generation = this_flow.generation AND this_one.watermark < this_flow.watermark, false) THEN
			UPDATE {{.Flow}} SET watermark = this_one.watermark, grade = this_one.grade, generation = this_one.generation
			WHERE table_name = {{.Table}};
		END IF;
		INSERT INTO {{.Log}} (attempt, flow, table_name, staged, inserted, updated, deleted, unchanged, row_count, watermark, grade, generation, synced_at)
		SELECT coalesce(this_attempt, ''), flow, table_name, this_puts + this_patches + this_gone, this_inserted, this_updated, this_deleted,
			this_puts + this_patches + this_gone - this_applied, this_rows, watermark, grade, generation, this_now
		FROM {{.Flow}} WHERE table_name = {{.Table}};
		this_total := ARRAY[this_total[1] + 1, this_total[2] + this_puts + this_patches + this_gone, this_total[3] + this_inserted, this_total[4] + this_updated,
			this_total[5] + this_deleted, this_total[6] + this_puts + this_patches + this_gone - this_applied];
	END LOOP;

	SELECT coalesce(sum(row_count), 0) INTO this_waiting FROM {{.Page}} WHERE flow = this_flow.flow;
	IF this_total[1] > 0 OR this_waiting > 0 THEN
		INSERT INTO {{.Call}} VALUES (this_now, {{.Table}}, this_total[1], this_total[2], this_total[3], this_total[4],
			this_total[5], this_total[6], this_waiting, NULL);
	END IF;
END
$catchment$;
{{end}}

{{define "may delete"}}this_deleted := this_deleted + this_deletes;
			IF this_deleted > {{.FewDeletes}} THEN
				{{.LiveRows}} INTO n;
				IF this_deleted * 20 > n + this_deleted - this_deletes THEN
					RAISE EXCEPTION '% of % rows would be deleted: look at them, then catchment run --allow-deletes', this_deleted, n + this_deleted - this_deletes;
				END IF;
			END IF;{{end}}

{{define "take away"}}{{template "may delete" .}}{{with .BuryGone}}
			{{.}};{{end}}
			{{.TakeAway}};
			GET DIAGNOSTICS n = ROW_COUNT;
			{{if .Grows}}this_grown := this_grown - n;{{else}}this_written := this_written + n;{{end}}
			{{.DropGone}};{{end}}

{{define "all"}}CREATE OR REPLACE PROCEDURE {{.Name}}()
LANGUAGE plpgsql AS $catchment$
-- Written by Catchment: consolidates every table with staged rows, and commits after each. One that fails doesn't stop
-- the others. What an unfinished run has loaded so far is left to that run.
DECLARE
	this_table TEXT;
	this_name TEXT;
	this_state TEXT;
	this_text TEXT;
	this_constraint TEXT;
BEGIN
	FOREACH this_table IN ARRAY coalesce((SELECT array_agg(table_name ORDER BY flow) FROM {{.Flow}}), ARRAY[]::TEXT[]) LOOP
		this_name := {{.Prefix}} || CASE WHEN length(this_table) > {{.Longest}} THEN md5(this_table) ELSE this_table END;
		this_text := NULL;
		BEGIN
			IF EXISTS (SELECT 1 FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace WHERE s.nspname = {{.Schema}} AND p.proname = this_name) THEN
				EXECUTE format('CALL %I.%I()', {{.Schema}}, this_name);
			ELSIF EXISTS (SELECT 1 FROM {{.Page}} p JOIN {{.Flow}} f ON f.flow = p.flow WHERE f.table_name = this_table) THEN
				this_text := 'no procedure for this table: install it with catchment sql --dialect postgres --install';
			END IF;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS this_state = RETURNED_SQLSTATE, this_text = MESSAGE_TEXT, this_constraint = CONSTRAINT_NAME;
			IF this_state <> 'P0001' THEN -- other texts than ours may quote a record
				this_text := 'SQLSTATE ' || this_state || ' ' || this_constraint;
			END IF;
		END;
		IF this_text IS NOT NULL THEN
			INSERT INTO {{.Call}} VALUES (clock_timestamp(), this_table, 0, 0, 0, 0, 0, 0, 0, this_text);
		END IF;
		COMMIT;
	END LOOP;
END
$catchment$;
{{end}}
