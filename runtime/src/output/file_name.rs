//! The name of a file for something that a server sent.
//!
//! A server may propose a name, and it is not to be trusted with one: what comes out here has no path,
//! no dot in front, nothing that a shell, a terminal or Windows takes for something else, and an end.

use percent_encoding::percent_decode_str;

/// The most bytes of a stem: with a number and an extension it stays a name for every file system.
const LONGEST: usize = 100;

/// The most characters of an extension that a server proposes.
const LONGEST_EXTENSION: usize = 10;

/// A name that any file system takes, in the two parts between which a number goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileName {
    stem: String,
    extension: String,
}

impl FileName {
    /// The last part of a URI or name that a server proposes, or else this fallback; with an extension
    /// of its media type.
    pub(super) fn new(proposed: &str, fallback: &str, mime: &str) -> Self {
        let last = last_part(proposed);
        let proposed = harmless(&last);
        let name = if proposed.is_empty() {
            harmless(fallback)
        } else {
            proposed
        };
        let (stem, extension) = match name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() && is_extension(extension) => {
                (stem, extension)
            }
            _ => (name.as_str(), ""),
        };
        let (stem, extension) = match extensions(mime) {
            // The media type is what the bytes are said to be, so a name may not say otherwise.
            Some(known) if !known.contains(&extension.to_ascii_lowercase().as_str()) => {
                (name.as_str(), known[0])
            }
            None if extension.is_empty() => (stem, suffix(mime).unwrap_or("bin")),
            _ => (stem, extension),
        };
        Self {
            stem: unreserved(shortened(stem)),
            extension: extension.to_owned(),
        }
    }

    /// The name, or one of the others for when it is taken: from 2 on.
    pub(super) fn numbered(&self, number: u32) -> String {
        let Self { stem, extension } = self;
        match number {
            0 | 1 => format!("{stem}.{extension}"),
            _ => format!("{stem}-{number}.{extension}"),
        }
    }
}

/// The last part of a path that says something, decoded (RFC 3986, section 2.1).
fn last_part(proposed: &str) -> String {
    let path = proposed.split(['?', '#']).next().unwrap_or_default();
    let last = path
        .rsplit(['/', '\\', ':'])
        .find(|part| !part.is_empty())
        .unwrap_or_default();
    percent_decode_str(last).decode_utf8_lossy().into_owned()
}

/// The text with `_` for whatever is not a letter, a digit, or one of `-_.`, and none of these in
/// front: no hidden files, nothing that looks like an option.
fn harmless(text: &str) -> String {
    let mut name = String::new();
    for character in text.chars().take(4 * LONGEST) {
        match character {
            '-' | '.' => name.push(character),
            _ if character.is_alphanumeric() => name.push(character),
            _ if name.ends_with('_') => {}
            _ => name.push('_'),
        }
    }
    // Windows drops a dot at the end.
    name.trim_start_matches(['-', '.', '_'])
        .trim_end_matches(['.', '_'])
        .to_owned()
}

fn is_extension(text: &str) -> bool {
    (1..=LONGEST_EXTENSION).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn shortened(stem: &str) -> &str {
    let mut end = stem.len().min(LONGEST);
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    &stem[..end]
}

/// The stem, unless it is a device of Windows's whatever its extension: `CON`, `COM1`, `LPT¹`.
fn unreserved(stem: &str) -> String {
    let first = stem
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let is_port =
        (first.starts_with("com") || first.starts_with("lpt")) && first.chars().count() == 4;
    match first.as_str() {
        "con" | "prn" | "aux" | "nul" | "" => format!("_{stem}"),
        _ if is_port => format!("_{stem}"),
        _ => stem.to_owned(),
    }
}

/// The extensions of a media type, the usual one first.
fn extensions(mime: &str) -> Option<&'static [&'static str]> {
    let mime = essence(mime);
    let row = EXTENSIONS.iter().find(|(known, _)| *known == mime);
    row.map(|(_, extensions)| *extensions)
}

/// The extension that a media type has by its kind: any text, or a structured syntax suffix (RFC 6838,
/// section 4.2.8).
fn suffix(mime: &str) -> Option<&'static str> {
    let mime = essence(mime);
    if mime.starts_with("text/") {
        return Some("txt");
    }
    let (_, suffix) = mime.rsplit_once('+')?;
    ["json", "xml", "zip", "yaml", "gzip", "cbor"]
        .into_iter()
        .find(|known| *known == suffix)
}

