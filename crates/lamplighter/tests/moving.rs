//! Moving here as a new user would: a real Alertmanager first speaks to a stand-in for Opsgenie and
//! PagerDuty, then one address in its configuration is changed and it is told to read it again. And
//! the client that PagerDuty publishes for Python drives our Events door, told nothing but our address.

#![cfg(feature = "servers")]

mod common;

mod needs_server {
    use crate::common::{Process, Server, folder, http, wait_for};
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{ServerConfig, ServerConnection, StreamOwned};
    use std::io::{Read, Write as _};
    use std::net::TcpListener;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_mins(2);

    /// The release of the client that is driven.
    const CLIENT: &str = "pagerduty==7.2.0";

    /// One alert arrives at the stand-in, `api_url` and `url` are changed, and the next one arrives
    /// here; nothing else in the file is touched.
    #[test]
    fn a_running_alertmanager_is_moved_by_changing_two_addresses() {
        let home = folder("moving");
        let server = serve(&home);
        let cookie = server.first_session("ana");
        let opsgenie = server.door_key_of(&cookie, "service:sales-api");
        let pagerduty = server.door_key_of(&cookie, "service:payments-api");
        let (theirs, heard) = stand_in();
        let config = home.join("alertmanager.yml");
        let write = |address: &str| {
            let text = receivers(address, &opsgenie, &pagerduty);
            std::fs::write(&config, &text).expect("written");
            text
        };
        let before = write(&theirs);
        let address = format!("127.0.0.1:{}", free_port());
        let _alertmanager = alertmanager(&home, &config, &address);
        wait_for(PATIENCE, "Alertmanager takes the first alert", || post(&address, "Before"));
        wait_for(PATIENCE, "the stand-in hears of it twice", || {
            let heard = heard.lock().expect("not poisoned");
            ["POST /v2/alerts ", "POST /v2/enqueue "].iter().all(|it| {
                heard.iter().any(|request| request.starts_with(it) && request.contains("Before"))
            })
        });
        assert_eq!(firing(&server, &cookie), 0, "nothing has arrived here yet");
        let after = write(&server.address);
        assert_eq!(before.replace(&theirs, &server.address), after, "only the addresses differ");
        let reloaded = http("POST", &address, "/-/reload", &[], "").expect("answered");
        assert_eq!(reloaded.status, 200, "{}", reloaded.body);
        let heard_before = heard.lock().expect("not poisoned").len();
        wait_for(PATIENCE, "Alertmanager takes the second alert", || post(&address, "After"));
        // Grouped by name: the first alert's group is told here as well, as its receiver moved.
        wait_for(PATIENCE, "both alerts fire here at two doors", || firing(&server, &cookie) >= 2);
        let all = read(&server, &cookie, "/api/v2/alerts").to_string();
        assert!(all.contains("opsgenie: After") && all.contains("pagerduty: After"), "{all}");
        let heard_after = heard.lock().expect("not poisoned").len();
        assert_eq!(heard_before, heard_after, "the stand-in hears no more");
        server.kill();
        let _ = std::fs::remove_dir_all(&home);
    }

    /// Trigger, acknowledge, resolve and a change event by PagerDuty's own client, of which only the
    /// address is changed.
    #[test]
    fn the_client_of_pagerduty_drives_our_doors() {
        let home = folder("pagerduty-client");
        let server = serve(&home);
        let cookie = server.first_session("ana");
        let key = server.door_key_of(&cookie, "service:payments-api");
        let (port, certificate) = tls_front(&home, server.address.clone());
        let front = format!("127.0.0.1:{port}");
        let python = environment(&home);
        let script = home.join("drive.py");
        std::fs::write(&script, DRIVE).expect("written");
        let run = |step: &str| {
            let done = Command::new(&python)
                .arg(&script)
                .args([front.as_str(), key.as_str(), step])
                .env("SSL_CERT_FILE", &certificate)
                .env("NO_PROXY", "127.0.0.1")
                .output()
                .expect("python runs");
            let (said, wrong) =
                (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
            assert!(done.status.success(), "{step}: {said}\n{wrong}");
            said.trim().to_owned()
        };
        let dedup_key = run("trigger");
        assert_eq!(dedup_key, "srv01/disk");
        assert_eq!(firing(&server, &cookie), 1);
        let alerts = read(&server, &cookie, "/api/v2/alerts");
        assert_eq!(alerts[0]["annotations"]["summary"], "disk full on srv01");
        run("acknowledge");
        run("change");
        let changes = read(&server, &cookie, "/api/v1/changes");
        assert_eq!(changes["changes"][0]["summary"], "payments-api 1.4 is out");
        assert_eq!(changes["changes"][0]["service"], "payments-api");
        run("resolve");
        assert_eq!(firing(&server, &cookie), 0);
        server.kill();
        let _ = std::fs::remove_dir_all(&home);
    }

    const DRIVE: &str = r#"
import sys
import pagerduty

address, key, step = sys.argv[1:]
events = pagerduty.EventsApiV2Client(key, base_url=f"https://{address}")
if step == "trigger":
    print(events.trigger("disk full on srv01", "srv01", dedup_key="srv01/disk", severity="critical",
                         custom_details={"device": "sda1"}, links=[{"href": "http://wiki/disk", "text": "runbook"}]))
elif step == "acknowledge":
    print(events.acknowledge("srv01/disk"))
elif step == "resolve":
    print(events.resolve("srv01/disk"))
elif step == "change":
    print(events.submit("payments-api 1.4 is out", source="ci", custom_details={"build": "17"},
                        links=[{"href": "http://ci/17", "text": "build"}],
                        # This release of the client cannot make its own.
                        timestamp="2026-11-21T03:00:00+00:00"))
"#;

    /// The client speaks TLS only, as one does to a server behind a reverse proxy; this is the proxy.
    /// Gives its port and the certificate to trust.
    fn tls_front(home: &Path, address: String) -> (u16, PathBuf) {
        let (key, cert) = (home.join("key.pem"), home.join("cert.pem"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args(["-nodes", "-days", "2", "-subj", "/CN=lamplighter"])
            .args(["-addext", "subjectAltName=IP:127.0.0.1"])
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
        let config = Arc::new(config.expect("they fit"));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).expect("TLS");
                let mut stream = StreamOwned::new(connection, stream.expect("accepted"));
                let (head, body) = request(&mut stream);
                let mut words = head.split(' ');
                let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
                let headers = [("content-type", "application/json")];
                let answer = http(method, &address, path, &headers, &body).expect("answered");
                let text = format!(
                    "HTTP/1.1 {} answer\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{}",
                    answer.status,
                    answer.body.len(),
                    answer.body
                );
                let _ = stream.write_all(text.as_bytes());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        });
        (port, cert)
    }

