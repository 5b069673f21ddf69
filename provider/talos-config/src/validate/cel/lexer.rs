/// A piece of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Name(String),
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    /// An operator or a bracket.
    Sign(&'static str),
}

/// Longer signs first.
const SIGNS: [&str; 25] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",",
    "(", ")", "[", "]", "{", "}", "?.",
];

/// Cuts a text into tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut rest = text;
    let mut tokens = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after);
            continue;
        }
        if rest.is_empty() {
            return Ok(tokens);
        }
        let (token, length) = next(rest).ok_or_else(|| {
            let at = text.len() - rest.len() + 1;
            format!("cannot be read from character {at} on")
        })?;
        tokens.push(token);
        rest = &rest[length..];
    }
}

fn next(text: &str) -> Option<(Token, usize)> {
    string(text)
        .or_else(|| number(text))
        .or_else(|| name(text))
        .or_else(|| {
            let sign = SIGNS.into_iter().find(|sign| text.starts_with(sign))?;
            Some((Token::Sign(sign), sign.len()))
        })
}

fn name(text: &str) -> Option<(Token, usize)> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    let name = &text[..end];
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts.then(|| (Token::Name(name.to_owned()), end))
}

fn number(text: &str) -> Option<(Token, usize)> {
    let digits = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    if let Some(hex) = text.strip_prefix("0x") {
        let end = 2 + hex.bytes().take_while(u8::is_ascii_hexdigit).count();
        return Some(suffixed(text, end, false));
    }
    let whole = digits(text);
    let mut end = whole;
    let mut double = false;
    let fraction = text[end..].strip_prefix('.').map_or(0, digits);
    if fraction > 0 {
        end += 1 + fraction;
        double = true;
    }
    if end == 0 {
        return None;
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let exponent = digits(&text[end + 1 + sign..]);
        if exponent > 0 {
            end += 1 + sign + exponent;
            double = true;
        }
    }
    Some(suffixed(text, end, double))
}

fn suffixed(text: &str, end: usize, double: bool) -> (Token, usize) {
    match text[end..].chars().next() {
        Some('u' | 'U') if !double => (Token::Uint, end + 1),
        _ => (if double { Token::Double } else { Token::Int }, end),
    }
}

/// A quoted text with its prefixes: `r` for raw, `b` for bytes.
fn string(text: &str) -> Option<(Token, usize)> {
    let prefix = text
        .bytes()
        .take(2)
        .take_while(|b| b"rRbB".contains(b))
        .count();
    let quoted = &text[prefix..];
    let quote = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|q| quoted.starts_with(q))?;
    let raw = text[..prefix].contains(['r', 'R']);
    let mut at = quote.len();
    loop {
        let rest = &quoted[at..];
        if rest.starts_with(quote) {
            let bytes = text[..prefix].contains(['b', 'B']);
            let token = if bytes { Token::Bytes } else { Token::Text };
            return Some((token, prefix + at + quote.len()));
        }
        let c = rest.chars().next()?;
        if c == '\n' && quote.len() == 1 {
            return None;
        }
        at += c.len_utf8();
        if c == '\\' && !raw {
            at += rest[1..].chars().next()?.len_utf8();
        }
    }
}
