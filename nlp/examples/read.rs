//! `cargo run --release -p nlp --example read -- FILE [CONTENT_TYPE]`: shows the text of a document
//! and its sections.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: read FILE [CONTENT_TYPE]")?;
    let content_type = arguments.next();
    let bytes = std::fs::read(file)?;
    let start = std::time::Instant::now();
    let document = nlp::document::read(&bytes, content_type.as_deref(), &Default::default())?;
    eprintln!(
        "{:?} {} {} bytes of text in {:?}",
        document.format,
        document.charset,
        document.text.len(),
        start.elapsed()
    );
    for (range, kind) in &document.sections {
        eprintln!("  {kind:?} {range:?}");
    }
    print!("{}", document.text);
    Ok(())
}
