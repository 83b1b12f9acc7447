//! Builds of tiny crates, with a target directory of their own.

use super::*;

/// A crate with nothing in it but this `main.rs`.
fn crate_with(main: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let manifest =
        "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    let lock = "version = 4\n\n[[package]]\nname = \"tiny\"\nversion = \"0.1.0\"\n";
    fs::create_dir(directory.path().join("src")).unwrap();
    for (path, text) in [
        ("Cargo.toml", manifest),
        ("Cargo.lock", lock),
        ("src/main.rs", main),
    ] {
        fs::write(directory.path().join(path), text).unwrap();
    }
    directory
}

fn options(directory: &tempfile::TempDir) -> Options {
    let target = Some(directory.path().join("elsewhere"));
    Options {
        profile: "dev".into(),
        offline: true,
        target,
        quiet: true,
        ..Options::default()
    }
}

#[test]
fn a_crate_becomes_a_program_at_its_place() {
    let directory = crate_with("fn main() { println!(\"{}\", 6 * 7) }");
    let output = directory.path().join("bin/answer");
    let options = options(&directory);
    let built = compile(directory.path(), &output, &options).unwrap();
    assert_eq!(built.compiled, ["tiny"]);
    let said = std::process::Command::new(&built.binary)
        .output()
        .unwrap()
        .stdout;
    assert_eq!(String::from_utf8_lossy(&said).trim(), "42");

    let again = compile(directory.path(), &output, &options).unwrap();
    assert_eq!((again.compiled.len(), &again.binary), (0, &built.binary));
    assert_eq!(
        fs::read_dir(output.parent().unwrap()).unwrap().count(),
        1,
        "nothing is left beside it"
    );
}

#[test]
fn a_program_put_into_a_directory_keeps_its_name() {
    let directory = crate_with("fn main() {}");
    let output = tempfile::tempdir().unwrap();
    let built = compile(directory.path(), output.path(), &options(&directory)).unwrap();
    assert_eq!(
        built.binary,
        output.path().join(format!("tiny{EXE_SUFFIX}"))
    );
}

#[cfg(unix)]
#[test]
fn a_running_program_is_replaced() {
    let directory =
        crate_with("fn main() { std::io::stdin().read_line(&mut String::new()).unwrap(); }");
    let output = directory.path().join("out");
    let options = options(&directory);
    let built = compile(directory.path(), &output, &options).unwrap();
    let mut running = std::process::Command::new(&built.binary)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    compile(directory.path(), &output, &options).unwrap();
    drop(running.stdin.take());
    assert!(running.wait().unwrap().success());
}

#[test]
fn a_failed_build_shows_the_error_and_the_way_to_repeat_it() {
    let directory = crate_with("fn main() { nowhere() }");
    let error = compile(
        directory.path(),
        &directory.path().join("out"),
        &options(&directory),
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("cannot find function `nowhere`"),
        "{error}"
    );
    assert!(error.to_string().lines().count() <= 21, "{error}");
    let hint = error.hint().unwrap();
    assert!(
        hint.ends_with("&& cargo build --profile dev --locked --offline"),
        "{hint}"
    );
}

#[test]
fn a_place_that_cannot_be_written_to_is_found_out_first() {
    let directory = crate_with("fn main() { nowhere() }");
    let output = directory.path().join("Cargo.toml/out");
    let error = compile(directory.path(), &output, &options(&directory)).unwrap_err();
    assert!(matches!(error, CompileError::Output { .. }), "{error}");
    assert!(!directory.path().join("elsewhere").exists());
}

#[test]
fn a_directory_without_a_crate_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let error = compile(directory.path(), directory.path(), &Options::default()).unwrap_err();
    assert!(matches!(error, CompileError::NoCrate(_)), "{error}");
}