    /// One request: its head, byte by byte so that nothing behind it is taken, and its body.
    fn request(stream: &mut impl Read) -> (String, String) {
        let mut head = vec![];
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let length = head
            .lines()
            .filter_map(|it| it.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, it)| it.trim().parse().unwrap_or(0));
        let mut body = vec![0; length];
        let _ = stream.read_exact(&mut body);
        (head, String::from_utf8_lossy(&body).into_owned())
    }

    /// A Python environment of this test with the client in it; gives its interpreter.
    fn environment(home: &Path) -> PathBuf {
        let folder = home.join("venv");
        let run = |command: &mut Command| {
            let done = command.output().expect("python3 is there");
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        };
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        let python = folder.join("bin/python");
        run(Command::new(&python).args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            CLIENT,
        ]));
        python
    }

    fn receivers(address: &str, opsgenie: &str, pagerduty: &str) -> String {
        format!(
            r"
route: {{ receiver: everything, group_by: [alertname], group_wait: 0s, group_interval: 1s }}
receivers:
- name: everything
  opsgenie_configs:
  - api_key: {opsgenie}
    api_url: http://{address}/
    message: 'opsgenie: {{{{ .CommonLabels.alertname }}}}'
    priority: P1
  pagerduty_configs:
  - routing_key: {pagerduty}
    url: http://{address}/v2/enqueue
    severity: critical
    description: 'pagerduty: {{{{ .CommonLabels.alertname }}}}'
"
        )
    }

    /// Answers as Opsgenie and PagerDuty document it, and keeps what it heard.
    fn stand_in() -> (String, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let keep = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("accepted");
                let (head, body) = request(&mut stream);
                let answer = if head.starts_with("POST /v2/enqueue ") {
                    r#"{"status":"success","message":"Event processed","dedup_key":"a"}"#
                } else {
                    r#"{"result":"Request will be processed","took":0.1,"requestId":"r"}"#
                };
                keep.lock().expect("not poisoned").push(format!("{head}{body}"));
                let _ = write!(
                    stream,
                    "HTTP/1.1 202 Accepted\r\nconnection: close\r\ncontent-type: application/json\r\n\
                     content-length: {}\r\n\r\n{answer}",
                    answer.len()
                );
            }
        });
        (address, heard)
    }

    fn post(alertmanager: &str, name: &str) -> bool {
        let body = format!(r#"[{{"labels":{{"alertname":"{name}","severity":"critical"}}}}]"#);
        let headers = [("content-type", "application/json")];
        http("POST", alertmanager, "/api/v2/alerts", &headers, &body)
            .is_ok_and(|it| it.status == 200)
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

    fn serve(home: &Path) -> Server {
        let folder = home.join("config");
        std::fs::create_dir_all(&folder).expect("made");
        let example =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/solar/lamplighter.yaml");
        std::fs::copy(example, folder.join("lamplighter.yaml")).expect("the example is there");
        Server::start(&folder, &home.join("data"))
    }

    fn read(server: &Server, cookie: &str, path: &str) -> serde_json::Value {
        let answer =
            http("GET", &server.address, path, &[("cookie", cookie)], "").expect("answered");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).expect("JSON")
    }

    fn firing(server: &Server, cookie: &str) -> u64 {
        read(server, cookie, "/api/v1/status")["alerts_firing"].as_u64().expect("a number")
    }

    fn free_port() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("an address").port()
    }
}
