{{define "one"}}CREATE OR REPLACE PROCEDURE {{.Name}}() AS $$
-- Written by Catchment: what a run does to consolidate this table, for CALL consolidated_of_tables().
DECLARE
	this_now TIMESTAMPTZ := {{.Clock}};
	this_flow RECORD;
	this_one RECORD;
	this_part RECORD;
	this_bare BOOLEAN;
	this_passed BIGINT := 0;
	this_place BIGINT;
	this_count BIGINT;
	this_same BIGINT;
	this_attempt {{.Text}};
	this_job {{.Text}};
	this_columns {{.Text}};
	this_reason {{.Text}};
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
{{- if .LockFirst}}
	-- The locks first, before anything takes a picture of the database: a run that is at work here ends before this goes on.
	{{.LockFirst}};
	SELECT * INTO this_flow FROM {{.Flow}} WHERE table_name = {{.Table}};
	IF NOT FOUND THEN
		RETURN;
	END IF;
{{- else}}
	-- The flow's row first, as every transaction that consolidates: a run that is at work here ends before this goes on.
	SELECT * INTO this_flow FROM {{.Flow}} WHERE table_name = {{.Table}} FOR UPDATE;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	{{.Lock}};
{{- end}}
	SELECT count(*) INTO this_count FROM (SELECT 1 FROM {{.Staging}} WHERE {{.OwnAttempt}} IS NULL LIMIT 1) x;
	this_bare := this_count > 0;
{{- with .Gather}}
	{{.}};
{{- end}}

	-- What is consolidated is gone from the list, so the next one stands behind those that are passed over.
	LOOP
		SELECT * INTO this_one FROM (
			SELECT a.*, row_number() OVER (ORDER BY counted_at NULLS LAST, attempt) AS place FROM (
				SELECT attempt, policy, pages, row_count, complete, absent_reason, override, generation, watermark, grade, counted_at
				FROM {{.Attempt}} WHERE table_name = {{.Table}}
				UNION ALL
				SELECT CAST(NULL AS {{.Text}}), {{.Policy}}, 0, 0, false, {{.Purged}}, false, 0, CAST(NULL AS TIMESTAMPTZ), '', CAST(NULL AS TIMESTAMPTZ)
				WHERE this_bare
			) a
		) p WHERE place = this_passed + 1;
		EXIT WHEN NOT FOUND;
		this_attempt := this_one.attempt;
		this_reason := this_one.absent_reason;
		SELECT count(*) INTO this_count FROM {{.Log}} WHERE attempt = this_attempt;
		IF this_count > 0 THEN -- merged before, and a page loaded once more since
			{{.Clear}};
			DELETE FROM {{.Page}} WHERE attempt = this_attempt;
			DELETE FROM {{.Attempt}} WHERE attempt = this_attempt;
			CONTINUE;
		END IF;
		SELECT count(*), coalesce(sum(row_count), 0) INTO this_count, this_same FROM {{.Page}} WHERE attempt = this_attempt;
		IF this_attempt IS NOT NULL AND (this_count <> this_one.pages OR this_same <> this_one.row_count) THEN
			this_passed := this_passed + 1; -- not whole any more: the run that loads it goes on
			CONTINUE;
		END IF;
		SELECT count(*), count(CASE WHEN column_name IN ({{.Columns}}) THEN 1 END) INTO this_count, this_same FROM information_schema.columns
		WHERE table_schema = {{.Schema}} AND table_name = {{.Table}} AND substring(CAST(column_name AS {{.Text}}), 1, {{.PrefixLength}}) <> {{.Prefix}};
		this_mixed := this_count <> {{.CountColumns}} OR this_same <> {{.CountColumns}};
{{- with .Views}}
		SELECT count(*) INTO this_count FROM pg_views WHERE schemaname = {{$.Schema}} AND viewname = {{$.Table}};
		this_mixed := this_mixed OR this_count <> {{.}};
{{- end}}
		SELECT count(*) INTO this_count FROM {{.Page}} WHERE attempt = this_attempt AND (op = 'put' AND columns <> {{.Carried}}
			OR op = 'patch' AND length(columns) - length(replace(columns, ',', '')) + 1 <> {{.Known}});
		IF this_one.policy <> {{.Policy}} OR this_mixed OR this_count > 0 THEN
			{{template "changed" .}}
		END IF;

		SELECT * INTO this_flow FROM {{.Flow}} WHERE table_name = {{.Table}};
		SELECT coalesce(min(read_at), this_now), coalesce(bool_and(override), false), coalesce(bool_or(override), false)
		INTO this_began, this_over, this_mixed FROM {{.Page}} WHERE attempt = this_attempt AND op = 'put';
		IF this_mixed AND NOT this_over THEN
			this_passed := this_passed + 1; -- records of two kinds: the run that read them consolidates them
			CONTINUE;
		END IF;
{{- with .Special}}
		SELECT count(*) INTO this_count FROM {{$.Page}} WHERE attempt = this_attempt AND reason IN ({{.}});
		IF this_count > 0 THEN
			this_passed := this_passed + 1; -- gone for a reason that has rules of its own: the run that read them consolidates them
			CONTINUE;
		END IF;
{{- end}}
		this_over := this_over OR this_one.override;
		{{.AnyRow}};
		this_fresh := this_count = 0;
{{- if .AddKey}}
		SELECT count(*) INTO this_count FROM pg_constraint WHERE conrelid = CAST({{.FinalText}} AS regclass) AND contype = 'p';
		this_keyed := this_count > 0;
{{- end}}
		this_plain := false;
		this_inserted := 0;
		this_updated := 0;
		this_deleted := 0;
		this_grown := 0;
		this_written := 0;
		this_applied := 0;
		SELECT count(*) INTO this_puts FROM {{.Staging}} v WHERE {{.WherePut}};
		this_patches := 0;
		this_patched := 0;
		this_gone := 0;

		IF this_puts > 0 AND this_fresh THEN
			{{.AnyTombstone}};
			this_plain := this_count = 0;
		END IF;
{{- with .Unique}}
		IF this_plain THEN
			{{.}};
		END IF;
{{- end}}
		IF this_plain THEN
{{- if .AddKey}}
			BEGIN
				{{.InsertPlain}};
				GET DIAGNOSTICS this_count := ROW_COUNT;
				IF NOT this_keyed THEN
					{{.AddKey}};
				END IF;
				this_keyed := true;
				{{template "plain" .}}
			EXCEPTION WHEN unique_violation THEN
				this_plain := false; -- two versions of one key
			END;
{{- else}}
			{{.InsertPlain}};
			GET DIAGNOSTICS this_count := ROW_COUNT;
			{{template "plain" .}}
{{- end}}
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

		this_place := 0;
		LOOP
			this_place := this_place + 1;
			SELECT * INTO this_part FROM (
				SELECT job, columns, coalesce(bool_or(override), false) OR this_one.override AS override,
					row_number() OVER (ORDER BY min(read_at), min(seq)) AS place
				FROM {{.Page}} WHERE attempt = this_attempt AND op = 'patch' GROUP BY job, columns
			) p WHERE place = this_place;
			EXIT WHEN NOT FOUND;
			this_job := this_part.job;
			this_columns := this_part.columns;
			SELECT count(*) + this_patches INTO this_patches FROM {{.Staging}} v WHERE {{.WherePatch}};
			{{with .Patch}}IF this_part.override THEN
				{{$.PatchOver}};
			ELSE
				{{.}};
			END IF;
			GET DIAGNOSTICS this_count := ROW_COUNT;
			this_updated := this_updated + this_count;
			this_patched := this_patched + this_count;
			this_applied := this_applied + this_count;
			this_written := this_written + this_count;{{end}}
		END LOOP;

		this_place := 0;
		LOOP
			this_place := this_place + 1;
			SELECT * INTO this_part FROM (
				SELECT d.*, row_number() OVER (ORDER BY read_at, seq) AS place FROM (
					SELECT coalesce(nullif(reason, ''), this_one.absent_reason) AS reason, coalesce(override, false) OR this_one.override AS override,
						min(read_at) AS read_at, min(seq) AS seq
					FROM {{.Page}} WHERE attempt = this_attempt AND op = 'delete' GROUP BY 1, 2
					UNION ALL
					SELECT this_one.absent_reason, false, CAST(NULL AS TIMESTAMPTZ), 0 WHERE this_attempt IS NULL
				) d
			) p WHERE place = this_place;
			EXIT WHEN NOT FOUND;
			this_reason := this_part.reason;
			this_mixed := this_part.override;
			SELECT count(*) + this_gone INTO this_gone FROM {{.Staging}} v WHERE {{.WhereDelete}};{{if not .Ignores}}
			{{.MakeGone}};
			IF this_part.override THEN
				{{.FillDeletedOver}};
			ELSE
				{{.FillDeleted}};
			END IF;
			GET DIAGNOSTICS this_deletes := ROW_COUNT;
			this_applied := this_applied + this_deletes;
			{{template "take away" .}}{{end}}
		END LOOP;
{{if not .Ignores}}
		this_place := 0;
		LOOP
			this_place := this_place + 1;
			SELECT * INTO this_part FROM (
				SELECT d.*, row_number() OVER (ORDER BY read_at, seq) AS place FROM (
					SELECT coalesce(nullif(reason, ''), this_one.absent_reason) AS reason, min(read_at) AS read_at, min(seq) AS seq
					FROM {{.Page}} WHERE attempt = this_attempt AND op = 'seen' GROUP BY 1
				) d
			) p WHERE place = this_place;
			EXIT WHEN NOT FOUND;
			this_reason := this_part.reason;
			this_read_at := this_part.read_at;
			{{.MakeGone}};
			{{.FillUnseen}};
			GET DIAGNOSTICS this_deletes := ROW_COUNT;
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
			GET DIAGNOSTICS this_deletes := ROW_COUNT;
			{{template "take away" .}}
		END IF;
{{end}}
{{- with .AddKey}}
		IF NOT this_keyed THEN
			{{.}};
		END IF;
{{end}}
		-- What was kept out of the table, as far as nothing newer is known of it.
		{{.AnyKept}};
		IF this_count > 0 THEN
{{- with .Unmark}}
			{{.}};
{{- end}}
			{{.Purge}};
{{- with .Mark}}
			{{.}};
{{- end}}
		END IF;
		-- Nothing of the attempt stays in staging; the log and the flow's row say what was done.
{{- if .Truncate}}
		{{.AnyOther}};
		IF this_count = 0 THEN
			{{.Truncate}};
		ELSE
			{{.Clear}};
		END IF;
{{- else}}
		{{.Clear}};
{{- end}}
		DELETE FROM {{.Page}} WHERE attempt = this_attempt;
		DELETE FROM {{.Attempt}} WHERE attempt = this_attempt;
		IF this_attempt IS NULL THEN
			this_bare := false;
		END IF;
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
		INSERT INTO {{.Log}} (attempt, flow, table_name, staged, inserted, updated, deleted, unchanged, row_count, watermark, grade, generation, synced_at, patched)
		SELECT coalesce(this_attempt, ''), flow, table_name, this_puts + this_patches + this_gone, this_inserted, this_updated, this_deleted,
			this_puts + this_patches + this_gone - this_applied, this_rows, watermark, grade, generation, this_now, this_patched
		FROM {{.Flow}} WHERE table_name = {{.Table}};
		all_attempts := all_attempts + 1;
		all_staged := all_staged + this_puts + this_patches + this_gone;
		all_inserted := all_inserted + this_inserted;
		all_updated := all_updated + this_updated;
		all_deleted := all_deleted + this_deleted;
		all_unchanged := all_unchanged + this_puts + this_patches + this_gone - this_applied;
	END LOOP;

	SELECT coalesce(sum(row_count), 0) INTO this_waiting FROM {{.Page}} WHERE flow = this_flow.flow;
	IF all_attempts > 0 OR this_waiting > 0 THEN
		INSERT INTO {{.Call}} VALUES (this_now, {{.Table}}, all_attempts, all_staged, all_inserted, all_updated,
			all_deleted, all_unchanged, this_waiting, NULL);
	END IF;
