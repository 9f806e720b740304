# Bare `make` lists the targets. Every target prints the seconds it took.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
.SILENT:

export GOTOOLCHAIN := local
GO ?= go
STATICCHECK_VERSION := v0.8.2
GOSEC_VERSION := v2.30.0
PROTOC_GEN_GO_VERSION := v1.36.12
PROTOC_GEN_GO_GRPC_VERSION := v1.6.2
GRPCIO_TOOLS_VERSION := 1.85.1
FUZZTIME ?= 10s
FUZZ ?= internal
RUNS ?= 200
SEED ?= 0
API ?=
IN ?= duckdb
RECORDS ?= 1000000
BIG ?= 5000000
ROUNDS ?= 9
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# The packages that the Lambda may be made of: everything that needs no cgo.
NOCGO = $$($(GO) list ./internal/... | grep -vE "/warehouse/duckdb|/rig(/|$$)")

# Every recipe is one shell script; this is its last line.
took = echo "== $@: $$SECONDS s"

.PHONY: help
help: ## list the targets
	grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

bin/staticcheck:
	mkdir -p bin
	GOBIN=$(CURDIR)/bin $(GO) install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION)

bin/gosec:
	mkdir -p bin
	GOBIN=$(CURDIR)/bin $(GO) install github.com/securego/gosec/v2/cmd/gosec@$(GOSEC_VERSION)

.PHONY: bin/catchment
bin/catchment:
	$(GO) build -ldflags "-s -w -X main.version=$(VERSION)" -o $@ ./cmd/catchment

.PHONY: build
build: bin/catchment ## build bin/catchment, and what must build without cgo
	CGO_ENABLED=0 $(GO) build $(NOCGO)
	$(took)

.PHONY: demo
demo: bin/catchment ## a fake org into DuckDB: two runs, changes and deletes between, verify
	bin/catchment demo
	$(took)

.PHONY: picture
picture: bin/catchment ## docs/demo.svg, the picture of the README: catchment demo on a terminal (tmux)
	docs/picture.sh bin/catchment docs/demo.svg
	$(took)

.venv/installed: .ci/requirements.txt
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --requirement .ci/requirements.txt
	touch $@

.PHONY: deps
deps: .venv/installed ## install what the tests need beside Go: PostgreSQL, curl, jq, tmux and systemd-analyze, from Debian, and from PyPI a stand-in for AWS and DuckDB's own command
	if [ -x "$$(pg_config --bindir 2>/dev/null)/initdb" ] || command -v initdb >/dev/null; then postgresql=; else postgresql=yes; fi
	missing=$$(for tool in curl jq tmux; do command -v $$tool >/dev/null || echo $$tool; done; command -v systemd-analyze >/dev/null || echo systemd)
	if [ -z "$$postgresql$$missing" ]; then exit 0; fi
	if ! command -v apt-get >/dev/null; then
	  echo "the tests need PostgreSQL 15 or later with initdb on PATH, curl, jq, tmux and systemd-analyze: install them" >&2; exit 1
	fi
	as_root=$$([ "$$(id -u)" = 0 ] || echo sudo)
	export DEBIAN_FRONTEND=noninteractive
	$$as_root apt-get update -qq
	if [ -n "$$missing" ]; then $$as_root apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi
	if [ -n "$$postgresql" ]; then
	  $$as_root apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null
	  echo "create_main_cluster = false" | $$as_root tee -a /etc/postgresql-common/createcluster.conf >/dev/null
	  $$as_root apt-get install -y -qq --no-install-recommends postgresql libpq-dev >/dev/null # the latter has pg_config
	fi
	$(took)

.PHONY: test
test: deps ## all tests
	# lint vets; many tests wait for PostgreSQL; the longest first, so that none of them is left alone at the end
	$(GO) test -vet=off -parallel 4 -timeout 30m ./internal/replicate ./internal/warehouse/redshift ./cmd/catchment ./...
	$(took)

