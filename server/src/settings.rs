//! What an operator can change about the HTTP door.

use serde::{Deserialize, Serialize};

/// Settings of the HTTP server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Address and port to listen on. Default `127.0.0.1:8470`: loopback only. Put a proxy that
    /// speaks TLS in front before you open it to a network.
    pub http: String,
    /// The address clients use, such as `https://lake.example.org`, for links in answers. Default
    /// empty: taken from each request's `Host`. Set it behind a proxy.
    pub public_url: String,
    /// Largest request body in bytes. Default 32 MiB. Raise it for huge resources. Imports are not
    /// held to it, unless they are signed (AWS Signature Version 4): a signature covers the whole
    /// body, which is then held in memory; send larger imports with a bearer key.
    pub body_bytes_max: usize,
    /// Seconds a client may take to send its headers, or to be idle between requests. Default 15.
    pub header_seconds: u64,
    /// Seconds a client may pause while sending a body. Default 30.
    pub body_seconds: u64,
    /// Connections served at once; more wait in the system's queue. Default 1,024.
    pub connections_max: usize,
    /// Seconds a SQL query may take, never more than `lake.query_seconds_max`. Default 60.
    pub sql_seconds: u64,
    /// Rows a SQL answer may have; a larger one is refused. Default 1,000,000.
    pub sql_rows_max: usize,
    /// SQL queries run at once; more wait. Default 4.
    pub sql_concurrent_max: usize,
    /// Minutes a console session lasts without use. Default 720.
    pub session_minutes: u64,
    /// Minutes a sign-in link works. Default 10.
    pub sign_in_minutes: u64,
    /// Seconds running requests get to finish when the server stops. Default 20.
    pub drain_seconds: u64,
    /// Longest pause in milliseconds before an audit record is on its way to disk. Default 500.
    pub audit_flush_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            http: "127.0.0.1:8470".to_owned(),
            public_url: String::new(),
            body_bytes_max: 32 << 20,
            header_seconds: 15,
            body_seconds: 30,
            connections_max: 1_024,
            sql_seconds: 60,
            sql_rows_max: 1_000_000,
            sql_concurrent_max: 4,
            session_minutes: 720,
            sign_in_minutes: 10,
            drain_seconds: 20,
            audit_flush_ms: 500,
        }
    }
}
