//! Connections of the web server.
//!
//! Intuition: a doorkeeper who lets in no more people than the house holds, and sends away whoever
//! stands in the door without saying a word. Senders of alerts must find room even while somebody
//! else holds connections open on a network that hardly moves.
//!
//! Invariants:
//! - at most [`CONNECTIONS_MAX`] connections are open; the next one waits in the kernel's queue;
//! - a request whose head is not complete within [`HEAD_LIMIT`], or whose answer has not begun within
//!   [`ANSWER_LIMIT`], is ended; streams of events, whose answer has begun, are not.

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Connections open at once. Each costs some kilobytes; the live view keeps one open per reader.
const CONNECTIONS_MAX: usize = 1024;

/// How long the head of a request may take; also how long an idle connection is kept.
const HEAD_LIMIT: Duration = Duration::from_secs(30);

/// How long reading a body and deciding may take. At the 30 kbit/s of a poor 2G link a body of 200 kB
/// arrives within it.
const ANSWER_LIMIT: Duration = Duration::from_mins(1);

/// Pause after the kernel could not hand out a connection, mostly because files ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What is allowed; tests allow less.
#[derive(Debug, Clone, Copy)]
struct Limits {
    connections: usize,
    head: Duration,
    answer: Duration,
}

const LIMITS: Limits =
    Limits { connections: CONNECTIONS_MAX, head: HEAD_LIMIT, answer: ANSWER_LIMIT };

/// Serves `router` until `closed`, then finishes what is under way.
pub(crate) async fn serve(listener: TcpListener, router: Router, closed: impl Future<Output = ()>) {
    serve_within(LIMITS, listener, router, closed).await;
}

async fn serve_within(
    limits: Limits,
    listener: TcpListener,
    router: Router,
    closed: impl Future<Output = ()>,
) {
    let router =
        router.layer(from_fn(move |request, next| answered_within(limits.answer, request, next)));
    let service = TowerToHyperService::new(router);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head);
    let room = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut closed = std::pin::pin!(closed);
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await.expect("never closed");
            (place, accept(&listener).await)
        };
        let (place, stream) = tokio::select! {
            next = next => next,
            () = &mut closed => break,
        };
        let connection = http.serve_connection(TokioIo::new(stream), service.clone());
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A peer that goes away in the middle is nothing to report.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small and complete: waiting to fill a packet only delays them.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            Err(error) => {
                tracing::warn!("could not accept a connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn answered_within(limit: Duration, request: Request, next: Next) -> Response {
    let in_time = tokio::time::timeout(limit, next.run(request)).await;
    in_time.unwrap_or_else(|_| {
        // Not 408: it may be us who are slow, and senders of alerts take a 4xx for a final no.
        let retry = [(header::RETRY_AFTER, "5")];
        (StatusCode::SERVICE_UNAVAILABLE, retry, "this took too long\n").into_response()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::oneshot;

    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_hours(1);

    async fn house(limits: Limits) -> (std::net::SocketAddr, oneshot::Sender<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/", post(|body: String| async move { body }));
        let (stop, stopped) = oneshot::channel();
        let closed = async move {
            let _ = stopped.await;
        };
        tokio::spawn(serve_within(limits, listener, router, closed));
        (address, stop)
    }

    async fn says(stream: &mut TcpStream, text: &str) {
        stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Everything until the other side closes.
    async fn heard(mut stream: TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    const ASKED: &str = "GET / HTTP/1.1\r\nhost: it\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn who_says_nothing_is_sent_away_and_makes_room() {
        let limits = Limits { connections: 1, head: SHORT, answer: LONG };
        let (address, _stop) = house(limits).await;
        let mut silent = TcpStream::connect(address).await.unwrap();
        says(&mut silent, "GET / HT").await;
        // Waits in the kernel's queue until the only place is free.
        let mut polite = TcpStream::connect(address).await.unwrap();
        says(&mut polite, ASKED).await;
        assert!(heard(polite).await.ends_with("\r\n\r\nhere"));
        assert!(!heard(silent).await.contains("here"));
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let limits = Limits { connections: 8, head: LONG, answer: SHORT };
        let (address, _stop) = house(limits).await;
        let mut slow = TcpStream::connect(address).await.unwrap();
        says(&mut slow, "POST / HTTP/1.1\r\nhost: it\r\ncontent-length: 9\r\n\r\nabc").await;
        assert!(heard(slow).await.starts_with("HTTP/1.1 503 "));
    }

    #[tokio::test]
    async fn what_is_under_way_is_finished_at_the_end() {
        let (address, stop) = house(Limits { connections: 8, head: LONG, answer: LONG }).await;
        let mut under_way = TcpStream::connect(address).await.unwrap();
        says(&mut under_way, "POST / HTTP/1.1\r\nhost: it\r\ncontent-length: 6\r\n\r\nabc").await;
        // Answered on a second connection: by now the first one has been accepted too.
        let mut other = TcpStream::connect(address).await.unwrap();
        says(&mut other, ASKED).await;
        assert!(heard(other).await.ends_with("here"));
        stop.send(()).unwrap();
        says(&mut under_way, "def").await;
        assert!(heard(under_way).await.ends_with("abcdef"));
        // Nobody listens any more.
        while TcpStream::connect(address).await.is_ok() {}
    }
}
