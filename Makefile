# `make serve` builds and serves the page; `make test` runs every test. Both install what is
# missing and say what they cannot install.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

WASM := target/wasm32-unknown-unknown
RUST := Cargo.toml Cargo.lock $(shell find src crates -name "*.rs" -o -path "*/Cargo.toml" -name Cargo.toml)
PORT ?=

# What stands without a network or a server of ours.
.PHONY: dist single-file
dist: build
	@echo "dist/ can be put on any web server, at any path; dist/README.md says with which headers"

single-file: build
	node scripts/single-file.mjs

.PHONY: help serve build test lint sanitize tools npm chromium lavapipe python trainer published measure soak bench bench-training golden clean

help:
	@echo "make serve    build and serve the page on 127.0.0.1"
	echo "make test     run every test (native, WebAssembly, browser)"
	echo "make dist     a folder for any web server (docs/hosting.md)"
	echo "make single-file  the page as one file, for a USB stick"
	echo "make measure  sizes and speed of the page, in a headless browser"
	echo "make soak     whether memory comes back after much work, over and over"
	echo "make bench    the page's engines and the trainer beside onnxruntime and TensorFlow.js, in one run"
	echo "make published  train the weights that ship again (docs/training.md)"
	echo "make bench-training  training speed beside PyTorch's, in one run"
	echo "make fuzz     every decoder on random damage, for 20 minutes each (cargo-fuzz)"
	echo "make release  the page for others, from the commit, with hashes and licences"
	echo "make golden   make the independent reference numbers again (Python: NumPy, Pillow, SciPy, scikit-learn, PyTorch)"
	echo "cargo trainer --help    training, evaluation, export"

# The page is served as soon as it can answer: with the CPU engine and the loader. The rest is built
# behind it, and the page takes it when it is there.
serve: first npm
	@npm run --silent build -- --parts-to-come
	log=target/serve-build.log
	(if $(MAKE) --no-print-directory build >$$log 2>&1; then echo "All parts of the page are built."; else echo "A part of the page could not be built: $$log says why."; fi) &
	builder=$$!
	trap 'pkill -P $$builder 2>/dev/null || true' EXIT
	node scripts/serve.mjs $(if $(PORT),--port $(PORT))

build: modules npm
	npm run --silent build

# The modules that the page loads: of each its own file, so that they may be built at the same time.
.PHONY: first modules
first: www/pkg/cpu/nodulens_bg.wasm www/pkg/loader/nodulens_bg.wasm
modules: first www/pkg/lab/nodulens_bg.wasm www/pkg/webgpu/nodulens_bg.wasm

BINDGEN = cargo run --quiet --release --package nodulens-bindgen --
CARGO_MODULES = cargo build --package nodulens --target wasm32-unknown-unknown --no-default-features

# Networks on our own engine, and what opens scans: without Burn, and so in minutes.
www/pkg/cpu/nodulens_bg.wasm: $(RUST) | tools
	$(CARGO_MODULES) --profile wasm --bin cpu
	$(BINDGEN) $(WASM)/wasm/cpu.wasm www/pkg/cpu
	touch $@

www/pkg/loader/nodulens_bg.wasm: $(RUST) | tools
	$(CARGO_MODULES) --profile wasm --bin loader
	$(BINDGEN) $(WASM)/wasm/loader.wasm www/pkg/loader
	touch $@

# What looks inside a network, explains its answers and trains; and the reference.
www/pkg/lab/nodulens_bg.wasm: $(RUST) | tools
	$(CARGO_MODULES) --profile wasm --features flex --bin lab
	$(BINDGEN) $(WASM)/wasm/lab.wasm www/pkg/lab
	touch $@

www/pkg/webgpu/nodulens_bg.wasm: $(RUST) | tools
	$(CARGO_MODULES) --profile wasm-webgpu --features webgpu --bin webgpu
	$(BINDGEN) $(WASM)/wasm-webgpu/webgpu.wasm www/pkg/webgpu
	touch $@

