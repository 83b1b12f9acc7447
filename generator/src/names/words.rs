//! Splitting a name into words.

use std::fmt::Write as _;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::{
    CodePointMapData,
    props::{GeneralCategory, GeneralCategoryGroup},
};
use sha2::{Digest as _, Sha256};

use super::{hides, is_typable};

/// The words of a name in lower case, joined with `-`; never empty, and always typable.
///
/// Words are runs of letters and digits, with the marks upon them. A run is split before a capital
/// that follows a small letter (`maxResults`) and before the last of several capitals that a small
/// letter follows (`ABCd`), unless that is the plural of an acronym (`userIDs`). A digit has no case:
/// it stays in the word before it, and what follows it is split as if it were not there (`md5Sum`).
/// heck, which splits much like this, would split at marks, and plurals as well.
///
/// A name without a letter or a digit gets one made of its hash.
///
/// ```
/// # use mcpress::names::kebab;
/// assert_eq!(kebab("maxResults"), "max-results");
/// assert_eq!(kebab("userIDs"), "user-ids");
/// assert_eq!(kebab("$"), "arg-09fc96");
/// ```
pub fn kebab(name: &str) -> String {
    let words = if name.is_ascii() {
        split(name)
    } else {
        let normal = ComposingNormalizerBorrowed::new_nfc();
        let words = split(&normal.normalize(name));
        normal.normalize(&words).into_owned()
    };
    if is_typable(&words) {
        words
    } else {
        hashed(name)
    }
}

fn split(name: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for run in runs(name) {
        let cuts = cuts(&run);
        let ends = cuts.iter().copied().skip(1).chain([run.len()]);
        for (start, end) in cuts.iter().copied().zip(ends) {
            let word: String = run[start..end]
                .iter()
                .flat_map(|piece| piece.chars())
                .collect();
            words.push(word.to_lowercase());
        }
    }
    words.join("-")
}

/// A letter or a digit, with the marks upon it.
struct Piece {
    base: char,
    marks: Vec<char>,
}

impl Piece {
    fn chars(&self) -> impl Iterator<Item = char> {
        std::iter::once(self.base).chain(self.marks.iter().copied())
    }

    /// A capital without a small letter has no case: it would be a capital for ever.
    fn case(&self) -> Case {
        if !self.base.to_lowercase().eq([self.base]) {
            Case::Capital
        } else if self.base.is_lowercase() {
            Case::Small
        } else {
            Case::None
        }
    }
}

/// The runs of letters and digits, the last of which may be empty. A mark that is upon nothing, or
/// that is not seen, is left out.
fn runs(name: &str) -> Vec<Vec<Piece>> {
    let mut runs = vec![Vec::new()];
    for c in name.chars() {
        let run = runs.last_mut().expect("there is one from the beginning");
        let piece: Option<&mut Piece> = run.last_mut();
        match piece {
            Some(piece) if is_mark(c) => piece.marks.extend((!hides(c)).then_some(c)),
            _ if is_mark(c) => {}
            _ if c.is_alphanumeric() && !hides(c) => run.push(Piece {
                base: c,
                marks: Vec::new(),
            }),
            Some(_) => runs.push(Vec::new()),
            None => {}
        }
    }
    runs
}

/// Whether a character is drawn upon the one before it.
fn is_mark(c: char) -> bool {
    let marks = GeneralCategoryGroup::NonspacingMark.union(GeneralCategoryGroup::SpacingMark);
    !c.is_ascii() && marks.contains(CodePointMapData::<GeneralCategory>::new().get(c))
}

#[derive(Clone, Copy, PartialEq)]
enum Case {
    Capital,
    Small,
    None,
}

/// Where the words of a run begin.
fn cuts(run: &[Piece]) -> Vec<usize> {
    let cases = cases(run);
    let mut cuts = Vec::from_iter((!run.is_empty()).then_some(0));
    // The last letter of the word, digits aside.
    let mut before = Case::None;
    for (at, &case) in cases.iter().enumerate() {
        let small_follows = cases.get(at + 1) == Some(&Case::Small);
        let cut = match before {
            Case::Capital => case == Case::Capital && small_follows,
            Case::Small => case == Case::Capital,
            Case::None => false,
        };
        if cut {
            cuts.push(at);
        }
        if case != Case::None {
            before = case;
        }
    }
    cuts
}

