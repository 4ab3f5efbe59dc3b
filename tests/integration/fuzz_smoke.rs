//! The fuzz targets on stable, for seconds: sound files, then the same with seeded damage, through
//! the functions that cargo-fuzz runs for long (docs/fuzzing.md).

#[path = "../../fuzz/src/mutate.rs"]
mod mutate;
#[path = "../../fuzz/src/seeds.rs"]
mod seeds;
#[path = "../../fuzz/src/targets.rs"]
mod targets;

use std::path::Path;
use std::time::{Duration, Instant};
use targets::TARGETS;

/// Damaged files of each target.
const CASES: u64 = 10_000;
/// No file of a few kilobytes may keep anyone waiting for longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Seeds that are refused, each for a reason that damage may take away.
const REFUSED: [(&str, &str); 6] = [
    ("raster", "text.png"),
    ("raster", "float.tiff"),
    ("weights", "paper"),
    ("weights", "wide"),
    ("weights", "card"),
    ("weights", "cut"),
];

fn run(name: &str, target: fn(&[u8]) -> usize, what: &str, bytes: &[u8]) -> usize {
    let started = Instant::now();
    let found = target(bytes);
    let taken = started.elapsed();
    assert!(taken < PATIENCE, "{name}: {what} took {taken:?}");
    found
}

#[test]
fn sound_files() {
    for (name, target) in TARGETS {
        for (seed, bytes) in seeds::of(name) {
            let found = run(name, target, &seed, &bytes);
            let refused = REFUSED.contains(&(name, &seed));
            assert_eq!(found > 0, !refused, "{name}: {seed}");
        }
    }
}

#[test]
fn damaged_files() {
    for (name, target) in TARGETS {
        let (seeds, started) = (seeds::of(name), Instant::now());
        let mut found = 0;
        for case in 0..CASES {
            let (seed, bytes) = &seeds[case as usize % seeds.len()];
            let other = &seeds[(case / 7) as usize % seeds.len()].1;
            let damaged = mutate::mutated(bytes, other, case);
            found += usize::from(run(name, target, &format!("{seed}, case {case}"), &damaged) > 0);
        }
        let seconds = started.elapsed().as_secs_f64();
        println!("{name}: {CASES} damaged files in {seconds:.1} s, {found} opened");
        // Neither is all of it refused at the door, nor is the damage too small to matter.
        assert!(found > 0 && found < CASES as usize);
    }
}

/// Writes what fuzzing begins with: NODULENS_SEEDS is the folder.
#[test]
#[ignore = "only for `make fuzz`"]
fn write_seeds() {
    let folder = std::env::var("NODULENS_SEEDS").expect("NODULENS_SEEDS names a folder");
    for (name, _) in TARGETS {
        let folder = Path::new(&folder).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for (seed, bytes) in seeds::of(name) {
            std::fs::write(folder.join(seed), bytes).unwrap();
        }
    }
}