tools:
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust 1.95 or newer from https://rustup.rs"; exit 1; }
	command -v node >/dev/null || { echo "node is missing: install Node.js 20 or newer from https://nodejs.org"; exit 1; }
	command -v npm >/dev/null || { echo "npm is missing: it comes with Node.js, https://nodejs.org"; exit 1; }
	if ! test -d "$$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown"; then
	  command -v rustup >/dev/null || { echo "the Rust target wasm32-unknown-unknown is missing, and rustup, which would add it: https://rustup.rs"; exit 1; }
	  rustup target add wasm32-unknown-unknown
	fi

npm: node_modules/.package-lock.json

node_modules/.package-lock.json: package.json package-lock.json | tools
	PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund
	touch $@

# Tests drive Debian's Chromium, or the one that CHROMIUM names.
chromium:
	@if ! command -v "$${CHROMIUM:-chromium}" >/dev/null; then
	  command -v apt-get >/dev/null || { echo "Chromium is missing: install it, or name it in CHROMIUM"; exit 1; }
	  echo "Installing Chromium ..."
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null || { echo "Chromium could not be installed: apt-get install chromium (as root), or name one in CHROMIUM"; exit 1; }
	fi

# The second browser that tests drive: Debian's Firefox, or the one that FIREFOX names.
.PHONY: firefox
firefox:
	@if ! command -v "$${FIREFOX:-firefox-esr}" >/dev/null; then
	  command -v apt-get >/dev/null || { echo "Firefox is missing: install it, or name it in FIREFOX"; exit 1; }
	  echo "Installing Firefox ..."
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq firefox-esr >/dev/null || { echo "Firefox could not be installed: apt-get install firefox-esr (as root), or name one in FIREFOX"; exit 1; }
	fi

# A software Vulkan adapter, so that the GPU path is tested without a GPU.
LAVAPIPE := ls /usr/share/vulkan/icd.d/lvp_icd*.json 2>/dev/null | head -n 1
lavapipe:
	@if test -z "$$($(LAVAPIPE))" && command -v apt-get >/dev/null; then
	  echo "Installing lavapipe ..."
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq mesa-vulkan-drivers libvulkan1 >/dev/null || echo "lavapipe could not be installed: the GPU path will not be tested"
	fi

# The programs of others that check our files, in a place of their own.
PYTHON := target/tools/python
python: $(PYTHON)/.ready
$(PYTHON)/.ready: tests/reference/requirements.txt
	@command -v python3 >/dev/null || { echo "python3 is missing: install Python 3.11 or newer"; exit 1; }
	rm -rf $(PYTHON)
	python3 -m venv $(PYTHON) || { echo "python3 cannot make virtual environments: apt-get install python3-venv"; exit 1; }
	$(PYTHON)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

trainer: tools
	cargo build --release --package trainer

lint: tools
	cargo fmt --check
	node scripts/rust-circles.mjs
	# Without the GPU path, whose dependencies would take minutes more.
	cargo clippy --release --package nodulens --package nodulens-engine --package nodulens-imaging --package trainer --package nodulens-bindgen --no-default-features --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --release --no-deps --package nodulens --package nodulens-engine --package nodulens-imaging --package trainer --no-default-features --features nodulens/flex

# The engine's tests under the address sanitizer: its kernels work on plain pointers. The stable
# compiler has it behind a switch; where it has none (other processors), this is left out.
sanitize: tools
	@if test "$$(uname -sm)" = "Linux x86_64"; then
	  RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address CARGO_TARGET_DIR=target/sanitized cargo test --package nodulens-engine --lib --target x86_64-unknown-linux-gnu
	else
	  echo "sanitize: only on Linux, x86-64"
	fi

test: tools npm chromium firefox lavapipe python lint licences sanitize
	icd=$$($(LAVAPIPE) || true)
	if test -n "$$icd"; then export VK_ICD_FILENAMES=$$icd NODULENS_NEEDS_ADAPTER=1; fi
	export NODULENS_PYTHON=$$PWD/$(PYTHON)/bin/python
	cargo test --release --package nodulens --package nodulens-engine --package nodulens-imaging --package trainer -- --nocapture
	$(MAKE) build trainer
	npm run --silent unit
	npm run --silent e2e
	npm run --silent screenshots -- --check
	npm run --silent bench -- --check

