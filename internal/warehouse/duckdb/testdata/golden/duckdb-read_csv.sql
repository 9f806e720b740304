INSERT INTO "s"."account" ("id", "amount__c", "wide__c", "it's""odd", "_catchment_op", "_catchment_attempt", "_catchment_job", "_catchment_read_at", "_catchment_seq")
SELECT r."id", CAST(CAST(r."amount__c" AS DECIMAL(18,4)) AS DECIMAL(38,4)), CAST(r."wide__c" AS DECIMAL(38,4)), CAST(r."it's""odd" AS TIMESTAMPTZ), CAST($1 AS VARCHAR), CAST($2 AS VARCHAR), CAST($3 AS VARCHAR), CAST($4 AS TIMESTAMPTZ), p.seq
FROM read_csv(['/stage/it''s.csv', '/stage/2.csv'],
	columns = {'id': 'VARCHAR', 'amount__c': 'VARCHAR', 'wide__c': 'VARCHAR', 'it''s"odd': 'VARCHAR'},
	auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', nullstr = '',
	strict_mode = true, null_padding = false, ignore_errors = false, parallel = false,
	max_line_size = 33554432, buffer_size = 33554432, compression = 'none', filename = '_catchment_file') r
JOIN (VALUES ('/stage/it''s.csv', 1), ('/stage/2.csv', 2)) p (file, seq) ON p.file = r._catchment_file
