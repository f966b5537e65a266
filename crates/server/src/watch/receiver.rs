//! Where synthetic pages come out: a listener on this machine, with an address and a signing key that
//! nobody else knows.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::PageId;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use wire::Random as _;

/// The way to the receiver.
#[derive(Debug, Clone)]
pub(crate) struct Loopback {
    /// Its address.
    pub(crate) url: String,
    /// What its messages are signed with, `whsec_…`.
    pub(crate) secret: String,
}

/// The receiver.
pub(crate) struct Receiver {
    listener: TcpListener,
    loopback: Loopback,
}

impl Receiver {
    /// Listens on a free port of this machine.
    pub(crate) async fn listen() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}/synthetic", listener.local_addr()?);
        let mut key = [0; 32];
        wire::SystemRandom::default().fill(&mut key);
        let secret = format!("whsec_{}", STANDARD.encode(key));
        Ok(Self { listener, loopback: Loopback { url, secret } })
    }

    pub(crate) fn loopback(&self) -> Loopback {
        self.loopback.clone()
    }

    /// Receives from now on; each page that comes out is named.
    pub(crate) fn receive(self) -> mpsc::Receiver<PageId> {
        let (sender, pages) = mpsc::channel(64);
        let state = (self.loopback.secret, sender);
        let router = Router::new().route("/synthetic", post(take)).with_state(state);
        tokio::spawn(async move {
            if let Err(error) = axum::serve(self.listener, router).await {
                tracing::error!("the receiver of synthetic pages has ended: {error}");
            }
        });
        pages
    }
}

async fn take(
    State((secret, pages)): State<(String, mpsc::Sender<PageId>)>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or("");
    let (id, at) = (header("webhook-id"), header("webhook-timestamp"));
    if !channels::webhook::verify(&secret, id, at, &body, header("webhook-signature")) {
        return StatusCode::UNAUTHORIZED;
    }
    let page = serde_json::from_slice::<serde_json::Value>(&body)
        .ok()
        .and_then(|it| PageId::parse(it["data"]["details"]["page"].as_str()?));
    match page {
        // Nobody waits any more when the queue is full: whatever comes then is late anyway.
        Some(page) => {
            let _ = pages.try_send(page);
            StatusCode::OK
        }
        None => StatusCode::BAD_REQUEST,
    }
}
