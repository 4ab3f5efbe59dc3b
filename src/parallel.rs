//! Work shared out over threads, where there are any.

/// Do `work` for each of `parts` parts, and join what they give in their order.
#[cfg(feature = "threads")]
pub(crate) fn in_parts<E: Send>(
    parts: usize,
    work: impl Fn(usize) -> Result<Vec<f32>, E> + Send + Sync,
) -> Result<Vec<f32>, E> {
    use rayon::prelude::*;
    let done: Vec<Vec<f32>> = (0..parts).into_par_iter().map(work).collect::<Result<_, E>>()?;
    Ok(done.concat())
}

/// Do `work` for each of `parts` parts, one after another, and join what they give.
#[cfg(not(feature = "threads"))]
pub(crate) fn in_parts<E>(
    parts: usize,
    work: impl Fn(usize) -> Result<Vec<f32>, E>,
) -> Result<Vec<f32>, E> {
    let mut all = Vec::new();
    for part in 0..parts {
        all.append(&mut work(part)?);
    }
    Ok(all)
}

/// Return how many threads there are.
pub(crate) fn threads() -> usize {
    #[cfg(feature = "threads")]
    return rayon::current_num_threads();
    #[cfg(not(feature = "threads"))]
    1
}

/// Do `work` for each part; return what it gives in their order.
#[cfg(all(feature = "threads", feature = "flex"))]
pub(crate) fn each<T: Send, R: Send>(parts: Vec<T>, work: impl Fn(T) -> R + Send + Sync) -> Vec<R> {
    use rayon::prelude::*;
    // One at a time, for a thread that is held up elsewhere leaves its share to the others.
    parts.into_par_iter().with_max_len(1).map(work).collect()
}

/// Do `work` for each part, one after another; return what it gives in their order.
#[cfg(all(not(feature = "threads"), feature = "flex"))]
pub(crate) fn each<T, R>(parts: Vec<T>, work: impl Fn(T) -> R) -> Vec<R> {
    parts.into_iter().map(work).collect()
}

/// Make so many zeros, all threads at work: for millions of them the system has to find the memory,
/// page by page.
#[cfg(all(feature = "threads", feature = "flex"))]
pub(crate) fn zeros(count: usize) -> Vec<f32> {
    use rayon::prelude::*;
    /// Numbers below which a thread of its own is not worth it.
    const LEAST: usize = 1 << 16;
    rayon::iter::repeat_n(0.0, count).with_min_len(LEAST).collect()
}

/// Make so many zeros.
#[cfg(all(not(feature = "threads"), feature = "flex"))]
pub(crate) fn zeros(count: usize) -> Vec<f32> {
    vec![0.0; count]
}

/// Do two things side by side.
#[cfg(all(feature = "threads", feature = "flex"))]
pub(crate) fn both(first: &mut (dyn FnMut() + Send), second: &mut (dyn FnMut() + Send)) {
    rayon::join(first, second);
}

/// Do two things one after the other.
#[cfg(all(not(feature = "threads"), feature = "flex"))]
pub(crate) fn both(first: &mut (dyn FnMut() + Send), second: &mut (dyn FnMut() + Send)) {
    first();
    second();
}
