//! The shape of a key to the vault, told without asking it.

/// What kind of caller a key is made for.
///
/// It is what the key says of itself. Whether its holder is an application or an agent only the vault
/// knows: keys of the old shape do not tell, and one made for agents need not be bound to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The old shape, of applications and of single agents.
    Old,
    /// An application's.
    Runtime,
    /// Made for agents.
    Agent,
    /// Derived from another, for a while.
    Derived,
    /// One that may be published.
    Publishable,
}

impl Kind {
    /// As a person is told of it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Old => "a key of the old shape",
            Self::Runtime => "an application's key",
            Self::Agent => "a key made for agents",
            Self::Derived => "a derived key",
            Self::Publishable => "a publishable key",
        }
    }
}

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The kind of a key, or None if the text is no key: neither
/// `alter_key_` and 40 characters, nor `alter_KIND_BODY_CHECK` with a check that is right.
pub(crate) fn kind(key: &str) -> Option<Kind> {
    let rest = key.strip_prefix("alter_")?;
    if let Some(body) = rest.strip_prefix("key_") {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        return (body.len() == 40 && body.bytes().all(is_plain)).then_some(Kind::Old);
    }
    let mut parts = rest.split('_');
    let (name, body, check) = (parts.next()?, parts.next()?, parts.next()?);
    let kind = match name {
        "rk" => Kind::Runtime,
        "ak" => Kind::Agent,
        "dk" => Kind::Derived,
        "pk" => Kind::Publishable,
        _ => return None,
    };
    let is_body = body.len() == 22 && body.bytes().all(|byte| ALPHABET.contains(&byte));
    let is_right = checksum(format!("{name}:{body}").as_bytes()).eq(check.bytes());
    (parts.next().is_none() && is_body && is_right).then_some(kind)
}

/// The six letters of a CRC-32, five bits each, the lowest first.
fn checksum(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let sum = crc32(bytes);
    (0..6).map(move |place| ALPHABET[(sum >> (5 * place)) as usize & 31])
}

/// The CRC-32 of zlib (ISO 3309), bit by bit: a key is too short for a table to pay.
fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg());
        }
    }
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_its_kind() {
        for (key, expected) in [
            ("alter_rk_aaaaaaaaaaaaaaaaaaaaaa_l77ykl", Kind::Runtime),
            ("alter_ak_bbbbbbbbbbbbbbbbbbbbbb_xul6yk", Kind::Agent),
            ("alter_dk_7777777777777777777777_ig25z4", Kind::Derived),
            ("alter_pk_qqqqqqqqqqqqqqqqqqqqqq_65smmk", Kind::Publishable),
            (
                "alter_key_app_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                Kind::Old,
            ),
        ] {
            assert_eq!(kind(key), Some(expected), "{key}");
        }
    }

    #[test]
    fn what_is_not_a_key_is_refused_whatever_it_holds() {
        for text in [
            "alter_",
            "alter_key_",
            "alter_rk",
            "alter_rk__",
            "alter_rk_aaaaaaaaaaaaaaaaaaaaaa_l77ykl_",
            "alter_rk_aaaaaaaaaaaaaaaaaaaaaa_l77ykl\n",
            "alter_rk_ééééééééééé_l77ykl",
        ] {
            assert_eq!(kind(text), None, "{text}");
        }
    }
}
