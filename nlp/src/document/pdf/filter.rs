//! Packed streams into bytes: Flate, LZW, ASCII85, ASCIIHex, RunLength, and Flate's predictors.

use std::io::Read;

use super::syntax::{Dictionary, Object};

/// Unpacks a stream; `None` when it would hold more than `limit` bytes. A stream with a filter
/// that is for images gives no bytes; damaged data gives what came before the damage.
pub fn unpack(packed: &[u8], dictionary: &Dictionary, limit: usize) -> Option<Vec<u8>> {
    let filters: Vec<&[u8]> = match dictionary.get("Filter").or(dictionary.get("F")) {
        Some(Object::Name(name)) => vec![name],
        Some(Object::Array(names)) => names
            .iter()
            .filter_map(|name| match name {
                Object::Name(name) => Some(name.as_slice()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    // More filters than anyone uses are an attack.
    if filters.len() > 4 {
        return Some(Vec::new());
    }
    let parameters = dictionary.get("DecodeParms").or(dictionary.get("DP"));
    let mut data = std::borrow::Cow::Borrowed(packed);
    for (index, filter) in filters.iter().enumerate() {
        let parameters = match parameters {
            Some(Object::Dictionary(parameters)) => Some(parameters),
            Some(Object::Array(all)) => match all.get(index) {
                Some(Object::Dictionary(parameters)) => Some(parameters),
                _ => None,
            },
            _ => None,
        };
        let plain = match *filter {
            b"FlateDecode" | b"Fl" => predict(flate(&data, limit)?, parameters),
            b"LZWDecode" | b"LZW" => {
                let early = parameters.and_then(|p| p.number("EarlyChange")) != Some(0.0);
                predict(lzw(&data, early, limit)?, parameters)
            }
            b"ASCII85Decode" | b"A85" => ascii85(&data),
            b"ASCIIHexDecode" | b"AHx" => ascii_hex(&data),
            b"RunLengthDecode" | b"RL" => run_length(&data, limit)?,
            _ => return Some(Vec::new()),
        };
        data = std::borrow::Cow::Owned(plain);
    }
    (data.len() <= limit).then(|| data.into_owned())
}

fn flate(packed: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    let take = limit as u64 + 1;
    let whole = flate2::read::ZlibDecoder::new(packed).take(take).read_to_end(&mut data);
    if whole.is_err() && data.is_empty() && packed.len() > 2 {
        // Without a valid header the deflated data may still be sound.
        let _ = flate2::read::DeflateDecoder::new(&packed[2..]).take(take).read_to_end(&mut data);
    }
    (data.len() <= limit).then_some(data)
}

fn lzw(packed: &[u8], early: bool, limit: usize) -> Option<Vec<u8>> {
    const CLEAR: usize = 256;
    const END: usize = 257;
    let mut out: Vec<u8> = Vec::new();
    // Each entry is a stretch of what was written.
    let mut table: Vec<(usize, usize)> = Vec::new();
    let mut previous: Option<(usize, usize)> = None;
    let (mut buffer, mut bits, mut width) = (0u32, 0u32, 9u32);
    for byte in packed {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        if bits < width {
            continue;
        }
        bits -= width;
        let code = ((buffer >> bits) & ((1 << width) - 1)) as usize;
        buffer &= (1 << bits) - 1;
        match code {
            CLEAR => {
                table.clear();
                previous = None;
                width = 9;
                continue;
            }
            END => break,
            _ => {}
        }
        let start = out.len();
        if code < 256 {
            out.push(code as u8);
        } else if let Some(&(from, length)) = table.get(code - 258) {
            out.extend_from_within(from..from + length);
        } else if let (Some((from, length)), true) = (previous, code - 258 == table.len()) {
            out.extend_from_within(from..from + length);
            out.push(out[start]);
        } else {
            break;
        }
        if out.len() > limit {
            return None;
        }
        if let Some((from, length)) = previous
            && table.len() < 4096 - 258
        {
            // The previous stretch and the byte after it, which is the first of this one.
            table.push((from, length + 1));
        }
        previous = Some((start, out.len() - start));
        let next = table.len() + 258 + usize::from(early) + 1;
        width = match next {
            0..=512 => 9,
            513..=1024 => 10,
            1025..=2048 => 11,
            _ => 12,
        };
    }
    Some(out)
}

fn ascii85(packed: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(packed.len() / 5 * 4);
    let mut group = [0u32; 5];
    let mut held = 0;
    let value = |group: &[u32; 5]| {
        group.iter().fold(0u32, |sum, digit| sum.wrapping_mul(85).wrapping_add(*digit))
    };
    for byte in packed {
        match byte {
            b'~' => break,
            b'z' if held == 0 => out.extend_from_slice(&[0; 4]),
            b'!'..=b'u' => {
                group[held] = u32::from(byte - b'!');
                held += 1;
                if held == 5 {
                    out.extend_from_slice(&value(&group).to_be_bytes());
                    held = 0;
                }
            }
            _ => {}
        }
    }
    if held > 1 {
        group[held..].fill(84);
        out.extend_from_slice(&value(&group).to_be_bytes()[..held - 1]);
    }
    out
}

fn ascii_hex(packed: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = packed
        .iter()
        .take_while(|byte| **byte != b'>')
        .filter_map(|byte| char::from(*byte).to_digit(16).map(|digit| digit as u8))
        .collect();
    digits.chunks(2).map(|pair| pair[0] * 16 + pair.get(1).copied().unwrap_or(0)).collect()
}

fn run_length(packed: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&length) = packed.get(at) {
        at += 1;
        match length {
            0..=127 => {
                let end = (at + usize::from(length) + 1).min(packed.len());
                out.extend_from_slice(&packed[at..end]);
                at = end;
            }
            128 => break,
            _ => {
                let Some(&byte) = packed.get(at) else { break };
                out.resize(out.len() + 257 - usize::from(length), byte);
                at += 1;
            }
        }
        if out.len() > limit {
            return None;
        }
    }
    Some(out)
}

/// Undoes the PNG predictors; cross-reference and object streams use them.
fn predict(data: Vec<u8>, parameters: Option<&Dictionary>) -> Vec<u8> {
    let number = |name: &str, default: f64| {
        parameters.and_then(|p| p.number(name)).unwrap_or(default).clamp(0.0, 65_536.0) as usize
    };
    if number("Predictor", 1.0) < 10 {
        return data;
    }
    let bits = number("Colors", 1.0) * number("BitsPerComponent", 8.0);
    let pixel = bits.div_ceil(8).max(1);
    let row = (bits.saturating_mul(number("Columns", 1.0))).div_ceil(8).max(1);
    let mut out: Vec<u8> = Vec::with_capacity(data.len());
    let mut above = vec![0u8; row.min(data.len())];
    for line in data.chunks(row + 1) {
        let (kind, line) = (line[0], &line[1..]);
        let mut current = vec![0u8; above.len()];
        for (index, byte) in line.iter().enumerate().take(current.len()) {
            let left = if index >= pixel { current[index - pixel] } else { 0 };
            let up = above[index];
            let corner = if index >= pixel { above[index - pixel] } else { 0 };
            let guess = match kind {
                1 => left,
                2 => up,
                3 => ((u16::from(left) + u16::from(up)) / 2) as u8,
                4 => paeth(left, up, corner),
                _ => 0,
            };
            current[index] = byte.wrapping_add(guess);
        }
        out.extend_from_slice(&current[..line.len().min(current.len())]);
        above = current;
    }
    out
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let estimate = i32::from(left) + i32::from(up) - i32::from(corner);
    let distance = |value: u8| (estimate - i32::from(value)).abs();
    if distance(left) <= distance(up) && distance(left) <= distance(corner) {
        left
    } else if distance(up) <= distance(corner) {
        up
    } else {
        corner
    }
}
