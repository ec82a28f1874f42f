//! What a page draws into lines of text.

use std::collections::HashMap;

use super::file::{File, Page};
use super::font::Fonts;
use super::syntax::{Dictionary, Lexer, Object};
use crate::document::ReadError;

/// Operators executed for one document; the rest is not read. A dense page takes some thousand.
pub const STEPS_MAX: usize = 20_000_000;

/// Forms drawn inside forms.
const FORMS_MAX: usize = 12;
/// Graphics states kept.
const STATES_MAX: usize = 256;
/// Operands kept for one operator.
const OPERANDS_MAX: usize = 64;

/// `[a b c d e f]`, as the specification writes matrices.
type Matrix = [f64; 6];
const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// `first` applied before `second`.
fn product(first: &Matrix, second: &Matrix) -> Matrix {
    let [a, b, c, d, e, f] = *first;
    let [g, h, i, j, k, l] = *second;
    [
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + l,
    ]
}

#[derive(Clone)]
struct State {
    to_page: Matrix,
    font: Option<usize>,
    size: f64,
    letter_space: f64,
    word_space: f64,
    scale: f64,
    leading: f64,
    rise: f64,
}

/// Where the last text ended, to tell a gap from a touch.
#[derive(Clone, Copy)]
struct Pen {
    start: (f64, f64),
    end: (f64, f64),
    size: f64,
    bytes: usize,
}

/// Appends the text of a page.
pub fn render(
    file: &mut File,
    page: &Page,
    fonts: &mut Fonts,
    text: &mut String,
    steps: &mut usize,
) -> Result<(), ReadError> {
    let mut content = Vec::new();
    match page.dictionary.get("Contents") {
        Some(one) => {
            let parts = match file.resolve(one) {
                Object::Array(parts) => parts,
                _ => vec![one.clone()],
            };
            for part in parts {
                if let Some((_, data)) = file.stream(&part)? {
                    content.extend_from_slice(&data);
                    content.push(b'\n');
                }
            }
        }
        None => return Ok(()),
    }
    let resources = page.resources.as_ref().map(|resources| file.resolve(resources));
    let resources = match resources {
        Some(Object::Dictionary(resources)) => resources,
        _ => Dictionary::default(),
    };
    let mut painter = Painter { file, fonts, text, pen: None, steps };
    painter.paint(&content, &resources, IDENTITY, 0)
}

struct Painter<'p, 'b> {
    file: &'p mut File<'b>,
    fonts: &'p mut Fonts,
    text: &'p mut String,
    pen: Option<Pen>,
    steps: &'p mut usize,
}