/// The media type without its parameters.
fn essence(mime: &str) -> String {
    let essence = mime.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// The media types that servers send. All others keep the extension that they come with.
const EXTENSIONS: &[(&str, &[&str])] = &[
    ("image/png", &["png"]),
    ("image/jpeg", &["jpg", "jpeg"]),
    ("image/jpg", &["jpg", "jpeg"]),
    ("image/gif", &["gif"]),
    ("image/webp", &["webp"]),
    ("image/svg+xml", &["svg"]),
    ("image/bmp", &["bmp"]),
    ("image/tiff", &["tiff", "tif"]),
    ("image/avif", &["avif"]),
    ("image/heic", &["heic"]),
    ("image/x-icon", &["ico"]),
    ("image/vnd.microsoft.icon", &["ico"]),
    ("audio/wav", &["wav"]),
    ("audio/x-wav", &["wav"]),
    ("audio/wave", &["wav"]),
    ("audio/mpeg", &["mp3"]),
    ("audio/mp3", &["mp3"]),
    ("audio/ogg", &["ogg", "oga", "opus"]),
    ("audio/opus", &["opus"]),
    ("audio/flac", &["flac"]),
    ("audio/aac", &["aac"]),
    ("audio/mp4", &["m4a", "mp4"]),
    ("audio/webm", &["weba", "webm"]),
    ("video/mp4", &["mp4"]),
    ("video/webm", &["webm"]),
    ("video/quicktime", &["mov"]),
    ("application/pdf", &["pdf"]),
    ("application/json", &["json", "geojson", "ipynb"]),
    ("application/xml", &["xml"]),
    ("application/zip", &["zip"]),
    ("application/gzip", &["gz", "tgz"]),
    ("application/x-gzip", &["gz", "tgz"]),
    ("application/x-tar", &["tar"]),
    ("application/wasm", &["wasm"]),
    ("application/vnd.sqlite3", &["sqlite", "sqlite3", "db"]),
    ("application/vnd.apache.parquet", &["parquet"]),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        &["docx"],
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        &["xlsx"],
    ),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        &["pptx"],
    ),
    ("text/html", &["html", "htm"]),
    ("text/csv", &["csv"]),
    ("text/markdown", &["md", "markdown"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_last_part_of_the_uri_with_the_extension_of_its_media_type() {
        for (proposed, mime, name) in [
            ("file:///srv/logo.png", "image/png", "logo.png"),
            ("file:///srv/photo.JPEG", "image/jpeg", "photo.JPEG"),
            (
                "https://x.org/a/report?v=2#top",
                "application/pdf",
                "report.pdf",
            ),
            ("demo://resource/blob/1", "", "1.bin"),
            ("demo://resource/blob/1", "image/png; q=1", "1.png"),
            ("memo:weekly", "application/vnd.x+json", "weekly.json"),
            ("a/b.tar.gz", "application/gzip", "b.tar.gz"),
            ("a/b.dat", "application/octet-stream", "b.dat"),
            ("C:\\temp\\scan.pdf", "application/pdf", "scan.pdf"),
            (
                "x://gr%C3%B6%C3%9Fe%20neu.png",
                "image/png",
                "größe_neu.png",
            ),
            ("x://日本.png", "IMAGE/PNG", "日本.png"),
            ("", "image/png", "tool-1.png"),
            ("x://notes", "text/plain", "notes.txt"),
            ("x://setup.py", "text/x-python", "setup.py"),
        ] {
            assert_eq!(
                FileName::new(proposed, "tool-1", mime).numbered(1),
                name,
                "{proposed}"
            );
        }
    }

    #[test]
    fn a_hostile_name_is_a_harmless_one() {
        for (proposed, mime, name) in [
            ("file:///../../etc/passwd", "", "passwd.bin"),
            ("x://..%2F..%2Fetc%2Fcron.d%2Fjob", "", "etc_cron.d_job.bin"),
            ("x://%2e%2e", "image/png", "tool-1.png"),
            ("x://.bashrc", "", "bashrc.bin"),
            ("x://-rf", "", "rf.bin"),
            ("x://evil.exe", "image/png", "evil.exe.png"),
            ("x://photo\u{202e}gpj.exe", "image/png", "photo_gpj.exe.png"),
            ("x://a%00b%1b[31m%0ac.png", "image/png", "a_b_31m_c.png"),
            ("x://$(reboot);'\"`.png", "image/png", "reboot_.png"),
            ("x://CON", "text/csv", "_CON.csv"),
            ("x://nul.tar.gz", "application/gzip", "_nul.tar.gz"),
            ("x://COM1.txt", "", "_COM1.txt"),
            ("x://lpt¹", "", "_lpt¹.bin"),
            ("x://common.png", "image/png", "common.png"),
            ("x://trailing...", "", "trailing.bin"),
            ("\u{1b}]0;x\u{7}", "image/png", "0_x.png"),
            ("..", "image/png", "tool-1.png"),
        ] {
            assert_eq!(
                FileName::new(proposed, "tool-1", mime).numbered(1),
                name,
                "{proposed:?}"
            );
        }
    }

    #[test]
    fn a_name_is_bounded_whatever_it_is_made_of() {
        for text in [
            "a".repeat(5000),
            "é".repeat(5000),
            ".".repeat(5000),
            "x.".repeat(5000),
        ] {
            let name = FileName::new(&text, &text, "image/png").numbered(9999);
            assert!(name.len() <= LONGEST + 20, "{name}");
            assert!(name.ends_with("-9999.png"), "{name}");
            assert!(!name.starts_with('.'), "{name}");
        }
    }
}
