//! Forms with a file, as the API's upload takes them.

use crate::proxmox::File;

/// Fields in order, and the file.
type Form = (Vec<(String, String)>, Option<File>);

/// Fields in order and the file, where the text is a form with this boundary. The file is the
/// part named `filename`.
pub(super) fn read(boundary: &str, bytes: &[u8]) -> Option<Form> {
    let mark = format!("--{boundary}");
    let mut fields = Vec::new();
    let mut file = None;
    let mut rest = after(bytes, mark.as_bytes())?;
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = position(part, format!("\r\n{mark}").as_bytes())?;
        let (head, body) = split(part.get(..end)?)?;
        let name = parameter(&head, "name")?;
        match parameter(&head, "filename") {
            Some(own) if name == "filename" => {
                file = Some(File {
                    name: own,
                    bytes: body.to_vec(),
                });
            }
            _ => fields.push((name, String::from_utf8_lossy(body).into_owned())),
        }
        rest = after(part.get(end..)?, mark.as_bytes())?;
    }
    Some((fields, file))
}

fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, wanted)
}

fn after<'a>(text: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    text.get(position(text, wanted)? + wanted.len()..)
}

/// Head and body of a part.
fn split(part: &[u8]) -> Option<(String, &[u8])> {
    let at = position(part, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(part.get(..at)?).into_owned();
    Some((head, part.get(at + 4..)?))
}

fn parameter(head: &str, name: &str) -> Option<String> {
    let line = head.lines().find(|line| {
        line.to_ascii_lowercase()
            .starts_with("content-disposition:")
    })?;
    let parts = line.split(';').map(str::trim);
    let value = parts
        .into_iter()
        .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))?;
    Some(value.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn fields_and_file_are_found() {
        let form = "--x\r\nContent-Disposition: form-data; name=\"content\"\r\n\r\niso\r\n--x\r\nContent-Disposition: form-data; name=\"filename\"; filename=\"a b.iso\"\r\nContent-Type: a/b\r\n\r\n\r\n--y\r\nabc\r\n--x--\r\n";
        let (fields, file) = read("x", form.as_bytes()).unwrap();
        assert_eq!(fields, [("content".to_owned(), "iso".to_owned())]);
        let file = file.unwrap();
        assert_eq!(
            (file.name.as_str(), file.bytes.as_slice()),
            ("a b.iso", b"\r\n--y\r\nabc".as_slice())
        );
    }

    #[test]
    fn a_form_without_end_is_none() {
        assert_eq!(
            read(
                "x",
                b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1"
            ),
            None
        );
    }
}
