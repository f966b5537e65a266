//! A real Alertmanager that believes it speaks to PagerDuty, Opsgenie and `VictorOps`.
//!
//! Its receiver for PagerDuty's Events API v1 has the address of PagerDuty built in, so that one is
//! sent through a proxy which answers in PagerDuty's place, as a changed name in DNS would.

#![cfg(feature = "servers")]

mod common;

mod needs_server {
    use crate::common::{Process, Server, folder, http, wait_for};
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{ServerConfig, ServerConnection, StreamOwned};
    use std::io::{Read, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::sync::Arc;
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_mins(1);

    /// One alert goes into Alertmanager and arrives at four doors under the names and keys of other
    /// products; when it is over there, it is over here, at each of them.
    #[test]
    fn alertmanager_moves_here_by_changing_one_host_name() {
        let home = folder("receivers");
        let server = serve(&home);
        let keys = server.door_keys(&["pagerduty", "service:reports-api", "opsgenie", "on-call"]);
        let proxy = PagerDutyProxy::start(&home, server.address.clone());
        let config = home.join("alertmanager.yml");
        std::fs::write(&config, receivers(&server.address, &keys, proxy)).expect("written");
        let port = free_port();
        let address = format!("127.0.0.1:{port}");
        let _alertmanager = alertmanager(&home, &config, &address);
        let alert = |ends: &str| {
            let body = format!(
                r#"[{{"labels":{{"alertname":"Dark","service":"payments-api","severity":"critical"}},
                    "annotations":{{"summary":"no lights in Kisumu"}}{ends}}}]"#
            );
            let headers = [("content-type", "application/json")];
            http("POST", &address, "/api/v2/alerts", &headers, &body)
                .is_ok_and(|it| it.status == 200)
        };
        wait_for(PATIENCE, "Alertmanager takes the alert", || alert(""));
        wait_for(PATIENCE, "the alert fires at four doors", || server.alerts_firing() == 4);
        let told: Vec<String> = (1..=4).map(|it| server.why(&format!("al_{it}"))).collect();
        let expected = [
            ("opsgenie", "by opsgenie: no lights in Kisumu", "service sales-api"),
            ("pagerduty", "by pagerduty v1: no lights in Kisumu", "service reports-api"),
            ("pagerduty", "by pagerduty v2: no lights in Kisumu", "service payments-api"),
            ("victorops", "by victorops: no lights in Kisumu", "team payments"),
        ];
        for (door, summary, routed_by) in expected {
            let found = told.iter().filter(|it| {
                it.contains(&format!("Received at {door}"))
                    && it.contains(summary)
                    && it.contains(routed_by)
            });
            assert_eq!(found.count(), 1, "{door}: {summary}, {routed_by} in {told:#?}");
        }
        // Over since this moment; without a start Alertmanager takes the end for it.
        let ends = driver::Clock::now(&driver::SystemClock);
        assert!(alert(&format!(r#","endsAt":"{ends}""#)));
        wait_for(PATIENCE, "it is over at four doors", || server.alerts_firing() == 0);
        let incidents = server.read("/api/v1/incidents");
        let listed = incidents["incidents"].as_array().expect("a list");
        assert_eq!(listed.len(), 4, "each door's alert was about something else");
        assert!(listed.iter().all(|it| it["resolved_at"].is_string()), "{incidents:#}");
        server.server.kill();
        let _ = std::fs::remove_dir_all(&home);
    }

    /// What a team has today, with our address where theirs was.
    fn receivers(address: &str, keys: &[String], proxy_port: u16) -> String {
        let [v2, v1, opsgenie, victorops] = keys else { panic!("four keys") };
        format!(
            r"
route: {{ receiver: everything, group_wait: 0s, group_interval: 1s }}
receivers:
- name: everything
  pagerduty_configs:
  - routing_key: {v2}
    url: http://{address}/v2/enqueue
    severity: '{{{{ .CommonLabels.severity }}}}'
    description: 'by pagerduty v2: {{{{ .CommonAnnotations.summary }}}}'
    details: {{ service: '{{{{ .CommonLabels.service }}}}' }}
  - service_key: {v1}
    description: 'by pagerduty v1: {{{{ .CommonAnnotations.summary }}}}'
    http_config:
      proxy_url: http://127.0.0.1:{proxy_port}
      tls_config: {{ insecure_skip_verify: true }}
  opsgenie_configs:
  - api_key: {opsgenie}
    api_url: http://{address}/
    message: 'by opsgenie: {{{{ .CommonAnnotations.summary }}}}'
    update_alerts: true
    priority: P1
    details: {{ service: sales-api }}
  victorops_configs:
  - api_key: {victorops}
    api_url: http://{address}/integrations/generic/20131114/alert/
    routing_key: payments
    entity_display_name: 'by victorops: {{{{ .CommonAnnotations.summary }}}}'
"
        )
    }

    fn alertmanager(home: &Path, config: &Path, address: &str) -> Process {
        let program = std::env::var("LAMPLIGHTER_TEST_ALERTMANAGER")
            .expect("LAMPLIGHTER_TEST_ALERTMANAGER names a program; `cargo xtask test` sets it");
        let mut command = Command::new(program);
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", home.join("am").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--cluster.listen-address=")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Process { child: command.spawn().expect("the program starts") }
    }

    fn serve(home: &Path) -> House {
        let folder = home.join("config");
        std::fs::create_dir_all(&folder).expect("made");
        let example =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/solar/lamplighter.yaml");
        std::fs::copy(example, folder.join("lamplighter.yaml")).expect("the example is there");
        let server = Server::start(&folder, &home.join("data"));
        House { address: server.address.clone(), cookie: server.first_session("ana"), server }
    }

    /// A server, and an administrator's session in it.
    struct House {
        server: Server,
        address: String,
        cookie: String,
    }

    impl House {
        fn door_keys(&self, labels: &[&str]) -> Vec<String> {
            labels.iter().map(|it| self.server.door_key_of(&self.cookie, it)).collect()
        }

        fn read(&self, path: &str) -> serde_json::Value {
            let headers = [("cookie", self.cookie.as_str())];
            let answer = http("GET", &self.address, path, &headers, "").expect("answered");
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            serde_json::from_str(&answer.body).expect("JSON")
        }

        fn alerts_firing(&self) -> u64 {
            self.read("/api/v1/status")["alerts_firing"].as_u64().expect("a number")
        }

        fn why(&self, id: &str) -> String {
            self.read(&format!("/api/v1/why/{id}")).to_string()
        }
    }

    /// Stands between Alertmanager and PagerDuty and answers in PagerDuty's place with what our door
    /// answers.
    struct PagerDutyProxy {
        tls: Arc<ServerConfig>,
        address: String,
    }

    impl PagerDutyProxy {
        /// Its port.
        fn start(home: &Path, address: String) -> u16 {
            let proxy = Self { tls: certificate(home), address };
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = listener.local_addr().expect("an address").port();
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    proxy.carry(stream.expect("accepted"));
                }
            });
            port
        }

        fn carry(&self, mut stream: TcpStream) {
            let head = head(&mut stream);
            assert!(head.starts_with("CONNECT events.pagerduty.com:443 "), "{head}");
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("written");
            let connection = ServerConnection::new(Arc::clone(&self.tls)).expect("TLS");
            let mut stream = StreamOwned::new(connection, stream);
            let head = self::head(&mut stream);
            let path = head.split(' ').nth(1).expect("a path").to_owned();
            let length = head
                .lines()
                .filter_map(|it| it.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, it)| it.parse().expect("a number"));
            let mut body = vec![0; length];
            stream.read_exact(&mut body).expect("a body");
            let body = String::from_utf8(body).expect("UTF-8");
            let headers = [("content-type", "application/json")];
            let answer = http("POST", &self.address, &path, &headers, &body).expect("answered");
            let text = format!(
                "HTTP/1.1 {} answer\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{}",
                answer.status,
                answer.body.len(),
                answer.body
            );
            stream.write_all(text.as_bytes()).expect("written");
            stream.conn.send_close_notify();
            stream.flush().expect("written");
        }
    }

    /// The head of a request, byte by byte so that nothing behind it is taken.
    fn head(stream: &mut impl Read) -> String {
        let mut head = vec![];
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).expect("a head");
            head.push(byte[0]);
        }
        String::from_utf8(head).expect("UTF-8")
    }

    /// A certificate that signs itself, made for this run.
    fn certificate(home: &Path) -> Arc<ServerConfig> {
        let (key, cert) = (home.join("key.pem"), home.join("cert.pem"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args(["-nodes", "-days", "2", "-subj", "/CN=events.pagerduty.com"])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&cert)
            .output()
            .expect("openssl is there");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_file(&cert).expect("a certificate")],
                PrivateKeyDer::from_pem_file(&key).expect("a key"),
            );
        Arc::new(config.expect("they fit"))
    }

    /// A port nobody uses at the moment.
    fn free_port() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("an address").port()
    }
}
