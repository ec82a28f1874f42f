//! AWS Signature Version 4, checked the way AWS checks it: so `aws`, `boto3` and every other AWS
//! client gets in with a Tarn key.
//!
//! Region and service may be anything. The path counts as signed once- or twice-encoded (S3 does
//! the former, all others the latter), the query as sent or as AWS normalises it: clients differ,
//! and each form binds the same request.
//!
//! Spec: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use crate::secret::hex;
use axum::http::{HeaderMap, Method, Uri};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest, Sha256};

/// How far a client's clock may be off.
const SKEW_SECONDS: i64 = 15 * 60;
/// Everything but AWS's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The same for a path, whose slashes stay.
const RESERVED_PATH: &AsciiSet = &RESERVED.remove(b'/');
/// What the first word of the header says.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// An `Authorization: AWS4-HMAC-SHA256 …` header.
#[derive(Clone, Debug)]
pub(crate) struct Authorization {
    /// Whose signature it claims to be.
    pub key_id: String,
    date: String,
    region: String,
    service: String,
    signed_headers: Vec<String>,
    signature: Vec<u8>,
}

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The header or a date in it is not of the form AWS describes.
    Malformed,
    /// `host` or an `x-amz-` header is not among the signed ones.
    Unsigned,
    /// The time is more than 15 minutes off.
    Skew,
    /// The body is not the one that was signed, or signing it was left out.
    Payload,
    /// The signature is not that of this key over this request.
    Signature,
}

impl Refusal {
    /// For the client.
    pub fn message(self) -> &'static str {
        match self {
            Self::Malformed => "the signature header is malformed",
            Self::Unsigned => "host and every x-amz- header must be signed",
            Self::Skew => "the request was signed more than 15 minutes ago, or in the future",
            Self::Payload => "the body is not the one that was signed",
            Self::Signature => "the signature does not match",
        }
    }
}

impl Authorization {
    /// Reads the header; none if it is another scheme.
    pub fn parse(header: &str) -> Option<Result<Self, Refusal>> {
        let rest = header.strip_prefix(ALGORITHM)?.strip_prefix(' ')?;
        Some(Self::parse_fields(rest).ok_or(Refusal::Malformed))
    }

    fn parse_fields(rest: &str) -> Option<Self> {
        let (mut credential, mut headers, mut signature) = (None, None, None);
        for field in rest.split(',') {
            match field.trim().split_once('=')? {
                ("Credential", value) => credential = Some(value),
                ("SignedHeaders", value) => headers = Some(value),
                ("Signature", value) => signature = Some(value),
                _ => return None,
            }
        }
        let scope: Vec<&str> = credential?.split('/').collect();
        let [key_id, date, region, service, "aws4_request"] = scope[..] else { return None };
        let signature = signature?;
        if signature.len() != 64 || !signature.is_ascii() {
            return None;
        }
        let signature = (0..64)
            .step_by(2)
            .map(|at| u8::from_str_radix(&signature[at..at + 2], 16).ok())
            .collect::<Option<Vec<u8>>>()?;
        Some(Self {
            key_id: key_id.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers: headers?.split(';').map(str::to_owned).collect(),
            signature,
        })
    }

