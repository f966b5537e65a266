//! The one guard for outgoing HTTP.
//!
//! Intuition: a porter at the only gate. Addresses the operator wrote into the settings may lead
//! anywhere, also into the own network, where most Prometheus and mail servers are. Addresses that
//! came from somebody else may lead to the public internet, and to those networks of our own that the
//! operator allowed for them.
//!
//! Invariants:
//! - no redirect is followed: an allowed address cannot lead to a forbidden one;
//! - what was checked is what is connected to: a name is resolved by the guard's own resolver, which
//!   hands on only addresses that passed;
//! - what others name never goes through a proxy, which would resolve the name once more by itself;
//! - every answer has a limit in bytes and in time;
//! - no error repeats more of an address than its host: paths and queries may hold secrets.

mod address;

pub use address::{Network, is_public};
pub use reqwest::Method;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::RETRY_AFTER;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Url, redirect};
use rustls::{ClientConfig, RootCertStore};
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Who wrote the addresses that a client is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// The operator, in settings: anything goes.
    Operator,
    /// Users, payloads, anybody: public addresses only.
    Untrusted,
}

/// A client behind the guard. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    policy: Policy,
    allowed: Arc<[Network]>,
    inner: reqwest::Client,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Vec<u8>,
    /// How many seconds the other side wants to be left alone (`Retry-After`), where it says a number.
    pub retry_after_secs: Option<u64>,
}

/// Why nothing came back. Names the host and nothing else of the address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not an address for HTTP.
    #[error("{0}")]
    Address(String),
    /// The guard says no.
    #[error("{host} is not a public address, and only the operator's settings may name others")]
    Forbidden {
        /// Which host.
        host: String,
    },
    /// Nobody answered.
    #[error("{host} does not answer: {detail}")]
    Unreachable {
        /// Which host.
        host: String,
        /// What went wrong.
        detail: String,
    },
    /// Too slow.
    #[error("{host} did not answer within {secs} s")]
    Timeout {
        /// Which host.
        host: String,
        /// The limit.
        secs: u64,
    },
    /// Too much.
    #[error("{host} answered with more than {limit} bytes")]
    TooLarge {
        /// Which host.
        host: String,
        /// The limit.
        limit: usize,
    },
}

/// Names the crate whose cryptography TLS uses. To be called once, first thing in `main`; later calls
/// change nothing.
pub fn init_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

impl Client {
    /// A client for addresses of one origin.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        Self::with_roots(policy, roots, &[])
    }

    /// A client for what others name, which may also lead into the networks of our own in `allowed`.
    #[must_use]
    pub fn untrusted_allowing(allowed: &[Network]) -> Self {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        Self::with_roots(Policy::Untrusted, roots, allowed)
    }

    /// The same, trusting also the certificates in PEM `text`, for a network with an authority of its
    /// own.
    pub fn with_authority(policy: Policy, text: &[u8]) -> Result<Self, Error> {
        use rustls::pki_types::CertificateDer;
        use rustls::pki_types::pem::PemObject as _;
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        for certificate in CertificateDer::pem_slice_iter(text) {
            let added = certificate.map_err(|it| it.to_string());
            added
                .and_then(|it| roots.add(it).map_err(|it| it.to_string()))
                .map_err(|it| Error::Address(format!("the certificate authority: {it}")))?;
        }
        Ok(Self::with_roots(policy, roots, &[]))
    }

    fn with_roots(policy: Policy, roots: RootCertStore, allowed: &[Network]) -> Self {
        let allowed: Arc<[Network]> = allowed.into();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring offers the default protocol versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .user_agent(concat!("lamplighter/", env!("CARGO_PKG_VERSION")));
        if policy == Policy::Untrusted {
            let system: Lookup = Arc::new(|name| {
                Box::pin(async move {
                    let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
                    Ok(found.collect())
                })
            });
            let resolver = Guarded { allowed: Arc::clone(&allowed), lookup: system };
            builder = builder.dns_resolver(resolver).no_proxy();
        }
        Self { policy, allowed, inner: builder.build().expect("the settings above are valid") }
    }

    /// Asks for `url`.
    pub async fn get(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        limit_bytes: usize,
        timeout: Duration,
    ) -> Result<Response, Error> {
        self.send(Method::GET, url, headers, vec![], limit_bytes, timeout).await
    }

    /// Sends `body` to `url`.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
        limit_bytes: usize,
        timeout: Duration,
    ) -> Result<Response, Error> {
        self.send(Method::POST, url, headers, body, limit_bytes, timeout).await
    }

    /// Sends a request of any kind.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
        limit_bytes: usize,
        timeout: Duration,
    ) -> Result<Response, Error> {
        let (url, host) = self.admit(url)?;
        let failed = |it: reqwest::Error| problem(&host, timeout, &it);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::try_from(*name);
            let value = HeaderValue::try_from(*value);
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(Error::Address("a header holds characters that cannot be sent".into()));
            };
            map.insert(name, value);
        }
        let request = self.inner.request(method, url).headers(map).body(body).timeout(timeout);
        let mut answer = request.send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        let wait = answer.headers().get(RETRY_AFTER).and_then(|it| it.to_str().ok());
        let retry_after_secs = wait.and_then(|it| it.trim().parse().ok());
        let mut body = vec![];
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > limit_bytes {
                return Err(Error::TooLarge { host, limit: limit_bytes });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response { status, body, retry_after_secs })
    }

    /// Lets an address pass, or says why not.
    fn admit(&self, url: &str) -> Result<(Url, String), Error> {
        let bad = |what: &str| Err(Error::Address(format!("the address {what}")));
        let Ok(url) = Url::parse(url) else { return bad("is not one") };
        if !matches!(url.scheme(), "http" | "https") {
            return bad("is neither http nor https");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return bad("names a user; use a token or header instead");
        }
        let Some(host) = url.host_str().map(str::to_owned) else { return bad("names no host") };
        if self.policy == Policy::Untrusted {
            // Numbers are not looked up, so the resolver never sees them.
            let number = host.trim_matches(['[', ']']).parse::<IpAddr>();
            if number.is_ok_and(|it| !may_lead(it, &self.allowed)) {
                return Err(Error::Forbidden { host });
            }
        }
        Ok((url, host))
    }
}

/// Whether what others name may lead there.
fn may_lead(address: IpAddr, allowed: &[Network]) -> bool {
    is_public(address) || allowed.iter().any(|it| it.contains(address))
}

/// How a name is looked up.
type Lookup = Arc<
    dyn Fn(String) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send>>
        + Send
        + Sync,
>;

/// Looks names up once, and hands on only addresses that may be connected to. Nothing looks a name up
/// again before connecting, so that a name which leads elsewhere the second time gains nothing.
#[derive(Clone)]
struct Guarded {
    allowed: Arc<[Network]>,
    lookup: Lookup,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { allowed, lookup } = self.clone();
        Box::pin(async move {
            let found = lookup(name.as_str().to_owned()).await?;
            let good: Vec<_> = found.into_iter().filter(|it| may_lead(it.ip(), &allowed)).collect();
            if good.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(good.into_iter()) as Addrs)
        })
    }
}

fn problem(host: &str, timeout: Duration, error: &reqwest::Error) -> Error {
    let host = host.to_owned();
    if error.is_timeout() {
        return Error::Timeout { host, secs: timeout.as_secs() };
    }
    // The innermost cause says what happened; the outer ones repeat the address.
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let detail = if cause.is::<reqwest::Error>() {
        "the connection could not be made".to_owned()
    } else {
        cause.to_string()
    };
    Error::Unreachable { host, detail }
}

#[cfg(test)]
mod tests;
