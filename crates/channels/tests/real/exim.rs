//! Mail through Exim: TLS of both kinds, a password, delivery reports, bounces, refusals.

use super::{Folder, Server, free_ports, letter, listens, send, until};
use channels::Outcome;
use model::{Channel, Medium, SecretRef};
use std::process::{Command, Stdio};

struct Exim {
    // In this order: the server goes before its folder.
    _server: Server,
    folder: Folder,
    port: u16,
    tls_port: u16,
}

impl Exim {
    async fn start(name: &str) -> Self {
        let folder = Folder::new(name);
        let [port, tls_port] = free_ports();
        certificate(&folder);
        for it in ["spool", "mail"] {
            std::fs::create_dir(folder.0.join(it)).expect("made");
        }
        let root = is_root();
        let user = if root { "user = Debian-exim\n  group = Debian-exim" } else { "" };
        let text = CONFIGURATION
            .replace("FOLDER", &folder.0.display().to_string())
            .replace("TLSPORT", &tls_port.to_string())
            .replace("PORT", &port.to_string())
            .replace("OWNER", user);
        let file = folder.write("exim.conf", &text);
        if root {
            // Exim delivers as its own user, and reads only what is root's.
            run("chown", &["-R", "Debian-exim", &folder.0.display().to_string()]);
            run("chown", &["root", &file]);
        }
        let output = folder.0.join("output");
        let server = Server::start("/usr/sbin/exim4", &["-C", &file, "-bdf"], &output);
        listens(tls_port, || folder.read("output") + &folder.read("main.log")).await;
        Self { _server: server, folder, port, tls_port }
    }

    fn channel(&self, encryption: &str, password: Option<&str>) -> Channel {
        Channel::Smtp {
            host: "localhost".into(),
            port: if encryption == "tls" { self.tls_port } else { self.port },
            from: "lamplighter@solar.example".into(),
            encryption: encryption.into(),
            username: password.map(|_| "lamp".into()),
            password: password.map(|it| SecretRef::Plain(it.into())),
            inbox: Some("pager@solar.example".into()),
            authority: Some(self.folder.file("cert.pem")),
        }
    }

    /// A letter to `name` that has `part` in it. All mailboxes are one file.
    async fn mailbox(&self, name: &str, part: &str) -> String {
        let to = format!("Envelope-to: {name}@solar.example\n");
        let look = || {
            let all = self.folder.read("mail/all");
            let found = all.split("\nFrom ").find(|it| it.contains(&to) && it.contains(part));
            found.map(str::to_owned)
        };
        until(&format!("{part} in the mailbox {name}"), look).await
    }
}

const CONFIGURATION: &str = r"
exim_path = /usr/sbin/exim4
primary_hostname = mail.solar.example
spool_directory = FOLDER/spool
log_file_path = FOLDER/%s.log
pid_file_path = FOLDER/exim.pid
daemon_smtp_ports = PORT : TLSPORT
tls_on_connect_ports = TLSPORT
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = FOLDER/cert.pem
tls_privatekey = FOLDER/key.pem
dsn_advertise_hosts = *
qualify_domain = solar.example
keep_environment =
acl_smtp_rcpt = acl_rcpt
begin acl
acl_rcpt:
  deny local_parts = unknown
    message = no such user here
  defer local_parts = grey
    message = come again later
  accept
begin routers
full:
  driver = redirect
  local_parts = full
  allow_fail
  data = :fail: the mailbox is full
everybody:
  driver = accept
  transport = folder
begin transports
folder:
  driver = appendfile
  file = FOLDER/mail/all
  envelope_to_add = true
  OWNER
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_advertise_condition = ${if def:tls_in_cipher}
  server_condition = ${if and{{eq{$auth2}{lamp}}{eq{$auth3}{sesame}}}}
";