# What does more than one thing at once, for the race detector. Whatever links
# DuckDB or talks to PostgreSQL is five times as slow under it: there, the tests
# in which processes, flows or pages meet.
CONCURRENT = ./internal/engine ./internal/replicate/fetch ./internal/stepfunctions/... ./internal/blob/... ./internal/control/... ./internal/mover/... \
  ./internal/page ./internal/salesforce/... ./internal/secret ./internal/fakeorg/... ./internal/fakeaws/... ./internal/cli ./internal/progress ./internal/project
MEETINGS = TestSoak|TestSecondRunner|TestOldRunner|TestLateWrites|TestStop|TestSmallStage|TestFirstRunAndIncrements|TestRecordUpdatedBetween|TestVerifyWhile|TestOneBadFlow|TestTwo|TestDriver/.*/two|TestStale|TestCancelled|TestCallDuringLoad|TestScripts/stop

.PHONY: race
race: deps ## what is concurrent, with the race detector
	$(GO) test -race -timeout 30m $(CONCURRENT)
	$(GO) test -race -timeout 30m -run '$(MEETINGS)' ./internal/replicate ./internal/verify ./internal/warehouse/... ./cmd/catchment
	$(took)

# What gosec says of the doubles and the rigs of tests doesn't concern a user: their data is made up, by random numbers that a
# seed repeats, their programs and files are the test's own, and a port of theirs lives as long as a test. All else is mended,
# or has its reason beside it: "#nosec G304 -- the user named it".
DOUBLES = internal/(fakeaws|hostile|rig|golden)/.*|internal/warehouse/(pgtest|warehousetest)/.*|internal/(blob/blobtest|control/controltest)/.*|cmd/internal/pack/.*
UNSAID = $(DOUBLES):G104,G112,G115,G122,G204,G304,G401,G404,G501,G703,G705;internal/fakeorg/.*:G115,G304

.PHONY: lint
lint: bin/staticcheck bin/gosec ## format, vet, staticcheck, gosec, layers
	files=$$(gofmt -l cmd internal)
	if [ -n "$$files" ]; then echo "not formatted, run gofmt -w: $$files" >&2; exit 1; fi
	$(GO) vet ./...
	bin/staticcheck ./...
	bin/gosec -quiet -exclude-generated -nosec-require-rules -nosec-require-justification -exclude-dir clients -exclude-rules '$(UNSAID)' ./...
	$(GO) test -count=1 ./internal/archtest
	$(GO) mod verify > /dev/null
	$(took)

.PHONY: clients
clients: bin/catchment ## hold the fake org to clients that others have written
	cd clients
	[ node_modules -nt package-lock.json ] || npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch node_modules
	# A client that can't be installed fails its checks by name.
	$(GO) build -o bin/force github.com/ForceCLI/force || true
	if [ ! bin/python/installed -nt requirements.txt ]; then
	  python3 -m venv bin/python && bin/python/bin/pip install --quiet --disable-pip-version-check \
	    --requirement requirements.txt && touch bin/python/installed || true
	fi
	failed=0
	$(GO) run . ../bin/catchment || failed=1
	cd ..
	$(GO) test ./internal/salesforce/write -count=1 -run '^TestOthersLeaveTheSame$$' -clients $(CURDIR)/clients
	$(GO) test ./internal/archive/trial -count=1 -run '^TestSfLeavesTheSame$$' -clients $(CURDIR)/clients
	[ $$failed = 0 ]
	$(took)

bin/peers/%/installed: clients/peers/pins/%.txt
	python3 -m venv bin/peers/$*
	bin/peers/$*/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

bin/lake/installed: clients/lake/requirements.txt
	python3 -m venv bin/lake
	bin/lake/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

