//! Text being laid out from markup: runs of space become one, blocks become lines.

use super::{Limits, ReadError, too_much_text};

/// Collects text; decides where a space or a line break stands.
pub struct Flow {
    text: String,
    pending: Gap,
    limit: usize,
}

/// What stands between the last text and the next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    Cell,
    Line,
    Paragraph,
}

impl Flow {
    pub fn new(limits: &Limits) -> Self {
        Self { text: String::new(), pending: Gap::None, limit: limits.text_bytes_max }
    }

    /// Text as it runs in a paragraph: any space is one space.
    pub fn text(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let word = rest.find(is_space).unwrap_or(rest.len());
            if word > 0 {
                self.flush();
                self.text.push_str(&rest[..word]);
            }
            rest = &rest[word..];
            let space = rest.find(|c| !is_space(c)).unwrap_or(rest.len());
            if space > 0 {
                self.gap(Gap::Space);
            }
            rest = &rest[space..];
        }
    }

    /// Text whose spaces and line breaks are meant.
    pub fn verbatim(&mut self, text: &str) {
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                // Two in a row are an empty line.
                let gap = if self.pending >= Gap::Line { Gap::Paragraph } else { Gap::Line };
                self.gap(gap);
            }
            let line = line.trim_end_matches('\r');
            if !line.trim().is_empty() {
                self.flush();
                self.text.push_str(line);
            }
        }
    }

    /// A prefix for what follows, such as a bullet; needs a new line.
    pub fn line_with(&mut self, prefix: &str) {
        self.gap(Gap::Line);
        self.flush();
        self.text.push_str(prefix);
        self.pending = Gap::None;
    }

    /// The next text is in another cell of the same row.
    pub fn cell(&mut self) {
        self.gap(Gap::Cell);
    }

    /// The next text starts a line.
    pub fn line(&mut self) {
        self.gap(Gap::Line);
    }

    /// The next text starts a paragraph.
    pub fn paragraph(&mut self) {
        self.gap(Gap::Paragraph);
    }

    /// Where text written now would start; writes out the gap before it.
    pub fn position(&mut self) -> usize {
        self.flush();
        self.text.len()
    }

    /// Bytes written.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether there is more text than allowed.
    pub fn check(&self) -> Result<(), ReadError> {
        if self.text.len() > self.limit {
            return Err(too_much_text(&Limits { text_bytes_max: self.limit, ..Limits::default() }));
        }
        Ok(())
    }

    /// The text, with a line break at its end.
    pub fn finish(mut self) -> String {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text
    }

    fn gap(&mut self, gap: Gap) {
        self.pending = self.pending.max(gap);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            match self.pending {
                Gap::None => {}
                // After a bullet or another break there is space enough.
                Gap::Space | Gap::Cell if self.text.ends_with([' ', '\n', '\t']) => {}
                Gap::Space => self.text.push(' '),
                Gap::Cell => self.text.push('\t'),
                Gap::Line if self.text.ends_with('\n') => {}
                Gap::Paragraph if self.text.ends_with("\n\n") => {}
                Gap::Paragraph if self.text.ends_with('\n') => self.text.push('\n'),
                Gap::Line => self.text.push('\n'),
                Gap::Paragraph => self.text.push_str("\n\n"),
            }
        }
        self.pending = Gap::None;
    }
}

/// Space that markup collapses; a no-break space is a space to a reader all the same.
fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{c}' | '\u{a0}')
}
