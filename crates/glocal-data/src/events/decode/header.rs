//! Headers of text lines.

/// Lines of a text header, and where it ends.
#[derive(Debug)]
pub(crate) struct TextHeader {
    /// Each without its marker and line end.
    pub(crate) lines: Vec<String>,
    /// Bytes of the header.
    pub(crate) len: usize,
}

impl TextHeader {
    /// The lines at the start of `head` that begin with `marker`, up to and including one that is `last`.
    ///
    /// A line that holds control characters is no header but data that happen to begin with `marker`.
    pub(crate) fn read(head: &[u8], marker: &[u8], last: &[&str]) -> TextHeader {
        let mut header = TextHeader { lines: Vec::new(), len: 0 };
        while let Some(line) = next_line(head.get(header.len..).unwrap_or_default(), marker) {
            header.len += line.len() + 1;
            let text = line.strip_prefix(marker).unwrap_or(line);
            let text = String::from_utf8_lossy(text).trim().to_owned();
            let is_last = last.contains(&text.as_str());
            header.lines.push(text);
            if is_last {
                break;
            }
        }
        header
    }

    /// What follows `key` on the first line that begins with it.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        let rest = self.lines.iter().find_map(|line| line.strip_prefix(key))?;
        rest.starts_with([' ', ':', '=']).then(|| rest.trim_start_matches([' ', ':', '=']))
    }

    /// The value of `key` as a number of pixels.
    pub(crate) fn pixels(&self, key: &str) -> Option<u16> {
        self.value(key)?.parse().ok().filter(|&n| n > 0)
    }
}

fn next_line<'a>(bytes: &'a [u8], marker: &[u8]) -> Option<&'a [u8]> {
    if !bytes.starts_with(marker) {
        return None;
    }
    let line = bytes.get(..bytes.iter().position(|&b| b == b'\n')?)?;
    let is_text = line.iter().all(|&b| !b.is_ascii_control() || matches!(b, b'\t' | b'\r'));
    is_text.then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_ends_where_the_data_begin() {
        let header = TextHeader::read(b"% Width 304\n% Height 240\n\x00\x08", b"% ", &["end"]);
        assert_eq!((header.len, header.pixels("Width"), header.pixels("Height")), (25, Some(304), Some(240)));
        let header = TextHeader::read(b"% a\n% end\n% \x01\x02\n", b"% ", &["end"]);
        assert_eq!((header.len, header.lines.len()), (10, 2));
        let header = TextHeader::read(b"#one\r\n#\x00\x01\n", b"#", &[]);
        assert_eq!((header.len, header.lines), (6, vec!["one".to_owned()]));
    }
}
