//! Samples written into a Prometheus by its remote-write protocol, version 1.
//!
//! Intuition: a month of samples cannot be scraped in a minute, and blocks made from text are read once per
//! block. Written in order of time, a running Prometheus takes them as if they came now.
//!
//! The message is protobuf (`WriteRequest` of prometheus/prompb), and must be wrapped in snappy's block format;
//! a block of nothing but literals is valid snappy, and on loopback its size does not matter.

use crate::http::Connection;
use anyhow::{Result, ensure};

/// One reading of one series.
pub(crate) struct Reading<'a> {
    pub(crate) labels: &'a [(&'a str, &'a str)],
    pub(crate) at_ms: i64,
    pub(crate) value: f64,
}

/// Writes one request.
pub(crate) fn write(connection: &mut Connection, readings: &[Reading<'_>]) -> Result<()> {
    let mut request = vec![];
    for it in readings {
        let mut series = vec![];
        // Labels must be in order of their names.
        for (name, value) in it.labels {
            let mut label = vec![];
            field(&mut label, 1, name.as_bytes());
            field(&mut label, 2, value.as_bytes());
            field(&mut series, 1, &label);
        }
        let mut sample = vec![0x09];
        sample.extend(it.value.to_le_bytes());
        sample.push(0x10);
        varint(&mut sample, it.at_ms.cast_unsigned());
        field(&mut series, 2, &sample);
        field(&mut request, 1, &series);
    }
    let headers = "Content-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\n\
                   X-Prometheus-Remote-Write-Version: 0.1.0\r\n";
    let answer = connection.post_bytes("/api/v1/write", headers, &snappy(&request))?;
    let told = String::from_utf8_lossy(&answer.body).into_owned();
    ensure!((200..300).contains(&answer.status), "Prometheus took no samples: {told}");
    Ok(())
}

/// A field of bytes.
fn field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend(bytes);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// `bytes` as literals of at most 65 536 bytes.
fn snappy(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 16);
    varint(&mut out, bytes.len() as u64);
    for chunk in bytes.chunks(65_536) {
        let length = u16::try_from(chunk.len() - 1).expect("at most 65 536 bytes");
        out.push(61 << 2);
        out.extend(length.to_le_bytes());
        out.extend(chunk);
    }
    out
}
