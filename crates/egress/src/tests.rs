//! The guard: what others name leads to no place of our own, however it is written.

use super::*;
use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const LIMIT: usize = 1_000;
const WAIT: Duration = Duration::from_secs(5);

/// A server that answers everything with `answer` and counts who came.
async fn server(answer: &'static [u8]) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&visits);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4_096]).await;
                let _ = stream.write_all(answer).await;
                if answer.is_empty() {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    (port, visits)
}

#[tokio::test]
async fn addresses_of_others_may_not_lead_inside() {
    let client = Client::new(Policy::Untrusted);
    for url in [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.0.1/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://[ff02::1]/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://0.0.0.0/",
        "http://0/",
        // One address, written as people write who hope that nobody looks: mapped, compatible,
        // translated, NAT64 twice, 6to4, Teredo; decimal, octal, hexadecimal, and mixed.
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[::ffff:0:127.0.0.1]/",
        "http://[64:ff9b::127.0.0.1]/",
        "http://[64:ff9b:1::10.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://[2002:a9fe:a9fe::]/",
        "http://[2001:0:7f00:1::]/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
        "http://127.0.0.1./",
        "http://localhost/",
        "http://LOCALHOST./",
    ] {
        let error = client.get(url, &[], LIMIT, WAIT).await.expect_err(url);
        let told = error.to_string();
        assert!(
            matches!(error, Error::Forbidden { .. })
                || told.ends_with("the name leads to no public address")
                || told.contains("failed to lookup address"),
            "{url}: {told}"
        );
    }
}

#[tokio::test]
async fn what_is_no_plain_address_is_refused_for_everybody() {
    for policy in [Policy::Operator, Policy::Untrusted] {
        let client = Client::new(policy);
        for url in [
            "http://good.example@127.0.0.1/",
            "http://a:b@host.example/",
            "http://:b@host.example/",
            "file:///etc/passwd",
            "gopher://127.0.0.1:70/x",
            "ftp://host.example/",
            "javascript:1",
            "//host.example/",
            "http:///",
            "",
        ] {
            let error = client.get(url, &[], LIMIT, WAIT).await.expect_err(url);
            assert!(matches!(error, Error::Address(_)), "{policy:?} {url}: {error}");
        }
        let forged = [("x-key", "a\r\nHost: other")];
        let error = client.get("http://host.example/", &forged, LIMIT, WAIT).await;
        assert!(matches!(error, Err(Error::Address(_))), "{error:?}");
    }
}

#[tokio::test]
async fn what_the_operator_allows_is_open_and_nothing_beside_it() {
    let (port, visits) = server(b"HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\nhi").await;
    let allowed = [Network::parse("127.0.0.1").expect("an address")];
    let client = Client::untrusted_allowing(&allowed);
    let answer = client.get(&format!("http://127.0.0.1:{port}/"), &[], LIMIT, WAIT).await;
    assert_eq!(answer.expect("allowed").body, b"hi");
    let answer = client.get(&format!("http://[::ffff:127.0.0.1]:{port}/"), &[], LIMIT, WAIT).await;
    // Whether the machine speaks IPv6 or not: the guard lets it pass.
    assert!(!matches!(answer, Err(Error::Forbidden { .. })), "{answer:?}");
    for other in ["127.0.0.2", "10.0.0.1", "[::1]"] {
        let error = client.get(&format!("http://{other}:{port}/"), &[], LIMIT, WAIT).await;
        assert!(matches!(error, Err(Error::Forbidden { .. })), "{other}: {error:?}");
    }
    assert!(visits.load(Ordering::SeqCst) >= 1);
}

#[test]
fn networks_are_read_and_contain_what_they_say() {
    let check = |network: &str, address: &str, expect| {
        let network = Network::parse(network).unwrap_or_else(|| panic!("{network} is one"));
        assert_eq!(network.contains(address.parse().expect("an address")), expect, "{address}");
    };
    check("10.2.0.0/16", "10.2.255.1", true);
    check("10.2.0.0/16", "10.3.0.1", false);
    check("10.2.0.0/16", "::ffff:10.2.0.1", true);
    check("0.0.0.0/0", "192.168.1.1", true);
    check("0.0.0.0/0", "fd00::1", false);
    check("fd00::/8", "fdff::1", true);
    check("fd00::/8", "fe80::1", false);
    check("::/0", "fe80::1", true);
    check("192.168.1.7", "192.168.1.8", false);
    for bad in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "host.example", "10.0.0.0/-1"] {
        assert_eq!(Network::parse(bad), None, "{bad}");
    }
}

