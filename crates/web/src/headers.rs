//! Headers on every answer, compression, and the two files that are not HTML.

use axum::extract::{Path, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tower_http::compression::CompressionLayer;

const STYLE: &str = include_str!("../static/style.css");
const SCRIPT: &str = include_str!("../static/live.js");

/// The style, for embedding into views: one request instead of two.
pub(crate) fn style() -> &'static str {
    STYLE
}

/// A file from `static/`.
pub(crate) async fn asset(Path(file): Path<String>) -> Response {
    let (kind, text) = match file.as_str() {
        "style.css" => ("text/css; charset=utf-8", STYLE),
        "live.js" => ("text/javascript; charset=utf-8", SCRIPT),
        _ => return (StatusCode::NOT_FOUND, "no such file\n").into_response(),
    };
    let cached = "public, max-age=3600";
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, cached)], text).into_response()
}

/// Brotli or gzip for whoever takes it; streams of events stay as they are.
pub(crate) fn compression() -> CompressionLayer {
    CompressionLayer::new().br(true).gzip(true)
}

/// Nothing from elsewhere is loaded, framed or sent to; addresses of views are not told to others.
pub(crate) async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; \
                  connect-src 'self'; img-src 'self' data:; form-action 'self'; \
                  base-uri 'none'; frame-ancestors 'none'";
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
