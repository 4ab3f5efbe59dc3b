//! An allocator that counts: how many bytes a thread took at most.

#![allow(unsafe_code, dead_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Bytes that this thread holds now, and the most since [`taken`] began. Signed, because one
    /// thread may free what another took.
    static NOW_AND_PEAK: Cell<[isize; 2]> = const { Cell::new([0, 0]) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn changed(bytes: isize) {
    // A thread that ends has no counter any more, and nobody asks for it.
    let _ = NOW_AND_PEAK.try_with(|counter| {
        let [now, peak] = counter.get();
        counter.set([now + bytes, peak.max(now + bytes)]);
    });
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        changed(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        changed(layout.size() as isize);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        changed(-(layout.size() as isize));
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        changed(-(layout.size() as isize));
        changed(size as isize);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Do something on this thread, and return how many bytes it took at most.
pub fn taken<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let [before, _] = NOW_AND_PEAK.get();
    NOW_AND_PEAK.set([before, before]);
    let done = work();
    let [_, peak] = NOW_AND_PEAK.get();
    ((peak - before).max(0) as usize, done)
}

/// Forget what the running work has taken so far.
pub fn forget() {
    let [now, _] = NOW_AND_PEAK.get();
    NOW_AND_PEAK.set([now, now]);
}
