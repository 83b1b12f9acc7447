//! Patterns of names.

/// Whether a glob matches all of a name, in at most pattern × name steps: `*`, `?`, `[a-z]` and `[!a-z]` stand for
/// other characters.
pub fn matches_glob(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where to go on when what follows the last star does not match: after the star, one further on.
    let mut retry = None;
    while n < name.len() {
        if pattern.get(p) == Some(&'*') {
            p += 1;
            retry = Some((p, n + 1));
        } else if let Some(after) = step(&pattern, p, name[n]) {
            (p, n) = (after, n + 1);
        } else if let Some((star, from)) = retry {
            (p, n) = (star, from);
            retry = Some((star, from + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// Whether each `[` of a glob has its `]`: one that has none stands for itself, which is hardly meant.
pub(crate) fn is_whole_glob(pattern: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let mut at = 0;
    while let Some(open) = pattern.iter().skip(at).position(|&c| c == '[') {
        let Some(end) = set_end(&pattern, at + open) else {
            return false;
        };
        at = end + 1;
    }
    true
}

/// Where the pattern goes on if its next element matches this character.
fn step(pattern: &[char], at: usize, c: char) -> Option<usize> {
    match *pattern.get(at)? {
        '?' => Some(at + 1),
        '[' => match set_end(pattern, at) {
            Some(end) => in_set(&pattern[at + 1..end], c).then_some(end + 1),
            None => (c == '[').then_some(at + 1),
        },
        literal => (literal == c).then_some(at + 1),
    }
}

/// Where a `[..]` closes; a `]` right after its opening is one of its members.
fn set_end(pattern: &[char], open: usize) -> Option<usize> {
    let first = open + 1 + usize::from(pattern.get(open + 1) == Some(&'!'));
    (first + 1..pattern.len()).find(|&at| pattern[at] == ']')
}

fn in_set(set: &[char], c: char) -> bool {
    let (negated, mut set) = match set {
        ['!', rest @ ..] => (true, rest),
        _ => (false, set),
    };
    let mut found = false;
    while let [first, rest @ ..] = set {
        (found, set) = match rest {
            ['-', last, rest @ ..] => (found || (*first..=*last).contains(&c), rest),
            _ => (found || *first == c, rest),
        };
    }
    found != negated
}
