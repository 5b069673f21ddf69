//! What commands said.

use std::process::Output;

use anyhow::{Result, ensure};

/// What a command said, output and errors.
pub fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .join("\n")
}

/// What a command said, output and errors; an error with all of it where the command failed.
pub fn succeeded(about: &str, arguments: &[&str], output: &Output) -> Result<String> {
    let text = said(output);
    ensure!(
        output.status.success(),
        "{about}: {arguments:?} ended with {}\n{text}",
        output.status
    );
    Ok(text)
}

/// Text without the frames and line breaks of messages.
pub fn flat(text: &str) -> String {
    text.replace(['│', '╷', '╵'], " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
