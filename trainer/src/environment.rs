//! Where this program comes from.

/// Return the commit of the sources that this program was built from, `-dirty` where they had
/// changes, or `unknown` where they were no git repository. `build.rs` asks git; the program never
/// does, for what lies on disk when it runs may be other sources.
pub fn commit() -> String {
    env!("NODULENS_COMMIT").to_owned()
}
