//! The little DER (X.690) that certificates and keys need: writing, and reading back.

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// The tag of `[number]`, constructed or not.
pub(crate) const fn context(number: u8, constructed: bool) -> u8 {
    0x80 | number | if constructed { 0x20 } else { 0 }
}

/// One element: tag, length, content.
pub(crate) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut out = vec![tag];
    match significant {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        long => {
            out.push(0x80 | long.len() as u8);
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(content);
    out
}

/// An element whose content is other elements in this order.
pub(crate) fn constructed(tag: u8, children: &[&[u8]]) -> Vec<u8> {
    element(tag, &children.concat())
}

/// A `SET OF`: DER wants its members sorted by their encoding.
pub(crate) fn set_of(mut members: Vec<Vec<u8>>) -> Vec<u8> {
    members.sort();
    element(SET, &members.concat())
}

/// An `INTEGER` that is not negative, from big-endian bytes of any length.
pub(crate) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut content = bytes[zeros..].to_vec();
    if content.first().is_none_or(|first| *first >= 0x80) {
        content.insert(0, 0);
    }
    element(INTEGER, &content)
}

/// A `BIT STRING` of whole bytes.
pub(crate) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], bytes].concat())
}

/// What was read is not DER of the expected shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not well-formed DER")]
pub struct DerError;

/// One element as it was found.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// Tag and length included.
    pub(crate) whole: &'a [u8],
}

/// Reads elements one after the other.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn peek_tag(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self) -> Result<Element<'a>, DerError> {
        let bytes = self.0;
        let (&tag, rest) = bytes.split_first().ok_or(DerError)?;
        let (&first, rest) = rest.split_first().ok_or(DerError)?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let count = usize::from(first & 0x7f);
            if count == 0 || count > 4 {
                return Err(DerError);
            }
            let (digits, rest) = rest.split_at_checked(count).ok_or(DerError)?;
            let length = digits
                .iter()
                .fold(0, |sum, digit| sum << 8 | usize::from(*digit));
            (length, rest)
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(DerError)?;
        self.0 = rest;
        let whole = &bytes[..bytes.len() - rest.len()];
        Ok(Element {
            tag,
            content,
            whole,
        })
    }

    /// The next element, which must carry `tag`.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Element<'a>, DerError> {
        let element = self.any()?;
        if element.tag == tag {
            Ok(element)
        } else {
            Err(DerError)
        }
    }

    /// The inside of the next element, which must carry `tag`.
    pub(crate) fn enter(&mut self, tag: u8) -> Result<Reader<'a>, DerError> {
        Ok(Reader(self.expect(tag)?.content))
    }

    /// The next element if it carries `tag`.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, DerError> {
        if self.peek_tag() == Some(tag) {
            self.any().map(Some)
        } else {
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        assert_eq!(element(OCTET_STRING, &[]), [4, 0]);
        assert_eq!(element(OCTET_STRING, &[7; 127])[..2], [4, 127]);
        assert_eq!(element(OCTET_STRING, &[7; 128])[..3], [4, 0x81, 128]);
        assert_eq!(element(OCTET_STRING, &[7; 300])[..4], [4, 0x82, 1, 44]);
    }

    #[test]
    fn integers_stay_positive_and_short() {
        assert_eq!(unsigned(&[0, 0, 1]), [2, 1, 1]);
        assert_eq!(unsigned(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned(&[0, 0]), [2, 1, 0]);
    }

    #[test]
    fn reader_gives_back_what_was_written() {
        let text = constructed(
            SEQUENCE,
            &[&unsigned(&[5]), &element(OCTET_STRING, &[9; 200])],
        );
        let mut inside = Reader::new(&text).enter(SEQUENCE).unwrap();
        assert_eq!(inside.expect(INTEGER).unwrap().content, [5]);
        assert_eq!(inside.any().unwrap().content, [9; 200]);
        assert!(inside.is_at_end() && inside.any().is_err());
    }

    #[test]
    fn reader_refuses_what_is_cut_short() {
        let text = element(SEQUENCE, &[1; 300]);
        for end in 0..text.len() {
            assert!(Reader::new(&text[..end]).any().is_err(), "{end} bytes");
        }
    }
}
