//! Clinical text in; entities, attributes, relations, negation and codes out. Values in memory
//! only: no disk, network, clock or randomness.
//!
//! The way of a note: bytes → [`document::read`] → [`text::Analysis`] (sections, sentences,
//! tokens) → mentions from [`lexicon`] and [`tagger`] → [`assertion`], [`attribute`]s and
//! relations → [`link`]ed concepts → [`entity::Entity`] with offsets, traits, codes and scores.
//!
//! Always true:
//! - the same bytes and the same models give the same findings;
//! - no input makes it panic, and time and memory per document are bounded.

pub mod assertion;
pub mod attribute;
mod codec;
pub mod comprehend;
pub mod document;
pub mod entity;
pub mod lexicon;
pub mod link;
pub mod models;
pub mod phi;
pub mod pipeline;
pub mod tagger;
pub mod text;

pub use entity::{Category, Entity, EntityType, Trait};
pub use link::Terminology;
pub use pipeline::{Coding, Learned, Notes, Pipeline, model};
pub use text::{Analysis, Span, Token};
