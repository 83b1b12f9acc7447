//! A value that nobody is to see.

use zeroize::Zeroizing;

/// A credential, from the line that reads it to the line that sends it.
///
/// It is wiped when it is dropped, it has no `Display`, its `Debug` says nothing, and
/// [`Secret::expose`] is the only way out of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a value in.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The value, for the header, the form or the file that it belongs in.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret::new("open-sesame");
        assert_eq!(
            format!("{secret:?} {:#?}", Some(&secret))
                .matches("sesame")
                .count(),
            0
        );
        assert_eq!(secret.expose(), "open-sesame");
    }
}