#[tokio::test]
async fn a_page_arrives_by_either_kind_of_tls_and_delivery_is_reported() {
    let exim = Exim::start("exim-tls").await;
    for (number, encryption) in ["starttls", "tls"].into_iter().enumerate() {
        let key = format!("no_{}", number + 10);
        let channel = exim.channel(encryption, Some("sesame"));
        let outcome = send(&channel, Medium::Email, &letter(&key, "ana@solar.example")).await;
        let Outcome::Sent { provider_id } = &outcome else { panic!("{encryption}: {outcome:?}") };
        assert!(provider_id.contains("OK id="), "{provider_id}");
        let mail = exim.mailbox("ana", &format!("Message-ID: <{key}@solar.example>")).await;
        assert!(mail.contains(&format!("Reply-To: pager+{key}@solar.example")), "{mail}");
        assert!(mail.contains("\n.\nA line that begins with a dot."), "{mail}");
        // Delivery is reported to an address that names the notice, and names it once more inside.
        let report = exim.mailbox(&format!("pager+{key}"), "Action: delivered").await;
        assert!(report.contains(&format!("Original-Envelope-ID: {key}")), "{report}");
    }
    let log = exim.folder.read("main.log");
    assert_eq!(log.matches("X=TLS").count(), 2, "both were encrypted: {log}");
    assert_eq!(log.matches("A=plain ").count(), 2, "both logged in: {log}");
}

#[tokio::test]
async fn what_bounces_later_comes_back_under_the_key_of_the_notice() {
    let exim = Exim::start("exim-bounce").await;
    let channel = exim.channel("starttls", None);
    let outcome = send(&channel, Medium::Email, &letter("no_20", "full@solar.example")).await;
    assert!(matches!(outcome, Outcome::Sent { .. }), "{outcome:?}");
    let report = exim.mailbox("pager+no_20", "Action: failed").await;
    assert!(report.contains("Original-Envelope-ID: no_20"), "{report}");
    assert!(report.contains("the mailbox is full"), "{report}");
    assert!(report.contains("Message-ID: <no_20@solar.example>"), "its head comes back: {report}");
}

#[tokio::test]
async fn a_refusal_is_never_or_later_and_a_stranger_gets_no_letter() {
    let exim = Exim::start("exim-refusal").await;
    let channel = exim.channel("starttls", None);
    let outcome = send(&channel, Medium::Email, &letter("no_30", "unknown@solar.example")).await;
    let told = "the mail server: no such user here".to_owned();
    assert_eq!(outcome, Outcome::Permanent { detail: told });
    let outcome = send(&channel, Medium::Email, &letter("no_31", "grey@solar.example")).await;
    let told = "the mail server: come again later".to_owned();
    assert_eq!(outcome, Outcome::Transient { detail: told });
    let wrong = exim.channel("tls", Some("simsim"));
    let outcome = send(&wrong, Medium::Email, &letter("no_32", "ana@solar.example")).await;
    assert!(
        matches!(&outcome, Outcome::Permanent { detail } if !detail.contains("simsim")),
        "{outcome:?}"
    );
    // A certificate that nobody vouches for: nothing is said over that line.
    let mut stranger = exim.channel("starttls", Some("sesame"));
    let Channel::Smtp { authority, .. } = &mut stranger else { unreachable!("it is mail") };
    *authority = None;
    let outcome = send(&stranger, Medium::Email, &letter("no_33", "ana@solar.example")).await;
    assert!(matches!(outcome, Outcome::Transient { .. }), "{outcome:?}");
    assert!(!exim.folder.0.join("mail/all").exists(), "nobody got anything");
}

fn certificate(folder: &Folder) {
    let (key, certificate) = (folder.file("key.pem"), folder.file("cert.pem"));
    let fixed = "req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=localhost \
                 -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE";
    let mut arguments: Vec<&str> = fixed.split_whitespace().collect();
    arguments.extend(["-keyout", &key, "-out", &certificate]);
    run("openssl", &arguments);
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id starts");
    output.stdout.starts_with(b"0")
}

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap_or_else(|it| panic!("{program}: {it}"));
    assert!(status.success(), "{program} {arguments:?}: {status}");
}
