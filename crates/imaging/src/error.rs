//! What every error tells its user.

/// An error that a person or a program can act on.
pub trait UserError: std::error::Error {
    /// Return the stable name of the error, for programs.
    fn code(&self) -> &'static str;

    /// Return what the user can do about it.
    fn hint(&self) -> &'static str;
}
