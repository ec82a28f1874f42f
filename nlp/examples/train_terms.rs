//! `cargo run --release -p nlp --example train_terms -- DATA_DIR OUT_DIR`: compiles the
//! terminology artefact alone.

#[path = "train/terms.rs"]
mod terms;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(data), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err(std::io::Error::other("usage: train_terms DATA_DIR OUT_DIR"));
    };
    terms::build(data.as_ref(), out.as_ref())
}