/// The cases of a run, that of an acronym in the plural being that of one capitalised word: two or
/// more capitals, an `s`, and no small letter after it.
fn cases(run: &[Piece]) -> Vec<Case> {
    let mut cases: Vec<Case> = run.iter().map(Piece::case).collect();
    let mut start = 0;
    while start < run.len() {
        let capitals = cases[start..]
            .iter()
            .take_while(|case| **case == Case::Capital)
            .count();
        let end = start + capitals;
        let s = run.get(end);
        let s = s.is_some_and(|piece| piece.base == 's' && piece.marks.is_empty());
        if capitals > 1 && s && cases.get(end + 1) != Some(&Case::Small) {
            cases[start + 1..end].fill(Case::Small);
        }
        start = end + 1;
    }
    cases
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
    use proptest::prelude::*;

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
            ("S3IDs", "s3-ids"),
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
            ("md5Sum", "md5-sum"),
            ("md5sum", "md5sum"),
            ("x2y", "x2y"),
            ("X2Y", "x2y"),
            ("HTTP2Server", "http2-server"),
            ("v2API", "v2-api"),
            ("2fa", "2fa"),
            ("2FA", "2fa"),
            ("123Abc", "123abc"),
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
    fn a_mark_stays_with_its_letter_and_splits_no_word() {
        for (name, words) in [
            ("हिन्दी_भाषा", "हिन्दी-भाषा"),
            ("x\u{301}yQ\u{302}a", "x\u{301}y-q\u{302}a"),
            ("\u{301}a", "a"),
            ("a \u{301}b", "a-b"),
            ("1\u{fe0f}\u{20e3}st", "1-st"),
            ("a\u{34f}b", "ab"),
        ] {
            assert_eq!(kebab(name), words, "{name}");
        }
    }

    #[test]
    fn a_letter_may_have_several_small_ones_or_none() {
        assert_eq!(kebab("İstanbul"), "i\u{307}stanbul");
        assert_eq!(kebab("STRAẞE"), "straße");
        assert_eq!(kebab("ΟΔΟΣ_ΑΣ"), "οδος-ας");
        assert_eq!(kebab("A\u{1d400}b"), "a\u{1d400}b");
    }

    #[test]
    fn what_cannot_be_seen_reaches_no_name() {
        let hidden = [
            '\0',
            '\u{7}',
            '\u{7f}',
            '\u{9b}',
            '\u{ad}',
            '\u{200b}',
            '\u{200d}',
            '\u{202e}',
            '\u{2028}',
            '\u{2066}',
            '\u{3164}',
            '\u{115f}',
            '\u{feff}',
            '\u{e0041}',
            '\u{a0}',
            '\u{180e}',
            '\n',
        ];
        for c in hidden {
            assert!(!kebab(&format!("a{c}b")).contains(c), "{c:?}");
            assert!(!is_typable(&format!("a{c}b")), "{c:?}");
            assert!(kebab(&c.to_string()).starts_with("arg-"), "{c:?}");
        }
    }

    #[test]
    fn every_character_makes_a_name_that_is_its_own() {
        for c in '\0'..='\u{1ffff}' {
            let name = format!("a{c}A{c}b");
            let words = kebab(&name);
            assert!(is_typable(&words), "{name:?}");
            assert_eq!(kebab(&words), words, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_takes_no_longer_than_it_is() {
        assert_eq!(kebab(&"aB".repeat(100_000)).len(), 300_000);
        assert_eq!(kebab(&"A".repeat(100_000)).len(), 100_000);
        assert_eq!(
            kebab(&format!("a{}", "\u{301}".repeat(100_000)))
                .chars()
                .next(),
            Some('á')
        );
    }

    proptest! {
        #[test]
        fn every_name_has_words_that_are_their_own(name in prop_oneof![any::<String>(), "[a-cA-CsS0-2_\u{301}İΣǅ\u{1d400}é ]{0,12}"]) {
            let words = kebab(&name);
            prop_assert!(is_typable(&words));
            prop_assert_eq!(&kebab(&words), &words);
            prop_assert_eq!(&kebab(&name), &words);
        }
    }

    #[test]
    fn a_name_without_letters_or_digits_is_named_by_its_hash() {
        assert_eq!(kebab(""), "arg-e3b0c4");
        assert_eq!(kebab("$"), "arg-09fc96");
        assert_ne!(kebab("-"), kebab("--"));
    }
}