    /// Checks the signature over a request whose body has this SHA-256, in hexadecimal.
    pub fn verify(
        &self,
        secret: &str,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body_sha256: &str,
        now_us: i64,
    ) -> Result<(), Refusal> {
        let time =
            headers.get("x-amz-date").and_then(|v| v.to_str().ok()).ok_or(Refusal::Malformed)?;
        let at = seconds(time).ok_or(Refusal::Malformed)?;
        if !time.starts_with(&self.date) || self.date.len() != 8 {
            return Err(Refusal::Malformed);
        }
        if (now_us / 1_000_000 - at).abs() > SKEW_SECONDS {
            return Err(Refusal::Skew);
        }
        let signed = |name: &str| self.signed_headers.iter().any(|header| header == name);
        let amz =
            headers.keys().map(|name| name.as_str()).filter(|name| name.starts_with("x-amz-"));
        if !signed("host") || !amz.into_iter().all(signed) {
            return Err(Refusal::Unsigned);
        }
        let payload = match headers.get("x-amz-content-sha256").map(|value| value.to_str()) {
            None => body_sha256,
            Some(Ok(declared)) if declared == body_sha256 => declared,
            Some(Ok(declared @ "UNSIGNED-PAYLOAD")) if self.service == "s3" => declared,
            Some(_) => return Err(Refusal::Payload),
        };

        let key = self.signing_key(secret);
        let tail = format!(
            "{}\n{}\n{payload}",
            self.canonical_headers(headers)?,
            self.signed_headers.join(";")
        );
        let (raw, normal) = canonical_queries(uri.query().unwrap_or(""));
        let path = if uri.path().is_empty() { "/" } else { uri.path() };
        let twice = utf8_percent_encode(path, RESERVED_PATH).to_string();
        for path in [twice.as_str(), path] {
            for query in [&normal, &raw] {
                let canonical = format!("{method}\n{path}\n{query}\n{tail}");
                let to_sign = format!(
                    "{ALGORITHM}\n{time}\n{}/{}/{}/aws4_request\n{}",
                    self.date,
                    self.region,
                    self.service,
                    hex(&Sha256::digest(canonical.as_bytes()))
                );
                // `verify_slice` takes the same time wherever the two differ.
                if mac(&key, &to_sign).verify_slice(&self.signature).is_ok() {
                    return Ok(());
                }
            }
        }
        Err(Refusal::Signature)
    }

    fn signing_key(&self, secret: &str) -> Vec<u8> {
        [self.date.as_str(), &self.region, &self.service, "aws4_request"]
            .iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, part| sign(&key, part))
    }

    fn canonical_headers(&self, headers: &HeaderMap) -> Result<String, Refusal> {
        let mut text = String::new();
        for name in &self.signed_headers {
            let values = headers
                .get_all(name.as_str())
                .iter()
                .map(|value| {
                    let value = value.to_str().map_err(|_| Refusal::Malformed)?;
                    Ok(value.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
                })
                .collect::<Result<Vec<_>, Refusal>>()?;
            text.push_str(&format!("{name}:{}\n", values.join(",")));
        }
        Ok(text)
    }
}

fn mac(key: &[u8], text: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac
}

fn sign(key: &[u8], text: &str) -> Vec<u8> {
    mac(key, text).finalize().into_bytes().to_vec()
}

