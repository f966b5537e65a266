//! Real Prometheus and real Alertmanager on one side, a real mail dialogue on the other.

#![cfg(feature = "servers")]

mod common;
mod imported;

mod needs_server {
    use crate::common::{Process, Server, folder, http, wait_for};
    use channels::fakes::MailServer;
    use std::ffi::OsStr;
    use std::net::TcpListener;
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    /// A service breaks, its counters are scraped by Prometheus, read by us, and a mail arrives. The
    /// short window must fill first, so this takes minutes of real time.
    #[test]
    fn a_broken_service_behind_prometheus_sends_a_mail() {
        let home = folder("real-prometheus");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let mail = runtime.block_on(MailServer::start());
        let base = free_ports_in_a_row();
        let prometheus_port = free_port();
        let lamplighter = env!("CARGO_BIN_EXE_lamplighter");
        let _services =
            start(lamplighter, &["example-services", "--listen-base", &base.to_string()]);
        let config = home.join("prometheus.yml");
        let mut text =
            example("prometheus.yml").replace("scrape_interval: 5s", "scrape_interval: 1s");
        for offset in 0..6 {
            text = text.replace(&format!("127.0.0.1:{}", 9101 + offset), &local(base + offset));
        }
        std::fs::write(&config, text).expect("written");
        std::fs::write(home.join("rules.yml"), example("rules.yml")).expect("written");
        let _prometheus = start(
            program("LAMPLIGHTER_TEST_PROMETHEUS"),
            &[
                &format!("--config.file={}", config.display()),
                &format!("--storage.tsdb.path={}", home.join("tsdb").display()),
                &format!("--web.listen-address={}", local(prometheus_port)),
            ],
        );
        let server = serve(&home, mail.port, prometheus_port);
        // Everything is fine for a while, so that counters exist before they count failures.
        wait_for(Duration::from_mins(1), "Prometheus scrapes the services", || {
            let query = "/api/v1/query?query=http_requests_total";
            let answer = http("GET", &local(prometheus_port), query, &[], "");
            answer.is_ok_and(|it| it.body.contains("payments-api"))
        });
        let broken =
            http("POST", &local(base + 1), "/break", &[], "").expect("the service listens");
        assert_eq!(broken.status, 200, "{}", broken.body);
        wait_for(Duration::from_mins(8), "a mail about the feature arrives", || {
            mail.mails().iter().any(|it| it.text.contains("Take it"))
        });
        let mails = mail.mails();
        let told = &mails.iter().find(|it| it.text.contains("Take it")).expect("seen above").text;
        assert!(told.contains("/a/no_"), "the mail has a link to take the page:\n{told}");
        server.kill();
        let _ = std::fs::remove_dir_all(&home);
    }

    /// An alert goes into a real Alertmanager, out of its webhook, through our door, and a mail
    /// arrives; when it is resolved there, the incident ends here.
    #[test]
    fn an_alert_from_alertmanager_sends_a_mail_and_its_end_ends_the_incident() {
        let home = folder("real-alertmanager");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let mail = runtime.block_on(MailServer::start());
        let server = serve(&home, mail.port, free_port());
        let key = server.door_key_of(&server.first_session("ana"), "test");
        let config = home.join("alertmanager.yml");
        let text = format!(
            "route: {{ receiver: lamplighter, group_wait: 0s, group_interval: 1s }}\n\
             receivers:\n- name: lamplighter\n  webhook_configs:\n  - url: http://{}/api/v1/alertmanager\n    \
             http_config: {{ authorization: {{ credentials: {key} }} }}\n",
            server.address
        );
        std::fs::write(&config, text).expect("written");
        let port = free_port();
        let _alertmanager = start(
            program("LAMPLIGHTER_TEST_ALERTMANAGER"),
            &[
                &format!("--config.file={}", config.display()),
                &format!("--storage.path={}", home.join("am").display()),
                &format!("--web.listen-address={}", local(port)),
                "--cluster.listen-address=",
            ],
        );
        let alert = |ends: &str| {
            let body = format!(
                r#"[{{"labels":{{"alertname":"Dark","service":"payments-api","severity":"critical"}},
                    "annotations":{{"summary":"no lights in Kisumu"}}{ends}}}]"#
            );
            let headers = [("content-type", "application/json")];
            http("POST", &local(port), "/api/v2/alerts", &headers, &body)
                .is_ok_and(|it| it.status == 200)
        };
        wait_for(Duration::from_mins(1), "Alertmanager takes the alert", || alert(""));
        wait_for(Duration::from_mins(1), "a mail about the alert arrives", || {
            mail.mails().iter().any(|it| it.text.contains("no lights in Kisumu"))
        });
        // Over since this moment; without a start Alertmanager takes the end for it.
        let ends = driver::Clock::now(&driver::SystemClock);
        assert!(alert(&format!(r#","endsAt":"{ends}""#)));
        let bearer = format!("Bearer {key}");
        wait_for(Duration::from_mins(1), "the incident ends", || {
            let headers = [("authorization", bearer.as_str())];
            let metrics = http("GET", &server.address, "/metrics", &headers, "");
            metrics
                .is_ok_and(|it| it.body.lines().any(|line| line == "lamplighter_incidents_open 0"))
        });
        server.kill();
        let _ = std::fs::remove_dir_all(&home);
    }

    fn start(program: impl AsRef<OsStr>, arguments: &[&str]) -> Process {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Process { child: command.spawn().expect("the program starts") }
    }

    /// A port nobody uses at the moment.
    fn free_port() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("an address").port()
    }

    fn serve(home: &Path, mail_port: u16, prometheus_port: u16) -> Server {
        let folder = home.join("config");
        std::fs::create_dir_all(&folder).expect("made");
        let text = example("lamplighter.yaml")
            .replace("port: 2525", &format!("port: {mail_port}"))
            .replace("http://127.0.0.1:9090", &format!("http://127.0.0.1:{prometheus_port}"));
        std::fs::write(folder.join("lamplighter.yaml"), text).expect("written");
        Server::start(&folder, &home.join("data"))
    }

    fn example(file: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/solar").join(file);
        std::fs::read_to_string(path).expect("the example is there")
    }

    fn program(variable: &str) -> String {
        std::env::var(variable)
            .unwrap_or_else(|_| panic!("{variable} names a program; `cargo xtask test` sets it"))
    }

    fn local(port: u16) -> String {
        format!("127.0.0.1:{port}")
    }

    /// The first of six ports in a row that nobody uses at the moment.
    fn free_ports_in_a_row() -> u16 {
        let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
        // Another run at the same time looks elsewhere: ports are free only until somebody binds.
        let own = u16::try_from(std::process::id() % 4_000).expect("below 4000") * 8;
        let mut first = (20_000 + own..60_000).step_by(8);
        first.find(|it| (0..6).all(|offset| free(it + offset))).expect("six free ports")
    }
}