impl Painter<'_, '_> {
    /// Executes a content stream.
    fn paint(
        &mut self,
        content: &[u8],
        resources: &Dictionary,
        to_page: Matrix,
        forms: usize,
    ) -> Result<(), ReadError> {
        let named_fonts = self.file.dictionary(resources, "Font").unwrap_or_default();
        let named_forms = self.file.dictionary(resources, "XObject").unwrap_or_default();
        let mut loaded: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut state = State {
            to_page,
            font: None,
            size: 1.0,
            letter_space: 0.0,
            word_space: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
        };
        let mut states: Vec<State> = Vec::new();
        let mut text_matrix = IDENTITY;
        let mut line_matrix = IDENTITY;
        let mut operands: Vec<Object> = Vec::new();
        let mut lexer = Lexer::new(content, 0);
        while let Some(object) = lexer.next() {
            let Object::Word(word) = object else {
                if operands.len() < OPERANDS_MAX {
                    operands.push(object);
                }
                continue;
            };
            if *self.steps == 0 {
                return Ok(());
            }
            *self.steps -= 1;
            let number =
                |index: usize| operands.get(index).and_then(Object::number).unwrap_or_default();
            match word.as_slice() {
                b"q" if states.len() < STATES_MAX => states.push(state.clone()),
                b"Q" => state = states.pop().unwrap_or(state),
                b"cm" => {
                    let matrix = matrix_of(&operands).unwrap_or(IDENTITY);
                    state.to_page = product(&matrix, &state.to_page);
                }
                b"BT" => {
                    text_matrix = IDENTITY;
                    line_matrix = IDENTITY;
                }
                b"Tf" => {
                    if let Some(Object::Name(name)) = operands.first() {
                        state.size = number(1);
                        state.font = match loaded.get(name) {
                            Some(index) => Some(*index),
                            None => {
                                let key = String::from_utf8_lossy(name);
                                match named_fonts.get(&key) {
                                    Some(object) => {
                                        *self.steps = self.steps.saturating_sub(1000);
                                        let index = self.fonts.load(self.file, object)?;
                                        loaded.insert(name.clone(), index);
                                        Some(index)
                                    }
                                    None => None,
                                }
                            }
                        };
                    }
                }
                b"Tc" => state.letter_space = number(0),
                b"Tw" => state.word_space = number(0),
                b"Tz" => state.scale = number(0) / 100.0,
                b"TL" => state.leading = number(0),
                b"Ts" => state.rise = number(0),
                b"Td" | b"TD" => {
                    if word == b"TD" {
                        state.leading = -number(1);
                    }
                    line_matrix =
                        product(&[1.0, 0.0, 0.0, 1.0, number(0), number(1)], &line_matrix);
                    text_matrix = line_matrix;
                }
                b"Tm" => {
                    line_matrix = matrix_of(&operands).unwrap_or(IDENTITY);
                    text_matrix = line_matrix;
                }
                b"T*" => {
                    line_matrix = product(&[1.0, 0.0, 0.0, 1.0, 0.0, -state.leading], &line_matrix);
                    text_matrix = line_matrix;
                }
                b"'" | b"\"" => {
                    if word == b"\"" {
                        state.word_space = number(0);
                        state.letter_space = number(1);
                    }
                    line_matrix = product(&[1.0, 0.0, 0.0, 1.0, 0.0, -state.leading], &line_matrix);
                    text_matrix = line_matrix;
                    if let Some(Object::Text(bytes)) = operands.last() {
                        self.show(bytes, &state, &mut text_matrix);
                    }
                }
                b"Tj" => {
                    if let Some(Object::Text(bytes)) = operands.last() {
                        self.show(bytes, &state, &mut text_matrix);
                    }
                }
                b"TJ" => {
                    if let Some(Object::Array(items)) = operands.last() {
                        for item in items {
                            match item {
                                Object::Text(bytes) => self.show(bytes, &state, &mut text_matrix),
                                Object::Number(back) => {
                                    let along = -back / 1000.0 * state.size * state.scale;
                                    text_matrix =
                                        product(&[1.0, 0.0, 0.0, 1.0, along, 0.0], &text_matrix);
                                }
                                _ => {}
                            }
                        }
                    }
                }
                b"Do" => {
                    if let Some(Object::Name(name)) = operands.last()
                        && forms < FORMS_MAX
                        && let Some(object) = named_forms.get(&String::from_utf8_lossy(name))
                    {
                        let object = object.clone();
                        self.form(&object, resources, &state.to_page, forms)?;
                    }
                }
                b"ID" => {
                    // An inline image; its bytes are no operators.
                    match end_of_image(content, lexer.at) {
                        Some(end) => lexer.at = end,
                        None => return Ok(()),
                    }
                }
                _ => {}
            }
            operands.clear();
        }
        Ok(())
    }

    /// Draws a form; images are passed over without being unpacked.
    fn form(
        &mut self,
        object: &Object,
        outer: &Dictionary,
        to_page: &Matrix,
        forms: usize,
    ) -> Result<(), ReadError> {
        let is_form = self
            .file
            .stream_dictionary(object)
            .is_some_and(|dictionary| dictionary.name("Subtype") == Some(b"Form"));
        if !is_form {
            return Ok(());
        }
        let Some((dictionary, data)) = self.file.stream(object)? else { return Ok(()) };
        let matrix = match self.file.get(&dictionary, "Matrix") {
            Object::Array(items) => matrix_of(&items).unwrap_or(IDENTITY),
            _ => IDENTITY,
        };
        let resources = self.file.dictionary(&dictionary, "Resources");
        let to_page = product(&matrix, to_page);
        self.paint(&data, resources.as_ref().unwrap_or(outer), to_page, forms + 1)
    }

