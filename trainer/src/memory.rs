//! Memory that training lets go of and takes again at every step.

/// Keep memory that is let go of, where the C library is glibc: by default it gives large pieces back
/// to the system and gets them again page by page, which on two threads took a third of a step of the
/// paper's network (docs/training-speed.md). Call it before the first thread is started.
pub fn keep() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// Above it a piece is the system's at once: more than any tensor of a step.
        const ONE_PIECE: libc::c_int = 1 << 30;
        /// Taken beyond what is asked for, so that the system is asked less often.
        const AHEAD: libc::c_int = 64 << 20;
        for (option, value) in [
            (libc::M_MMAP_THRESHOLD, ONE_PIECE),
            (libc::M_TRIM_THRESHOLD, libc::c_int::MAX),
            (libc::M_TOP_PAD, AHEAD),
        ] {
            // SAFETY: an option of the allocator that any program may set; where it refuses, all stays as
            // it was.
            #[allow(unsafe_code)]
            unsafe {
                libc::mallopt(option, value);
            }
        }
    }
}