# The weights that ship, from the patches: two wide teachers side by side, a core each, the
# paper's network, which teaches too, and the network that ships. Begun again, it goes on where it was.
PATCHES ?= ../shared/data/luna16-patches
DEVICE ?= cpu
published: trainer
	train() { target/release/nodulens train --config trainer/configs/$$1.toml --patches $(PATCHES) --device $(DEVICE) --out runs/$$2 $$(test -d runs/$$2 && echo --resume) "$${@:3}"; }
	publish() { target/release/nodulens export --patches $(PATCHES) --device $(DEVICE) --run runs/$$1 "$${@:2}"; }
	RAYON_NUM_THREADS=1 train wide wide-1 & one=$$!
	RAYON_NUM_THREADS=1 train wide wide-2 --seed 2 & two=$$!
	wait $$one
	wait $$two
	publish wide-1 --checkpoint last --out runs/wide-1/weights
	publish wide-2 --checkpoint last --out runs/wide-2/weights
	train paper paper
	publish paper
	train compact compact
	publish compact --checkpoint last
	train context context
	publish context --checkpoint last

# PyTorch, from PyPI, in a place of its own: some gigabytes, of which nothing ships.
TORCH := target/tools/torch
$(TORCH)/.ready:
	@command -v python3 >/dev/null || { echo "python3 is missing: install Python 3.11 or newer"; exit 1; }
	rm -rf $(TORCH)
	python3 -m venv $(TORCH) || { echo "python3 cannot make virtual environments: apt-get install python3-venv"; exit 1; }
	$(TORCH)/bin/pip install --quiet --disable-pip-version-check torch==2.15.0 numpy
	touch $@

# Wants an idle machine: it times.
bench-training: tools $(TORCH)/.ready
	cargo build --release --package trainer --no-default-features
	$(TORCH)/bin/python scripts/bench_training.py target/release/nodulens docs/training-speed.json

measure: build chromium trainer
	npm run --silent measure
	npm run --silent measure-scan
	npm run --silent measure-learn

# Five rounds of 5,000 patches and 600 slices: does the page's memory come back?
soak: build chromium trainer
	node scripts/soak.mjs --json docs/soak.json

# Wants an idle machine: it times. A part of it: npm run bench -- --only SECTION
bench: build chromium trainer python
	npm run --silent bench

golden:
	python3 tests/reference/networks.py
	python3 tests/reference/metrics.py
	python3 tests/reference/froc.py
	python3 tests/reference/explanations.py

# The page for others: built from the commit alone, with hashes, licences and a list of its parts.
# `make reproduce` builds it twice and compares.
.PHONY: release reproduce licences audit fuzz
release: tools
	test -z "$$(git status --porcelain)" || { echo "there are changes that are not committed; a release is made of a commit"; exit 1; }
	scripts/release/build.sh target/page-release

reproduce: tools
	scripts/release/reproduce.sh

# Seconds: every crate that ships is allowed and named, and the page bundles nothing of npm.
licences: tools npm
	node --test scripts/release/allowed.test.mjs >/dev/null
	node scripts/release/licences.mjs

# Known faults of what is used; asks GitHub and npm.
audit: licences
	cargo deny check || { command -v cargo-deny >/dev/null || echo "cargo install cargo-deny --locked"; exit 1; }
	npm audit

# Fuzzes for MINUTES each: make fuzz TARGETS="dicom nifti". The compiler's switches for it are not
# stable, but they are in the stable compiler.
TARGETS ?= raster dicom dicom_pixels nifti nrrd metaimage archive weights
MINUTES ?= 20
fuzz: tools
	@command -v cargo-fuzz >/dev/null || { echo "cargo install cargo-fuzz --locked"; exit 1; }
	NODULENS_SEEDS=$$PWD/fuzz/corpus cargo test --release --package nodulens --test integration -- --ignored write_seeds
	for target in $(TARGETS); do
	  mkdir -p fuzz/found/$$target
	  RUSTC_BOOTSTRAP=1 cargo fuzz run --release $$target fuzz/found/$$target fuzz/corpus/$$target -- \
	    -max_total_time=$$(( $(MINUTES) * 60 )) -timeout=20 -rss_limit_mb=3000 -max_len=65536 -print_final_stats=1
	done

clean:
	rm -rf target dist www/pkg node_modules
