//! The small part of expressions that is understood: numbers, `#{name}`, `+ - * /`, brackets.

use crate::gmf::model::Source;
use crate::life::Vital;

/// An arithmetic expression in postfix order.
#[derive(Debug)]
pub(crate) struct Expression {
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Number(f64),
    Read(Name),
    Negate,
    Operate(u8),
}

/// What `#{…}` names.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Name {
    Vital(Vital),
    Source(Source),
}

/// Deeper nesting than anyone writes; keeps a hostile file from using up the stack.
const DEPTH_MAX: usize = 64;

impl Expression {
    /// Reads an expression; `name` resolves what stands in `#{…}`. `None`: not understood.
    pub fn parse(text: &str, name: &mut dyn FnMut(&str) -> Name) -> Option<Self> {
        let mut parser = Parser { text: text.as_bytes(), at: 0, steps: Vec::new(), name };
        parser.sum(0)?;
        parser.blanks();
        (parser.at == parser.text.len()).then_some(Self { steps: parser.steps })
    }

    /// Its value, if everything it names has one.
    pub fn value(&self, mut read: impl FnMut(Name) -> Option<f64>) -> Option<f64> {
        let mut stack: Vec<f64> = Vec::with_capacity(4);
        for step in &self.steps {
            let value = match step {
                Step::Number(number) => *number,
                Step::Read(name) => read(*name)?,
                Step::Negate => -stack.pop()?,
                Step::Operate(operator) => {
                    let right = stack.pop()?;
                    let left = stack.pop()?;
                    match operator {
                        b'+' => left + right,
                        b'-' => left - right,
                        b'*' => left * right,
                        _ => left / right,
                    }
                }
            };
            stack.push(value);
        }
        stack.pop().filter(|value| value.is_finite())
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    steps: Vec<Step>,
    name: &'a mut dyn FnMut(&str) -> Name,
}

impl Parser<'_> {
    fn blanks(&mut self) {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.blanks();
        self.text.get(self.at).copied()
    }

    fn sum(&mut self, depth: usize) -> Option<()> {
        self.product(depth)?;
        while let Some(operator @ (b'+' | b'-')) = self.peek() {
            self.at += 1;
            self.product(depth)?;
            self.steps.push(Step::Operate(operator));
        }
        Some(())
    }

    fn product(&mut self, depth: usize) -> Option<()> {
        self.factor(depth)?;
        while let Some(operator @ (b'*' | b'/')) = self.peek() {
            self.at += 1;
            self.factor(depth)?;
            self.steps.push(Step::Operate(operator));
        }
        Some(())
    }

    fn factor(&mut self, depth: usize) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        match self.peek()? {
            b'-' => {
                self.at += 1;
                self.factor(depth + 1)?;
                self.steps.push(Step::Negate);
            }
            b'(' => {
                self.at += 1;
                self.sum(depth + 1)?;
                (self.peek()? == b')').then_some(())?;
                self.at += 1;
            }
            b'#' => {
                (self.text.get(self.at + 1) == Some(&b'{')).then_some(())?;
                let rest = &self.text[self.at + 2..];
                let end = rest.iter().position(|byte| *byte == b'}')?;
                let name = std::str::from_utf8(&rest[..end]).ok()?.trim();
                self.steps.push(Step::Read((self.name)(name)));
                self.at += end + 3;
            }
            _ => {
                let rest = &self.text[self.at..];
                let end = rest
                    .iter()
                    .position(|byte| !byte.is_ascii_digit() && *byte != b'.')
                    .unwrap_or(rest.len());
                let number: f64 = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
                self.steps.push(Step::Number(number));
                self.at += end;
            }
        }
        Some(())
    }
}