/// The query's pairs in order: as sent, and decoded and encoded again.
fn canonical_queries(query: &str) -> (String, String) {
    let mut raw: Vec<(&str, &str)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    let again = |text: &str| {
        let decoded: Vec<u8> = percent_decode_str(text).collect();
        percent_encoding::percent_encode(&decoded, RESERVED).to_string()
    };
    let mut normal: Vec<_> = raw.iter().map(|(name, value)| (again(name), again(value))).collect();
    raw.sort_unstable();
    normal.sort_unstable();
    let join = |pairs: Vec<String>| pairs.join("&");
    (
        join(raw.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        join(normal.iter().map(|(name, value)| format!("{name}={value}")).collect()),
    )
}

/// `20150830T123600Z` as seconds since 1970.
fn seconds(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = &bytes[from..to];
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then(|| digits.iter().fold(0, |n, d| n * 10 + i64::from(d - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    // Days since 1970 with the year beginning in March, so that leap days come last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 1
        - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const SUITE_SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn verify(
        authorization: &str,
        secret: &str,
        uri: &str,
        headers: &[(&'static str, &'static str)],
        at: &str,
        late_seconds: i64,
    ) -> Result<(), Refusal> {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        let now_us = (seconds(at).expect("a time") + late_seconds) * 1_000_000;
        let uri: Uri = uri.parse().expect("a path");
        Authorization::parse(authorization).expect("the scheme")?.verify(
            secret,
            &Method::GET,
            &uri,
            &headers,
            EMPTY,
            now_us,
        )
    }

    fn vanilla(signature: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature={signature}"
        )
    }

    const VANILLA: &str = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    const VANILLA_HEADERS: &[(&str, &str)] =
        &[("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];

    #[test]
    fn awss_published_requests_verify() {
        // The test suite's `get-vanilla`.
        let check =
            verify(&vanilla(VANILLA), SUITE_SECRET, "/", VANILLA_HEADERS, "20150830T123600Z", 0);
        assert_eq!(check, Ok(()));

        // The IAM guide's `ListUsers`.
        let check = verify(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
            SUITE_SECRET,
            "/?Action=ListUsers&Version=2010-05-08",
            &[
                ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                ("host", "iam.amazonaws.com"),
                ("x-amz-date", "20150830T123600Z"),
            ],
            "20150830T123600Z",
            0,
        );
        assert_eq!(check, Ok(()));

        // The S3 guide's `GET Object`.
        let check = verify(
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "/test.txt",
            &[
                ("host", "examplebucket.s3.amazonaws.com"),
                ("range", "bytes=0-9"),
                ("x-amz-content-sha256", EMPTY),
                ("x-amz-date", "20130524T000000Z"),
            ],
            "20130524T000000Z",
            0,
        );
        assert_eq!(check, Ok(()));
    }

    #[test]
    fn a_change_to_anything_signed_is_refused() {
        let at = "20150830T123600Z";
        let good = vanilla(VANILLA);
        let check = |auth: &str,
                     secret: &str,
                     uri: &str,
                     headers: &[(&'static str, &'static str)],
                     late| { verify(auth, secret, uri, headers, at, late) };
        assert_eq!(check(&good, "other", "/", VANILLA_HEADERS, 0), Err(Refusal::Signature));
        assert_eq!(check(&good, SUITE_SECRET, "/x", VANILLA_HEADERS, 0), Err(Refusal::Signature));
        assert_eq!(
            check(&good, SUITE_SECRET, "/?a=b", VANILLA_HEADERS, 0),
            Err(Refusal::Signature)
        );
        let other_host = [("host", "evil.example"), ("x-amz-date", "20150830T123600Z")];
        assert_eq!(check(&good, SUITE_SECRET, "/", &other_host, 0), Err(Refusal::Signature));
        assert_eq!(check(&good, SUITE_SECRET, "/", VANILLA_HEADERS, 901), Err(Refusal::Skew));
        assert_eq!(check(&good, SUITE_SECRET, "/", VANILLA_HEADERS, -901), Err(Refusal::Skew));
        assert_eq!(check(&good, SUITE_SECRET, "/", VANILLA_HEADERS, 899), Ok(()));
        let smuggled = [VANILLA_HEADERS[0], VANILLA_HEADERS[1], ("x-amz-target", "Delete")];
        assert_eq!(check(&good, SUITE_SECRET, "/", &smuggled, 0), Err(Refusal::Unsigned));
        let body =
            [VANILLA_HEADERS[0], VANILLA_HEADERS[1], ("x-amz-content-sha256", "UNSIGNED-PAYLOAD")];
        let signed_body = good.replace("host;", "host;x-amz-content-sha256;");
        assert_eq!(check(&signed_body, SUITE_SECRET, "/", &body, 0), Err(Refusal::Payload));
    }

    #[test]
    fn malformed_headers_are_refused_and_other_schemes_are_not_ours() {
        assert!(Authorization::parse("Bearer x").is_none());
        for header in [
            "AWS4-HMAC-SHA256 ",
            "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00",
            "AWS4-HMAC-SHA256 Credential=a/20150830/r/s/aws4_request, SignedHeaders=host",
            &vanilla("zz00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            &vanilla(&"é".repeat(32)),
        ] {
            assert!(
                matches!(Authorization::parse(header), Some(Err(Refusal::Malformed))),
                "{header}"
            );
        }
    }
}
