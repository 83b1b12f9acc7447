//! Splitting a name into words.

use std::fmt::Write as _;

use heck::ToKebabCase as _;
use icu_normalizer::ComposingNormalizerBorrowed;
use sha2::{Digest as _, Sha256};

/// The words of a name in lower case, joined with `-`; never empty.
///
/// heck splits; what is ours is the normal form, the plural acronym, and the name without a letter
/// or a digit, which gets one made of its hash.
///
/// ```
/// # use mcpress::names::kebab;
/// assert_eq!(kebab("maxResults"), "max-results");
/// assert_eq!(kebab("userIDs"), "user-ids");
/// assert_eq!(kebab("$"), "arg-09fc96");
/// ```
pub fn kebab(name: &str) -> String {
    let words = if name.is_ascii() {
        keep_plural_acronyms(name).to_kebab_case()
    } else {
        let normal = ComposingNormalizerBorrowed::new_nfc();
        let words = keep_plural_acronyms(&normal.normalize(name)).to_kebab_case();
        normal.normalize(&words).into_owned()
    };
    if words.is_empty() {
        hashed(name)
    } else {
        words
    }
}

/// Writes an acronym in the plural as one capitalised word: `userIDs` as `userIds`.
///
/// Otherwise the last capital and the `s` would be taken for the beginning of the next word.
fn keep_plural_acronyms(name: &str) -> String {
    let mut chars: Vec<char> = name.chars().collect();
    let mut start = 0;
    while start < chars.len() {
        let capitals = chars[start..]
            .iter()
            .take_while(|c| c.is_uppercase())
            .count();
        let end = start + capitals;
        let plural = capitals > 1
            && chars.get(end) == Some(&'s')
            && chars.get(end + 1).is_none_or(|next| !next.is_lowercase());
        if plural {
            for c in &mut chars[start + 1..end] {
                *c = lower(*c);
            }
        }
        start = end + 1;
    }
    chars.into_iter().collect()
}

/// The lower case of a character, where that is one character.
fn lower(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn hashed(name: &str) -> String {
    let mut words = String::from("arg-");
    for byte in &Sha256::digest(name)[..3] {
        write!(words, "{byte:02x}").expect("a string takes any text");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_split_into_words() {
        for (name, words) in [
            ("tag", "tag"),
            ("policy_id", "policy-id"),
            ("maxResults", "max-results"),
            ("HTTPServer", "http-server"),
            ("ABCd", "ab-cd"),
            ("getURL", "get-url"),
            ("Already-Kebab", "already-kebab"),
            ("a.b/c d:e", "a-b-c-d-e"),
            ("$filter", "filter"),
            ("__x__", "x"),
            ("StartTime<", "start-time"),
        ] {
            assert_eq!(kebab(name), words, "{name}");
        }
    }

    #[test]
    fn plural_acronyms_stay_whole() {
        for (name, words) in [
            ("userIDs", "user-ids"),
            ("PRs", "prs"),
            ("listPRsByURLs", "list-prs-by-urls"),
            ("IDs_and_URLs", "ids-and-urls"),
            ("APIs2", "apis2"),
            ("ITsystem", "i-tsystem"),
            ("getAs", "get-as"),
        ] {
            assert_eq!(kebab(name), words, "{name}");
        }
    }

    #[test]
    fn digits_stick_to_the_word_before_them() {
        for (name, words) in [
            ("s3", "s3"),
            ("utf8", "utf8"),
            ("s3Bucket", "s3-bucket"),
            ("S3Bucket", "s3-bucket"),
            ("oauth2_token", "oauth2-token"),
            ("2fa", "2fa"),
            ("address_1", "address-1"),
        ] {
            assert_eq!(kebab(name), words, "{name}");
        }
    }

    #[test]
    fn other_letters_stay_in_their_composed_form() {
        assert_eq!(kebab("größe"), "größe");
        assert_eq!(kebab("Gro\u{308}ße"), "größe");
        assert_eq!(kebab("名前"), "名前");
    }

    #[test]
    fn a_name_without_letters_or_digits_is_named_by_its_hash() {
        assert_eq!(kebab(""), "arg-e3b0c4");
        assert_eq!(kebab("$"), "arg-09fc96");
        assert_ne!(kebab("-"), kebab("--"));
    }
}
