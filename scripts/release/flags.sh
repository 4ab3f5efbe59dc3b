# Sourced: the flags with which WebAssembly comes out the same wherever it is built. Paths of the
# checkout, of Cargo's home and of the toolchain stand in panic messages; here they get one name.
commit=$(rustc --version --verbose | sed -n 's/^commit-hash: //p')
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="\
--remap-path-prefix=$(pwd -P)=/nodulens \
--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo \
--remap-path-prefix=$(rustc --print sysroot)/lib/rustlib/src/rust=/rustc/$commit"
# What a build writes down of its time and place.
export SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) TZ=UTC LC_ALL=C.UTF-8