.PHONY: lake
lake: deps bin/lake/installed ## have PyIceberg and DuckDB read lakes in a folder and in S3 (PyPI), do the main job in S3, and merge 1,000 times
	$(GO) test ./cmd/catchment -count=1 -v -run '^TestLake(Engines|Scripts)$$' -lake-python $(CURDIR)/bin/lake/bin/python \
	  -lake-rest
	$(GO) test ./internal/warehouse/lake -count=1 -v -run '^TestManySnapshots$$' -lake.snapshots 10000
	$(GO) test ./internal/warehouse/lake -count=1 -v -timeout 60m -run '^TestSmallMerges$$' -lake-merges 1000 \
	  -lake-accounts 200000 -lake-python $(CURDIR)/bin/lake/bin/python
	$(took)

.PHONY: lake-short
lake-short: deps bin/lake/installed ## have PyIceberg and DuckDB (PyPI) read a lake in a folder after each thing that befalls one: the short form of make lake
	$(GO) test ./cmd/catchment -count=1 -v -run '^TestLakeEngines$$/^folder$$' -lake-python $(CURDIR)/bin/lake/bin/python
	$(took)

bin/spark/installed: clients/spark/requirements.txt clients/spark/packages.txt
	python3 -m venv bin/spark
	bin/spark/bin/pip install --quiet --disable-pip-version-check --requirement clients/spark/requirements.txt
	# Spark's own way to Maven Central fetches them; a missing class is only what it is asked to run then.
	PYSPARK_PYTHON=$(CURDIR)/bin/spark/bin/python bin/spark/bin/spark-submit --master 'local[1]' \
	  --conf spark.driver.bindAddress=127.0.0.1 --conf spark.driver.host=127.0.0.1 \
	  --conf spark.jars.ivy=$(CURDIR)/bin/spark/ivy --packages "$$(paste -sd, clients/spark/packages.txt)" \
	  --class none local:/none.jar >bin/spark/fetched 2>&1 || true
	mkdir -p bin/spark/jars
	cp bin/spark/ivy/jars/*.jar bin/spark/jars/
	touch $@

SPARKLY = $(GO) test ./internal/warehouse/lake -count=1 -v -timeout 3h -run '^TestSpark$$' -lake.spark $(CURDIR)/bin/spark

.PHONY: spark
spark: bin/spark/installed ## have a Spark of this machine merge a lake, 200 random histories of it, and read it (PyPI, Maven Central; Java 17)
	$(SPARKLY) -lake.spark-histories 200
	$(took)

.PHONY: spark-short
spark-short: bin/spark/installed ## have a Spark of this machine merge a lake and read it, with a few histories: the short form of make spark
	$(SPARKLY)
	$(took)

PEERS ?=

.PHONY: peers
peers: bin/catchment $(patsubst clients/peers/pins/%.txt,bin/peers/%/installed,$(wildcard clients/peers/pins/*.txt)) ## beside dlt, tap-salesforce and Airbyte on one org, as a table: PEERS="--tools dlt --rounds 1" and such (PyPI)
	bin/peers/bench/bin/python clients/peers/peers.py --catchment bin/catchment --venvs bin/peers $(PEERS)
	$(took)

bin/dbt/installed: deploy/dbt/requirements.txt
	python3 -m venv bin/dbt
	bin/dbt/bin/pip install --quiet --disable-pip-version-check --requirement deploy/dbt/requirements.txt
	touch $@

.PHONY: dbt
dbt: deps bin/dbt/installed ## select live rows as dbt's packages do, in DuckDB and PostgreSQL: as many as the org has (PyPI dbt-core)
	$(GO) test ./cmd/catchment -count=1 -run '^TestDBT$$' -dbt $(CURDIR)/bin/dbt/bin/dbt
	$(took)

.PHONY: golden
golden: ## write the golden files anew; read the diff before you commit it
	$(GO) test ./internal/warehouse/sql/statements ./internal/flow ./internal/deployment ./internal/status ./internal/notice -update
	$(GO) test -run '^TestScreen' ./cmd/catchment -update
	$(GO) test -run '^Test(ReadCSV|CopyText|PageCopy)$$' ./internal/warehouse/duckdb ./internal/warehouse/postgres ./internal/warehouse/redshift -update
	$(took)

.PHONY: proto
proto: ## generate internal/eventbus from its .proto, with protoc as PyPI's grpcio-tools has it
	mkdir -p bin
	GOBIN=$(CURDIR)/bin $(GO) install google.golang.org/protobuf/cmd/protoc-gen-go@$(PROTOC_GEN_GO_VERSION)
	GOBIN=$(CURDIR)/bin $(GO) install google.golang.org/grpc/cmd/protoc-gen-go-grpc@$(PROTOC_GEN_GO_GRPC_VERSION)
	python3 -m venv bin/proto
	bin/proto/bin/pip install --quiet --disable-pip-version-check grpcio-tools==$(GRPCIO_TOOLS_VERSION)
	made="pubsub_api.proto=catchment/internal/eventbus;eventbus"
	PATH=$(CURDIR)/bin:$$PATH bin/proto/bin/python -m grpc_tools.protoc --proto_path internal/eventbus \
	  --go_out internal/eventbus --go_opt "paths=source_relative,M$$made" \
	  --go-grpc_out internal/eventbus --go-grpc_opt "paths=source_relative,M$$made" pubsub_api.proto
	$(took)

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME, or those below FUZZ
	for package in $$(grep -rl '^func Fuzz' $(FUZZ) --include=*_test.go | xargs -n1 dirname | sort -u); do
	  for target in $$(grep -rhoE '^func Fuzz[A-Za-z]+' $$package/*_test.go | cut -d' ' -f2 | sort -u); do
	    one() { $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) ./$$package 2>&1; }
	    if said=$$(one); then echo "$$said"; continue; fi
	    echo "$$said"
	    # Before Go 1.27 the end of its time may be all that a target fails by (go.dev/issue/75804); a finding names its input.
	    grep -q 'context deadline exceeded' <<<"$$said" || exit 1
	    if grep -q 'Failing input' <<<"$$said"; then exit 1; fi
	    one
	  done
	done
	$(took)

# The targets of fuzz that read what a server says: Salesforce, or whoever answers in its place.
WIRE = internal/salesforce internal/page internal/mover internal/warehouse/postgres

.PHONY: fuzz-wire
fuzz-wire: ## run the fuzz targets that read what a server says, each for FUZZTIME
	$(MAKE) --no-print-directory fuzz FUZZTIME=$(FUZZTIME) FUZZ="$(WIRE)"
	$(took)

.PHONY: hostile
hostile: ## a hostile org in Salesforce's place: every attack, over http and https, and what the next run mends
	$(GO) test ./cmd/catchment -count=1 -timeout 3h -parallel 4 -run '^TestHostile' -hostile.all
	$(took)

.PHONY: long
long: ## what takes hours: every fuzz target for one, every attack, every moment that a run can die at
	$(MAKE) --no-print-directory fuzz FUZZTIME=1h
	for target in hostile crash faults stops; do $(MAKE) --no-print-directory $$target; done
	$(took)

.PHONY: oracle
oracle: ## hold the SOQL corpus against another parser (npm @jetstreamapp/soql-parser-js)
	internal/fakeorg/soql/testdata/oracle/check.sh bin/oracle
	$(took)

.PHONY: sqlglot
sqlglot: ## have the SQL for Redshift, and what engines of others are told of a lake, read by another parser (PyPI sqlglot)
	internal/warehouse/redshift/testdata/sqlglot/check.sh bin/sqlglot
	bin/sqlglot/bin/python internal/warehouse/lake/readers/testdata/sqlglot/check.py internal/warehouse/lake/readers/testdata/golden/*.sql docs/howto/lake.md
	$(took)

.PHONY: aws-lint
aws-lint: .venv/installed ## hold templates, policies and state machines to AWS's rules: cfn-lint, parliament, asl-validator
	deploy/aws/lint/check.sh bin/aws-lint .venv
	$(took)

.PHONY: lambda
lambda: ## build bin/lambda.zip, the program of every function on AWS
	mkdir -p bin/lambda
	CGO_ENABLED=0 GOOS=linux $(GO) build -tags lambda.norpc -ldflags "-s -w -X main.version=$(VERSION)" -o bin/lambda/bootstrap ./cmd/catchment-lambda
	$(GO) run ./cmd/internal/pack bin/lambda/bootstrap bin/lambda.zip
	$(took)

NPSP ?= testdata/npsp-1k
# How many rights are taken away from roles that have them, one after the other, drawn by chance.
MISSING ?= 10

.PHONY: aws
aws: deps lambda ## deploy into a stand-in for AWS that enforces IAM, run the machine, verify, break things, take rights away: NPSP=folder MISSING=n
	$(GO) test ./cmd/catchment-lambda -count=1 -v -timeout 40m -run '^TestAWS' -aws.missing $(MISSING) \
	  -aws.zip $(CURDIR)/bin/lambda.zip -aws.data $(abspath $(NPSP))
	$(took)

.PHONY: aws-live
aws-live: bin/catchment lambda ## deploy into your AWS account and run once, only with CATCHMENT_AWS_LIVE=yes CONFIG=file
	deploy/aws/live.sh
	$(took)

.PHONY: soak
soak: deps ## random histories with crashes and faults: RUNS=n, IN=duckdb, postgres, lake or ddlcommits, API=68.0, and SEED=n to replay one
	$(GO) test -count=1 -timeout 3h -v -run TestSoak ./internal/replicate -soak.runs=$(RUNS) -soak.seed=$(SEED) -soak.in=$(IN) -soak.api=$(API) |
	  grep --line-buffered -vE '^( *--- PASS|===)'
	$(took)

.PHONY: archive-soak
archive-soak: deps ## random archives with crashes and faults, judged from outside: RUNS=n, IN=duckdb, postgres or lake, and SEED=n to replay one
	$(GO) test -count=1 -timeout 6h -v -run '^TestSoak$$' ./internal/archive/trial -soak.runs=$(RUNS) -soak.seed=$(SEED) -soak.in=$(IN) |
	  grep --line-buffered -vE '^( *--- PASS|===)'
	$(took)

.PHONY: archive-crash
archive-crash: ## die at every single moment of a small archive, one after the other
	$(GO) test -count=1 -timeout 3h -v -run '^TestDiesAtEveryCall$$' ./internal/archive/trial -crash.every=1 |
	  grep -E 'moments, every|^(---|ok|FAIL)|died'
	$(took)

.PHONY: files
files: deps ## copy 100,000 files that are a gigabyte together, and one of a gigabyte: killed, resumed, aged, and summed up by sha256sum
	$(GO) test -count=1 -timeout 80m -v -run '^TestManyFiles$$' ./internal/replicate -files.n=100000 -files.largest=1073741824 |
	  grep -E 'files, |^(---|ok|FAIL)|volume_test'
	$(took)

.PHONY: crash
crash: ## die at every single moment of a run, one after the other: PHASE=name for one kind of run
	$(GO) test -count=1 -timeout 80m -v -run '^TestCrashAtEveryMoment$$/$(PHASE)' ./internal/replicate -crash.every=1 |
	  grep -E 'moments, every|^(---|    ---|ok|FAIL)|died'
	$(took)

.PHONY: faults
faults: deps ## what a warehouse does when something goes wrong at every single step, or a process dies after every single touch
	$(GO) test -count=1 -timeout 80m -run '^TestDeaths$$' ./internal/warehouse/duckdb -deaths.every=1
	$(GO) test -count=1 -timeout 80m -run '^TestArchived$$' ./internal/warehouse/lake -archived.every=1
	$(GO) test -count=1 -timeout 80m -run '^Test(Data)?Driver$$|^TestDDLCommits$$|^TestMemory$$' ./internal/warehouse/duckdb ./internal/warehouse/postgres ./internal/warehouse/redshift ./internal/warehouse/warehousetest/memory -faults.every=1
	$(took)

.PHONY: stops
stops: deps ## stop a machine at every single one of its states, and each runner before every step in Redshift; the other ends the run
	$(GO) test -count=1 -timeout 60m -run '^(TestMachineIsStoppedAnywhere|TestRunnersTakeOverInRedshift)$$' ./internal/replicate -crash.every=1
	$(took)

.PHONY: verify-big
verify-big: deps ## seven differences found and mended in a copy of RECORDS Accounts of a live org: IN=PostgreSQL,DuckDB
	$(GO) test ./cmd/catchment -count=1 -v -timeout 3h -run '^TestVerifyLiveOrg$$' \
	  -verify.records=$(RECORDS) -verify.in=$(or $(IN),DuckDB) | grep --line-buffered -v '^=== '
	$(took)

# A part is a line of the table or some: first, merge, quiet, unfit, ... ; ONLY='first|merge' measures those alone.
# IN=DuckDB measures there alone; what IN is elsewhere isn't meant.
SPEED = -speed.rounds=$(ROUNDS) -speed.only='$(ONLY)' -speed.before=$(abspath $(BINBEFORE)) \
  -speed.in=$(if $(filter command,$(origin IN)),$(IN),PostgreSQL,DuckDB) \
  $(if $(findstring lake,$(IN)),-lake-python $(CURDIR)/bin/lake/bin/python)

# The commit whose binary is measured beside this one where many objects or few changes are; none where it is empty.
BEFORE ?= e0632a9a
BINBEFORE = $(if $(BEFORE),bin/before/$(BEFORE))
FEW ?= 100000
OBJECTS ?= 71,400,1200

$(BINBEFORE):
	mkdir -p $(@D)
	tree=$$(mktemp -d)
	trap 'git worktree remove --force "$$tree"' EXIT
	git worktree add --quiet --detach "$$tree" $(BEFORE)
	cd "$$tree"
	$(GO) build -o $(CURDIR)/$@ ./cmd/catchment

.PHONY: bench
bench: deps $(BINBEFORE) $(if $(findstring lake,$(IN)),bin/lake/installed) ## the table of docs/benchmarks.md: RECORDS=n BIG=n OBJECTS=n,n ROUNDS=n for a shorter one, ONLY='merge|first' for parts of it, BEFORE= (or a commit) for what is measured beside
	$(GO) test ./cmd/catchment -count=1 -v -timeout 6h -run '^Test[A-Za-z]*Speed$$' -speed.records=$(RECORDS) -speed.big=$(BIG) \
	  -unfit.records=$(RECORDS) -few.records=$(FEW) -many.objects=$(OBJECTS) $(SPEED) | grep --line-buffered -v '^=== '
	if [ -z '$(ONLY)' ]; then $(GO) test ./internal/fakeorg -run '^$$' -bench TenMillionAccounts -benchtime 1x; fi
	$(took)

.PHONY: bench-short
bench-short: deps ## a short table, which fails where a ratio is 1.5 times that of testdata/speed: RENEW=yes writes these anew
	$(GO) test ./cmd/catchment -count=1 -v -timeout 1h -run '^Test[A-Za-z]*Speed$$' -speed.records=50000 -speed.big=100000 \
	  -unfit.records=50000 -speed.rounds=1 -speed.only='$(ONLY)' -speed.short -speed.renew=$(if $(RENEW),true,false) |
	  grep --line-buffered -v '^=== '
	$(took)

.PHONY: microbench
microbench: ## measure single parts: the fake org, the page scanner, DuckDB
	$(GO) test -run '^$$' -bench . -benchtime 1x ./internal/page ./internal/fakeorg/... ./internal/warehouse/duckdb
	$(took)

.PHONY: clean
clean: ## remove what was built
	rm -rf bin