    /// Shows a string: appends its text and moves the text matrix past it.
    fn show(&mut self, bytes: &[u8], state: &State, text_matrix: &mut Matrix) {
        let Some(font) = state.font.and_then(|index| self.fonts.get(index)) else { return };
        *self.steps = self.steps.saturating_sub(bytes.len() / 16);
        let mut shown = String::new();
        let mut along = 0.0;
        font.decode(bytes, |glyph| {
            push_text(&mut shown, glyph.text);
            let mut step = f64::from(glyph.width) / 1000.0 * state.size + state.letter_space;
            if glyph.is_space {
                step += state.word_space;
            }
            along += step * state.scale;
        });
        let to_page = product(text_matrix, &state.to_page);
        let start = (state.rise * to_page[2] + to_page[4], state.rise * to_page[3] + to_page[5]);
        let end = (start.0 + along * to_page[0], start.1 + along * to_page[1]);
        *text_matrix = product(&[1.0, 0.0, 0.0, 1.0, along, 0.0], text_matrix);
        if shown.is_empty() {
            return;
        }
        let size = (state.size * to_page[2].hypot(to_page[3])).abs();
        let length = to_page[0].hypot(to_page[1]);
        let direction = if length > 0.0 && length.is_finite() {
            (to_page[0] / length, to_page[1] / length)
        } else {
            (1.0, 0.0)
        };
        self.place(&shown, start, end, size, direction);
    }

    /// Appends text after the space or line break its place on the page asks for.
    fn place(
        &mut self,
        shown: &str,
        start: (f64, f64),
        end: (f64, f64),
        size: f64,
        direction: (f64, f64),
    ) {
        if let Some(pen) = self.pen {
            let (x, y) = (start.0 - pen.end.0, start.1 - pen.end.1);
            let along = x * direction.0 + y * direction.1;
            let across = (y * direction.0 - x * direction.1).abs();
            let em = size.max(pen.size).max(0.01);
            // Bold by drawing twice: the same text at the same place.
            let shift = (start.0 - pen.start.0).abs() + (start.1 - pen.start.1).abs();
            if shift < em * 0.1 && self.text.get(pen.bytes..) == Some(shown) {
                return;
            }
            let at_space = self.text.ends_with([' ', '\n', '\t']);
            if across > em * 0.5 || along < -em {
                let trimmed = self.text.trim_end_matches(' ').len();
                self.text.truncate(trimmed);
                self.text.push_str(if across > em * 1.9 { "\n\n" } else { "\n" });
            } else if along > em * 2.5 && !at_space {
                self.text.push('\t');
            } else if along > em * 0.18 && !at_space && !shown.starts_with(' ') {
                self.text.push(' ');
            }
        }
        let bytes = self.text.len();
        self.text.push_str(shown);
        self.pen = Some(Pen { start, end, size, bytes });
    }
}

/// Appends text with its ligatures as the letters they are made of.
fn push_text(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\u{fb00}' => out.push_str("ff"),
            '\u{fb01}' => out.push_str("fi"),
            '\u{fb02}' => out.push_str("fl"),
            '\u{fb03}' => out.push_str("ffi"),
            '\u{fb04}' => out.push_str("ffl"),
            '\u{fb05}' | '\u{fb06}' => out.push_str("st"),
            // A hyphen drawn is a hyphen.
            '\u{ad}' => out.push('-'),
            other => out.push(other),
        }
    }
}

fn matrix_of(operands: &[Object]) -> Option<Matrix> {
    let mut matrix = IDENTITY;
    for (slot, operand) in matrix.iter_mut().zip(operands.get(..6)?) {
        // Coordinates of pages are small; a hostile one must not become infinite.
        *slot = operand.number()?.clamp(-1e9, 1e9);
    }
    Some(matrix)
}

/// The byte after the `EI` that ends an inline image.
fn end_of_image(content: &[u8], from: usize) -> Option<usize> {
    let space = |byte: Option<&u8>| byte.is_none_or(|byte| byte.is_ascii_whitespace());
    memchr::memmem::find_iter(&content[from..], b"EI")
        .map(|found| from + found)
        .find(|at| space(content.get(at.wrapping_sub(1))) && space(content.get(at + 2)))
        .map(|at| at + 2)
}
