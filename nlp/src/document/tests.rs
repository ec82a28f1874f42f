use super::*;

#[track_caller]
fn text_of(bytes: &[u8], content_type: &str) -> Document {
    read(bytes, Some(content_type), &Limits::default()).expect("a document with text")
}

#[test]
fn plain_text_is_what_it_was() {
    let document = text_of("Dx: caf\u{e9}\r\n".as_bytes(), "text/plain; charset=utf-8");
    assert_eq!(document.text, "Dx: café\r\n");
    assert_eq!((document.format, document.charset), (Format::Plain, "UTF-8"));
}
