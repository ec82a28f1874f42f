# Two commands matter: `make demo` and `make test`. One profile (release) serves both, so the
# heavy dependencies are compiled once.

TARGET := $(or $(CARGO_TARGET_DIR),target)
TARN := $(TARGET)/release/tarn
FROM ?=
ARGS ?=

.PHONY: demo build console test format lint rust web conformance bench setup

## Build what is needed, import a population, open the console. FROM=DIR takes a folder of NDJSON.
demo: build
	$(TARN) demo $(if $(FROM),--from $(FROM)) $(ARGS)

build: console
	@echo "Building tarn (the first time compiles DataFusion and RocksDB: about half an hour on two cores)"
	cargo build --release --locked

console: web/dist/index.html

web/dist/index.html: $(shell find web/src web/public web/index.html web/package-lock.json web/vite.config.ts -type f 2>/dev/null)
	@tools/setup build
	cd web && npm ci --no-audit --no-fund --loglevel=error && npm run build
	@touch $@

## Everything CI checks.
test: setup format lint rust web conformance

setup:
	@tools/setup test

format:
	cargo fmt --all --check

lint: console
	cargo clippy --release --locked --workspace --all-targets -- -D warnings

rust: build
	cargo test --release --locked --workspace

web: build
	cd web && npm run check && TARN_BIN=$(abspath $(TARN)) npm test

conformance: build
	TARN_BIN=$(abspath $(TARN)) python3 conformance/run

## Import, query and storage measurements, written to bench/results/.
bench: build
	TARN_BIN=$(abspath $(TARN)) python3 bench/run $(ARGS)
