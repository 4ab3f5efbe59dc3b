#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    nodulens_fuzz::targets::nrrd(bytes);
});