/// A name that leads to a public address when it is looked at and inside when it is connected to.
#[tokio::test]
async fn a_name_that_changes_its_mind_gains_nothing() {
    let asked = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&asked);
    let lookup: Lookup = Arc::new(move |_| {
        let mut asked = counted.lock().expect("nobody panics");
        *asked += 1;
        let public = IpAddr::V4(Ipv4Addr::new(203, 0, 114, 1));
        let inside = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let found = if *asked == 1 { vec![inside, public, inside] } else { vec![inside] };
        Box::pin(async move { Ok(found.into_iter().map(|it| SocketAddr::new(it, 0)).collect()) })
    });
    let guarded = Guarded { allowed: [].into(), lookup };
    let name = || "rebind.example".parse::<Name>().expect("a name");
    let Ok(first) = guarded.resolve(name()).await else { panic!("one is public") };
    let first: Vec<_> = first.collect();
    // Only what passed is handed on to be connected to.
    assert_eq!(first, [SocketAddr::from(([203, 0, 114, 1], 0))]);
    let second = guarded.resolve(name()).await.err().expect("now it leads inside");
    assert_eq!(second.to_string(), "the name leads to no public address");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_leads_nowhere() {
    let (inside, visits) = server(b"HTTP/1.1 200 X\r\ncontent-length: 0\r\n\r\n").await;
    let head = format!(
        "HTTP/1.1 302 X\r\nlocation: http://127.0.0.1:{inside}/\r\ncontent-length: 0\r\n\r\n"
    );
    let (port, _) = server(Box::leak(head.into_boxed_str()).as_bytes()).await;
    let client = Client::new(Policy::Operator);
    let answer = client.get(&format!("http://127.0.0.1:{port}/"), &[], LIMIT, WAIT).await;
    assert_eq!(answer.expect("an answer").status, 302);
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_has_limits_in_bytes_and_in_time() {
    let (port, _) = server(b"HTTP/1.1 200 X\r\ncontent-length: 2000\r\n\r\n").await;
    let client = Client::new(Policy::Operator);
    let url = format!("http://127.0.0.1:{port}/");
    let short = client.get(&url, &[], LIMIT, Duration::from_millis(300)).await;
    let told = short.expect_err("it never comes").to_string();
    assert!(told.contains("127.0.0.1"), "{told}");
    let (port, _) = server(b"HTTP/1.1 200 X\r\n\r\n0123456789").await;
    let url = format!("http://127.0.0.1:{port}/");
    let told = client.get(&url, &[], 9, WAIT).await.expect_err("too long").to_string();
    assert_eq!(told, "127.0.0.1 answered with more than 9 bytes");
    let (port, _) = server(b"").await;
    let url = format!("http://127.0.0.1:{port}/secret");
    let told = client.get(&url, &[], LIMIT, Duration::from_secs(1)).await.expect_err("silence");
    assert_eq!(told.to_string(), "127.0.0.1 did not answer within 1 s");
}

#[tokio::test]
async fn how_long_to_wait_is_read_where_it_is_a_number() {
    for (answer, expect) in [
        (&b"HTTP/1.1 429 X\r\nretry-after: 30\r\ncontent-length: 0\r\n\r\n"[..], Some(30)),
        (b"HTTP/1.1 429 X\r\nRetry-After: soon\r\ncontent-length: 0\r\n\r\n", None),
        (b"HTTP/1.1 429 X\r\ncontent-length: 0\r\n\r\n", None),
    ] {
        let (port, _) = server(answer).await;
        let client = Client::new(Policy::Operator);
        let answer = client.get(&format!("http://127.0.0.1:{port}/"), &[], LIMIT, WAIT).await;
        assert_eq!(answer.expect("an answer").retry_after_secs, expect);
    }
}

#[tokio::test]
async fn an_error_names_the_host_and_no_secret() {
    let client = Client::new(Policy::Operator);
    let url = "http://127.0.0.1:1/secret?token=hidden";
    let error = client.get(url, &[], 10, WAIT).await.expect_err("closed");
    assert_eq!(error.to_string(), "127.0.0.1 does not answer: Connection refused (os error 111)");
    let error = client.get("http://a:b@host/", &[], 10, WAIT).await;
    assert_eq!(
        error.expect_err("a user").to_string(),
        "the address names a user; use a token or header instead"
    );
}
