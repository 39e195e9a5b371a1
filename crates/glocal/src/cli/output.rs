//! What reaches the user: results on stdout, errors with hints on stderr.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use glocal::GlocalError;
use serde::Serialize;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Prints a result. A reader that has seen enough (`| head`) is no error.
///
/// # Errors
/// Stdout cannot be written, as on a full disk.
pub fn print(text: &str) -> Result<(), GlocalError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(GlocalError::Stdout(error)),
        _ => Ok(()),
    }
}

/// Prints a result as indented JSON.
///
/// # Errors
/// As [`print`].
pub fn print_json(value: &impl Serialize) -> Result<(), GlocalError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| GlocalError::Stdout(error.into()))?;
    print(&(text + "\n"))
}

/// Prints an error and what would help.
pub fn print_error(error: &GlocalError) {
    let mut text = format!("{ERROR}error:{ERROR:#} {error}\n");
    if let Some(hint) = error.hint() {
        text.push_str(&format!("{HINT}hint:{HINT:#} {hint}\n"));
    }
    // Where stderr is gone, too, the exit code alone must tell.
    let _ = anstream::stderr().write_all(text.as_bytes());
}
