//! Where PEM blocks are in a text: by the rules of Go's reader, on which Talos relies.

use super::Block;
use crate::base64;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"\n-----END ";
const DASHES: &[u8] = b"-----";

/// The blocks of a text, one after the other. BEGIN and END stand at the start of a line, with
/// nothing but blanks behind; what is between blocks, and blocks that are broken, is passed over.
pub(super) struct Blocks<'a>(pub(super) &'a [u8]);

impl Iterator for Blocks<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        let mut rest = self.0;
        // Each END belongs to the last BEGIN before it.
        while let Some(end) = find(rest, END) {
            match block(rest, end) {
                Outcome::Found(block, behind) => {
                    self.0 = behind;
                    return Some(block);
                }
                Outcome::Broken => rest = &rest[end + END.len()..],
                Outcome::Hopeless => break,
            }
        }
        self.0 = &[];
        None
    }
}

enum Outcome<'a> {
    /// A block, and what is behind it.
    Found(Block, &'a [u8]),
    /// None that ends here.
    Broken,
    /// None that ends here or later.
    Hopeless,
}

/// The block that ends with the END at `end`, which is that of the line break before it.
fn block(text: &[u8], end: usize) -> Outcome<'_> {
    let found = || {
        let begin = find_last(&text[..end], BEGIN)?;
        if begin > 0 && text[begin - 1] != b'\n' {
            return None;
        }
        let (first, body) = line_at(text, begin + BEGIN.len());
        Some((first.strip_suffix(DASHES)?, body))
    };
    let Some((label, body)) = found() else {
        return Outcome::Broken;
    };
    let Some((has_headers, body)) = headers(text, body) else {
        return Outcome::Hopeless;
    };
    if has_headers && body > end {
        // The END was taken for a header.
        return Outcome::Hopeless;
    }
    let (last, behind) = line_at(text, end + END.len());
    if last.strip_suffix(DASHES) != Some(label) {
        return Outcome::Broken;
    }
    // A block of nothing has its END right behind the line of the BEGIN.
    let Some(der) = base64::decode(&without_blanks(&text[body.min(end)..end])) else {
        return Outcome::Broken;
    };
    let block = Block {
        label: String::from_utf8_lossy(label).into_owned(),
        has_headers,
        der,
    };
    Outcome::Found(block, &text[behind..])
}

/// Passes over lines with a colon, and says whether there were any and where they end.
fn headers(text: &[u8], mut at: usize) -> Option<(bool, usize)> {
    let first = at;
    loop {
        if at >= text.len() {
            return None;
        }
        let (line, next) = line_at(text, at);
        if !line.contains(&b':') {
            return Some((at > first, at));
        }
        at = next;
    }
}

/// The line from `at` on without blanks at its end, and where the next one begins.
fn line_at(text: &[u8], at: usize) -> (&[u8], usize) {
    let rest = &text[at..];
    let (mut line, next) = match rest.iter().position(|byte| *byte == b'\n') {
        Some(length) => {
            let line = &rest[..length];
            (line.strip_suffix(b"\r").unwrap_or(line), at + length + 1)
        }
        None => (rest, text.len()),
    };
    while let [shorter @ .., b' ' | b'\t'] = line {
        line = shorter;
    }
    (line, next)
}

fn without_blanks(text: &[u8]) -> zeroize::Zeroizing<Vec<u8>> {
    let is_text = |byte: &u8| !matches!(byte, b' ' | b'\t');
    zeroize::Zeroizing::new(text.iter().copied().filter(is_text).collect())
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn find_last(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).rposition(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels and bytes of all blocks.
    fn blocks(text: &str) -> Vec<(String, Vec<u8>)> {
        Blocks(text.as_bytes())
            .map(|block| (block.label, block.der.to_vec()))
            .collect()
    }

    fn found(text: &str) -> bool {
        match blocks(text).as_slice() {
            [] => false,
            [(label, bytes)] => label == "A" && bytes == b"ab",
            _ => false,
        }
    }

    #[test]
    fn what_go_reads_is_found() {
        for text in [
            "-----BEGIN A-----\nYWI=\n-----END A-----\n",
            "-----BEGIN A-----\nYWI=\n-----END A-----",
            "text\n-----BEGIN A----- \t\nY W\tI=\n\n-----END A----- \t\ntext",
            "-----BEGIN A-----\r\nYWI=\r\n-----END A-----\r\n",
            "-----BEGIN A-----\nProc-Type: 4\nX:\n\nYWI=\n-----END A-----\n",
            "-----BEGIN A-----\nYWJ=\n-----END A-----\n",
            "-----BEGIN B-----\n-----BEGIN A-----\nYWI=\n-----END A-----\n",
            "-----BEGIN A-----\n%\n-----END A-----\n-----BEGIN A-----\nYWI=\n-----END A-----\n",
            "-----END B-----\n-----BEGIN A-----\nYWI=\n-----END A-----\n",
            "-----BEGIN A-----\nYWI=\n-----END A-----\n-----BEGIN A-----\nYWI=\n",
        ] {
            assert!(found(text), "{text}");
        }
    }

    #[test]
    fn what_go_passes_over_is_not_found() {
        for text in [
            "",
            "  -----BEGIN A-----\nYWI=\n-----END A-----\n",
            "-----BEGIN A-----\nYWI=\n  -----END A-----\n",
            "x -----BEGIN A-----\nYWI=\n-----END A-----\n",
            "-----BEGIN A-----\nYWI=\n-----END A----- x\n",
            "-----BEGIN A-----YWI=\n-----END A-----\n",
            "-----BEGIN A-----\nYWI=-----END A-----\n",
            "-----BEGIN A-----\nYWI=\n-----END B-----\n",
            "-----BEGIN A-----\nYWI\n-----END A-----\n",
            "-----BEGIN A-----\nYWI=\n",
            "-----BEGIN A-----\nx: y",
            "-----BEGIN A-----\rYWI=\r-----END A-----\r",
        ] {
            assert!(!found(text), "{text}");
        }
    }

    #[test]
    fn one_comes_after_the_other_and_empty_ones_count() {
        let text = "-----BEGIN A-----\n-----END A-----\n-----BEGIN B-----\nYWI=\n-----END B-----\n";
        let wanted = [("A".to_owned(), vec![]), ("B".to_owned(), b"ab".to_vec())];
        assert_eq!(blocks(text), wanted);
    }
}
