//! Documents of every format, made here, and changes to them; shared with
//! `examples/fuzz_documents.rs`.

use std::io::Write;

/// Name, content type and bytes of a document of each format.
pub fn all() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    vec![
        ("plain", "text/plain; charset=utf-8", plain()),
        ("latin", "text/plain", b"Caf\xe9 au lait. Temp 38\xb0C, na\xefve.".to_vec()),
        ("html", "text/html", html()),
        ("cda", "application/xml", cda()),
        ("rtf", "application/rtf", rtf()),
        ("pdf", "application/pdf", pdf(&["Past Medical History", "Hypertension, stage 2"], true)),
        ("pdf-plain", "application/pdf", pdf(&["Allergies: penicillin"], false)),
    ]
}

pub fn plain() -> Vec<u8> {
    "# Assessment\nHypertension – well controlled.\r\n- aspirin 81 mg daily\n".into()
}

pub fn html() -> Vec<u8> {
    b"<!DOCTYPE html><html><head><title>Note</title><style>p{color:red}</style></head><body>\
      <h2>Assessment &amp; Plan</h2><p>Blood  pressure <b>&lt;</b> 140&nbsp;mmHg,<br>caf&eacute;.</p>\
      <ul><li>aspirin<li>metformin</ul><table><tr><th>Test</th><td>HbA1c</td></tr></table>\
      <script>if (a < b) { alert('<p>no</p>') }</script><pre>a\n  b</pre></body></html>"
        .to_vec()
}

pub fn cda() -> Vec<u8> {
    r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE x [<!ENTITY boom "boom boom">]>
<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Summary</title>
<recordTarget><patientRole><patient><name>Not narrative</name></patient></patientRole></recordTarget>
<component><structuredBody>
<component><section><code code="48765-2" codeSystem="2.16.840.1.113883.6.1"/>
<title>Allergies</title><text><table><tbody><tr><td>Penicillin</td><td>Hives &amp; rash</td></tr>
</tbody></table></text><entry><observation><text>not narrative either</text></observation></entry>
</section></component>
<component><section><code code="10160-0"/><title>Medications</title>
<text><list><item>aspirin <content>81 mg</content></item><item>&boom;metformin</item></list></text>
<component><section><code code="10157-6"/><title>Family</title><text>Father: stroke</text></section>
</component></section></component>
</structuredBody></component></ClinicalDocument>"#
        .into()
}

pub fn rtf() -> Vec<u8> {
    br"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fcharset238 Times;}}
{\colortbl;\red0\green0\blue0;}{\*\generator Tarn;}{\info{\title Hidden}}
\pard\b Assessment\b0\par
Caf\'e9 \u8211- 38\u176?C, \{braces\}\line {\f1 \'b3}ine\tab two\par
{\field{\*\fldinst HYPERLINK x}{\fldrslt shown}}\bin3 abc\par}"
        .to_vec()
}

/// A PDF of one page with a line of text each, its content packed or plain.
pub fn pdf(lines: &[&str], packed: bool) -> Vec<u8> {
    let mut content = String::from("BT /F1 12 Tf 72 720 Td 14 TL\n");
    for line in lines {
        // Two strings with a gap where the first space is, as typesetters write them.
        match line.split_once(' ') {
            Some((first, rest)) => {
                content.push_str(&format!("[({first}) -300 ({rest})] TJ T*\n"));
            }
            None => content.push_str(&format!("({line}) Tj T*\n")),
        }
    }
    content.push_str("ET");
    let (filter, data) = if packed {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(content.as_bytes()).expect("memory takes all");
        ("/Filter /FlateDecode", packer.finish().expect("memory takes all"))
    } else {
        ("", content.into_bytes())
    };
    let mut out = b"%PDF-1.4\n".to_vec();
    for (number, body) in [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    ]
    .iter()
    .enumerate()
    {
        out.extend_from_slice(format!("{} 0 obj\n{body}\nendobj\n", number + 1).as_bytes());
    }
    let head = format!("4 0 obj\n<< /Length {} {filter} >>\nstream\n", data.len());
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(&data);
    out.extend_from_slice(b"\nendstream\nendobj\n");
    out.extend_from_slice(
        b"5 0 obj\n<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>\nendobj\n",
    );
    out.extend_from_slice(b"trailer\n<< /Root 1 0 R >>\n%%EOF\n");
    out
}

/// Numbers from a seed: xorshift.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }
}

/// Words that mean something to one of the readers.
const TOKENS: &[&[u8]] = &[
    b"<",
    b">",
    b"</",
    b"<section>",
    b"</section>",
    b"<text>",
    b"<script>",
    b"<!--",
    b"&#x10ffff;",
    b"&amp",
    b"<![CDATA[",
    b"<!DOCTYPE",
    b"{",
    b"}",
    b"\\u-1?",
    b"\\'",
    b"\\bin99999999 ",
    b"\\*",
    b"\\fonttbl",
    b"\\uc0",
    b"obj",
    b"1 0 obj",
    b"endobj",
    b"stream",
    b"endstream",
    b"<<",
    b">>",
    b"[",
    b"]",
    b"(",
    b")",
    b"/Kids",
    b"/Contents 4 0 R",
    b"/ToUnicode 4 0 R",
    b"5 0 R",
    b"Do",
    b"BT",
    b"Tj",
    b"TJ",
    b"BI ID",
    b"EI",
    b"-99999999999",
    b"1e999",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\0",
    b"\r\n",
    b"\xc3",
    b"/Filter [/FlateDecode /LZWDecode]",
    b"/Length 99999",
    b"trailer",
    b"/Type /ObjStm /N 9 /First 3",
];

/// Changes a document in a few places; `other` is one to take a piece from.
pub fn mutate(dice: &mut Dice, document: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..1 + dice.roll(6) {
        let at = dice.roll(document.len() + 1);
        match dice.roll(8) {
            0 if !document.is_empty() => {
                let at = at.min(document.len() - 1);
                document[at] ^= 1 << dice.roll(8);
            }
            1 => {
                let end = (at + dice.roll(64)).min(document.len());
                document.drain(at..end);
            }
            2 => {
                let from = dice.roll(other.len() + 1);
                let end = (from + dice.roll(256)).min(other.len());
                document.splice(at..at, other[from..end].iter().copied());
            }
            3 => {
                // A piece many times over.
                let end = (at + 1 + dice.roll(16)).min(document.len());
                let piece = document[at..end].to_vec();
                let times = 1 << dice.roll(12);
                let many = piece.repeat(times);
                document.splice(at..at, many);
            }
            4 => {
                document.truncate(at);
            }
            5 => {
                let byte = dice.roll(256) as u8;
                document.insert(at, byte);
            }
            _ => {
                let token = TOKENS[dice.roll(TOKENS.len())];
                document.splice(at..at, token.iter().copied());
            }
        }
        document.truncate(1 << 20);
    }
}