END;
$$ LANGUAGE plpgsql{{with .Path}} SET search_path = {{.}}{{end}};
{{end}}

{{define "plain"}}this_inserted := this_count;
			this_applied := this_count;
			this_grown := this_count;
			this_written := this_count;{{with .BuryPlain}}
			{{.}};{{end}}{{end}}

{{define "may delete"}}this_deleted := this_deleted + this_deletes;
			IF this_deleted > {{.FewDeletes}} THEN
				{{.LiveRows}};
				IF this_deleted * 20 > this_count + this_deleted - this_deletes THEN
					RAISE EXCEPTION '% of % rows would be deleted: look at them, then catchment run --allow-deletes', this_deleted, this_count + this_deleted - this_deletes;
				END IF;
			END IF;{{end}}

{{define "take away"}}{{template "may delete" .}}{{with .BuryGone}}
			{{.}};{{end}}
			{{.TakeAway}};
			GET DIAGNOSTICS this_count := ROW_COUNT;
			{{if .Grows}}this_grown := this_grown - this_count;{{else}}this_written := this_written + this_count;{{end}}
			{{.DropGone}};{{end}}

{{define "all"}}CREATE OR REPLACE PROCEDURE {{.Name}}(){{if .LockFirst}} NONATOMIC{{end}} AS $$
-- Written by Catchment: consolidates every table with staged rows, and commits after each. One that fails doesn't stop
-- the others. What an unfinished run has loaded so far is left to that run.
DECLARE
	this_place BIGINT := 0;
	this_count BIGINT;
	this_table {{.Text}};
	this_name {{.Text}};
	this_text {{.Text}};
{{- if not .LockFirst}}
	this_state {{.Text}};
	this_constraint {{.Text}};
{{- end}}
BEGIN
	LOOP
{{- with .Path}}
		-- Names are looked up there alone, whoever calls this and however. What commits can't have a SET clause, so each of
		-- its transactions begins with this.
		PERFORM pg_catalog.set_config('search_path', '{{.}}', true);
{{- end}}
		this_place := this_place + 1;
		SELECT table_name INTO this_table FROM (SELECT table_name, row_number() OVER (ORDER BY flow) AS place FROM {{.Flow}}) f WHERE place = this_place;
		EXIT WHEN NOT FOUND;
		this_name := {{.Prefix}} || CASE WHEN length(this_table) > {{.Longest}} THEN md5(this_table) ELSE this_table END;
		this_text := NULL;
		SELECT count(*) INTO this_count FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace
		JOIN pg_proc a ON a.pronamespace = s.oid AND a.proname = {{.All}} AND a.pronargs = 0
		WHERE s.nspname = {{.Schema}} AND p.proname = this_name AND p.pronargs = 0
			AND (p.proowner = a.proowner OR p.proowner IN (SELECT usesysid FROM pg_user WHERE usesuper));
		IF this_count = 0 THEN -- nor is it one that somebody else has put there under that name
			SELECT count(*) INTO this_count FROM {{.Page}} p JOIN {{.Flow}} f ON f.flow = p.flow WHERE f.table_name = this_table;
			IF this_count > 0 THEN
				this_text := 'no procedure for this table: install it with catchment sql --dialect {{.Dialect}} --install';
			END IF;
{{- if .LockFirst}}
			IF this_text IS NOT NULL THEN
				INSERT INTO {{.Call}} VALUES ({{.Clock}}, this_table, 0, 0, 0, 0, 0, 0, 0, this_text);
			END IF;
			CONTINUE;
		END IF;
		BEGIN
			START TRANSACTION;
			EXECUTE 'CALL ' || quote_ident({{.Schema}}) || '.' || quote_ident(this_name) || '()';
			COMMIT;
		EXCEPTION WHEN OTHERS THEN -- the transaction is rolled back, and this one is another
			this_text := SQLERRM;
			IF SQLSTATE <> 'P0001' THEN -- other texts than ours may quote a record
				this_text := 'SQLSTATE ' || SQLSTATE;
			END IF;
			INSERT INTO {{.Call}} VALUES ({{.Clock}}, this_table, 0, 0, 0, 0, 0, 0, 0, this_text);
		END;
{{- else}}
		ELSE
			BEGIN
				EXECUTE 'CALL ' || quote_ident({{.Schema}}) || '.' || quote_ident(this_name) || '()';
			EXCEPTION WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS this_state = RETURNED_SQLSTATE, this_text = MESSAGE_TEXT, this_constraint = CONSTRAINT_NAME;
				IF this_state <> 'P0001' THEN -- other texts than ours may quote a record
					this_text := 'SQLSTATE ' || this_state || ' ' || this_constraint;
				END IF;
			END;
		END IF;
		IF this_text IS NOT NULL THEN
			INSERT INTO {{.Call}} VALUES ({{.Clock}}, this_table, 0, 0, 0, 0, 0, 0, 0, this_text);
		END IF;
		COMMIT;
{{- end}}
	END LOOP;
END;
$$ LANGUAGE plpgsql;
{{end}}

{{define "changed"}}RAISE EXCEPTION 'the table or the flow has changed: install this again with catchment sql --dialect {{.Dialect}} --install';{{end}}

{{define "outdated"}}CREATE OR REPLACE PROCEDURE {{.Name}}() AS $$
-- Written by Catchment, whose table has another shape since this was installed.
BEGIN
	{{template "changed" .}}
END;
$$ LANGUAGE plpgsql;
{{end}}
