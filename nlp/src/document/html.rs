//! HTML into text: blocks become lines, list items get a bullet, headings a `#`.
//!
//! Tags are read one by one, never as a tree: unclosed and crossed tags cost nothing.

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};

use super::flow::Flow;
use super::{Limits, ReadError};

/// What an element does to the text.
enum Role {
    Inline,
    Block,
    Paragraph,
    Heading,
    Item,
    Cell,
    Break,
    /// Its content is no text: scripts, styles.
    Hidden,
    Verbatim,
}

fn role(name: &[u8]) -> Role {
    match name {
        b"p" | b"blockquote" | b"table" | b"ul" | b"ol" | b"dl" | b"section" | b"article"
        | b"main" | b"header" | b"footer" | b"form" | b"fieldset" | b"body" => Role::Paragraph,
        b"div" | b"tr" | b"dt" | b"dd" | b"thead" | b"tbody" | b"tfoot" | b"caption"
        | b"address" | b"figure" | b"figcaption" | b"nav" | b"aside" | b"option" | b"legend"
        | b"center" => Role::Block,
        b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" => Role::Heading,
        b"li" => Role::Item,
        b"td" | b"th" => Role::Cell,
        b"br" | b"hr" => Role::Break,
        b"script" | b"style" | b"head" | b"template" | b"svg" | b"math" | b"object" | b"iframe"
        | b"title" => Role::Hidden,
        b"pre" | b"textarea" | b"xmp" | b"listing" => Role::Verbatim,
        _ => Role::Inline,
    }
}

/// The text of an HTML document or fragment.
pub fn render(html: &str, limits: &Limits) -> Result<String, ReadError> {
    let mut emitter = DefaultEmitter::default();
    // Scripts and styles end at their own end tag only.
    emitter.naively_switch_states(true);
    let mut flow = Flow::new(limits);
    // The name of the element being hidden and how many of that name are open.
    let mut hidden: Option<(Vec<u8>, usize)> = None;
    let mut verbatim = 0usize;
    for token in Tokenizer::new_with_emitter(html, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name = tag.name.as_slice();
                if let Some((hiding, open)) = &mut hidden {
                    // A body ends a head nobody closed.
                    if name == b"body" && hiding.as_slice() == b"head" {
                        hidden = None;
                    } else {
                        if hiding.as_slice() == name && !tag.self_closing {
                            *open += 1;
                        }
                        continue;
                    }
                }
                match role(name) {
                    Role::Inline => {}
                    Role::Block | Role::Break => flow.line(),
                    Role::Paragraph => flow.paragraph(),
                    Role::Heading => {
                        flow.paragraph();
                        flow.line_with("# ");
                    }
                    Role::Item => flow.line_with("- "),
                    Role::Cell => flow.cell(),
                    Role::Hidden if tag.self_closing => {}
                    Role::Hidden => hidden = Some((name.to_vec(), 1)),
                    Role::Verbatim => {
                        flow.line();
                        verbatim += 1;
                    }
                }
            }
            Token::EndTag(tag) => {
                let name = tag.name.as_slice();
                if let Some((hiding, open)) = &mut hidden {
                    if hiding.as_slice() == name {
                        *open -= 1;
                        if *open == 0 {
                            hidden = None;
                        }
                    }
                    continue;
                }
                match role(name) {
                    Role::Inline | Role::Hidden | Role::Break => {}
                    Role::Block | Role::Item => flow.line(),
                    Role::Paragraph | Role::Heading => flow.paragraph(),
                    Role::Cell => flow.cell(),
                    Role::Verbatim => {
                        flow.line();
                        verbatim = verbatim.saturating_sub(1);
                    }
                }
            }
            Token::String(value) if hidden.is_none() => {
                let text = String::from_utf8_lossy(&value);
                if verbatim > 0 {
                    flow.verbatim(&text)
                } else {
                    flow.text(&text)
                }
                flow.check()?;
            }
            _ => {}
        }
    }
    Ok(flow.finish())
}
