//! Replies by mail, through a real Dovecot, in the clear and under TLS.
//!
//! Dovecot runs as a process of the test, on free ports and in a folder of its own, with a certificate that
//! an authority of the test signed; when it is missing the test fails and says which package it is in.

use crate::world::World;
use model::{Mailbox, Medium, Millis, NoticeId, SecretRef};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use testkit::MONDAY;

/// How many were started, so that each has a folder of its own.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// A running Dovecot with one mailbox; stopped and swept away when dropped.
struct Dovecot {
    child: Child,
    folder: PathBuf,
    port: u16,
    /// Where TLS begins at once.
    tls_port: u16,
}

impl Dovecot {
    fn start() -> Self {
        let program = Path::new("/usr/sbin/dovecot");
        assert!(program.is_file(), "Dovecot is missing: it is in Debian's package dovecot-imapd");
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(format!("lamplighter-dovecot-{process}-{count}"));
        let _ = fs::remove_dir_all(&folder);
        for name in ["run", "mail/new", "mail/cur", "mail/tmp"] {
            fs::create_dir_all(folder.join(name)).expect("a folder");
        }
        certify(&folder, "ca", "server");
        certify(&folder, "other-ca", "nobody");
        let free = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
        let [port, tls_port] = free.map(|it| it.local_addr().expect("its address").port());
        // Everything runs as whoever runs the test; Dovecot refuses to read mail as root, so its own user
        // does that there.
        let who = |argument: &str| {
            let said = Command::new("id").arg(argument).output().expect("id").stdout;
            String::from_utf8(said).expect("UTF-8").trim().to_owned()
        };
        let root = who("-u") == "0";
        let (user, group) = if root {
            ("dovecot".to_owned(), "dovecot".to_owned())
        } else {
            (who("-un"), who("-gn"))
        };
        let at = folder.display();
        let config = format!(
            "base_dir = {at}/run\nstate_dir = {at}/run\nlog_path = {at}/log\nprotocols = imap\nssl = yes\n\
             ssl_cert = <{at}/server.pem\nssl_key = <{at}/server.key\n\
             disable_plaintext_auth = no\nlisten = 127.0.0.1\nfirst_valid_uid = 1\nfirst_valid_gid = 1\n\
             default_internal_user = {user}\ndefault_internal_group = {group}\n\
             default_login_user = {user}\nmail_location = maildir:{at}/mail\n\
             passdb {{\n driver = static\n args = password=secret\n}}\n\
             userdb {{\n driver = static\n args = uid={user} gid={group} home={at}\n}}\n\
             service anvil {{\n chroot =\n}}\nservice stats {{\n chroot =\n}}\n\
             service imap-login {{\n chroot =\n inet_listener imap {{\n port = {port}\n }}\n \
             inet_listener imaps {{\n port = {tls_port}\n ssl = yes\n }}\n}}\n"
        );
        fs::write(folder.join("conf"), config).expect("written");
        if root {
            let mut give = Command::new("chown");
            give.args(["-R", &format!("{user}:{group}")]).arg(&folder);
            assert!(give.status().expect("chown").success());
        }
        let child = Command::new(program)
            .arg("-F")
            .arg("-c")
            .arg(folder.join("conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Dovecot starts");
        let mut server = Self { child, folder, port, tls_port };
        server.wait();
        server
    }

    fn wait(&mut self) {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(30) {
            let over = self.child.try_wait().expect("its state");
            assert!(over.is_none(), "Dovecot ended at once: {}", self.log());
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::yield_now();
        }
        panic!("Dovecot was not ready within half a minute: {}", self.log());
    }

    /// How it is written in the configuration.
    fn mailbox(&self, encryption: &str, authority: Option<&str>, password: &str) -> Mailbox {
        Mailbox {
            host: "127.0.0.1".to_owned(),
            port: if encryption == "tls" { self.tls_port } else { self.port },
            encryption: encryption.to_owned(),
            username: "lamp".to_owned(),
            password: SecretRef::Plain(password.to_owned()),
            folder: "INBOX".to_owned(),
            authority: authority.map(|it| self.folder.join(it).display().to_string()),
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Lays a letter into the mailbox, as a mail server does: written aside, then moved.
    fn deliver(&self, name: &str, letter: &str) {
        let (aside, new) = (self.folder.join("mail/tmp").join(name), self.folder.join("mail/new"));
        fs::write(&aside, letter.replace('\n', "\r\n")).expect("written");
        if let Some(user) =
            fs::metadata(&new).ok().map(|it| std::os::unix::fs::MetadataExt::uid(&it))
        {
            let _ = std::os::unix::fs::chown(&aside, Some(user), None);
        }
        fs::rename(aside, new.join(name)).expect("moved");
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// An authority of its own (`{authority}.pem`), and a certificate for 127.0.0.1 that it signed.
fn certify(folder: &Path, authority: &str, name: &str) {
    let run = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.args(arguments.split_whitespace()).current_dir(folder);
        let done = command.output().expect("openssl: it is in Debian's package openssl");
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "openssl {arguments}: {told}");
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    run(&format!(
        "req -x509 {key} -days 30 -subj /CN=Lamplighter-test-{authority} -keyout {authority}.key \
         -out {authority}.pem -addext basicConstraints=critical,CA:TRUE"
    ));
    run(&format!("req {key} -subj /CN=imap.example -keyout {name}.key -out {name}.csr"));
    fs::write(folder.join("extensions"), "subjectAltName=IP:127.0.0.1,DNS:imap.example\n")
        .expect("written");
    run(&format!(
        "x509 -req -in {name}.csr -CA {authority}.pem -CAkey {authority}.key -CAcreateserial -days 30 \
         -extfile extensions -out {name}.pem"
    ));
}

fn notice_by_mail(world: &World, person: &str) -> NoticeId {
    let state = world.node().shared().handle.state();
    let to = engine::Recipient::Person(person.into());
    let mut all = state.notices.iter().filter(|(_, it)| it.to == to && it.medium == Medium::Email);
    *all.next().expect("was written to").0
}

#[tokio::test]
async fn a_reply_by_mail_takes_the_page_and_mail_that_comes_back_is_known() {
    let dovecot = Dovecot::start();
    let mut world = World::at(MONDAY).await;
    world.catalogue.back.inbox = Some(dovecot.mailbox("none", None, "secret"));
    world.start().await;
    let reader = world.mail_reader();
    assert_eq!(reader.step().await, Ok(0), "{}", dovecot.log());

    let key = world.door_key().await;
    let labels = r#""alertname":"Till","feature":"light-on""#;
    world.prometheus_alert(&key, labels, Millis::from_hours(3)).await;
    world.settle().await;
    world.expect_sms("ana", "the till is stuck");
    world.expect_mail("ana", "the till is stuck");
    let notice = notice_by_mail(&world, "ana");

    // Somebody who was not written to, and an absence: both are read, neither does anything.
    let head = |from: &str, id: &str| {
        format!("From: {from}\nTo: lamp+{notice}@solar.example\nMessage-ID: <{id}>\n")
    };
    dovecot.deliver("1", &format!("{}\nack\n", head("bo@solar.example", "1@x")));
    let away = "Auto-Submitted: auto-replied\n";
    dovecot.deliver("2", &format!("{}{away}\nack\n", head("ana@solar.example", "2@x")));
    assert_eq!(reader.step().await, Ok(2), "{}", dovecot.log());
    assert_eq!(reader.step().await, Ok(0), "what was read is marked as seen");
    let acknowledged = |world: &World| {
        let state = world.node().shared().handle.state();
        state.incidents.values().next().expect("one").acknowledged.clone().map(|(by, _)| by)
    };
    assert_eq!(acknowledged(&world), None);

    let quoted = "On Mon, Lamplighter wrote:\n> [pg_1] the till is stuck\n";
    let reply = format!("{}\nAck, thanks\n\n{quoted}", head("Ana <Ana@solar.example>", "3@x"));
    dovecot.deliver("3", &reply);
    assert_eq!(reader.step().await, Ok(1), "{}", dovecot.log());
    assert_eq!(acknowledged(&world), Some("ana".into()));
    world.settle().await;
    world.expect_mail("ana", "pg_1 is yours: the till is stuck.");
    // The same letter twice, as after a crash before it was marked.
    dovecot.deliver("4", &reply);
    assert_eq!(reader.step().await, Ok(1));
    world.settle().await;
    world.no_more_messages();

    world.catalogue.back.inbox = Some(dovecot.mailbox("none", None, "wrong"));
    world.start().await;
    let refused = world.mail_reader().step().await;
    // Dovecot's static password file knows no other one.
    assert_eq!(refused, Err("the log-in was refused".to_owned()));
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("nobody panicked")).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panicked").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn under_tls_the_page_is_taken_when_the_certificate_is_right_and_nothing_is_read_otherwise() {
    let dovecot = Dovecot::start();
    let mut world = World::at(MONDAY).await;
    let key = world.door_key().await;
    let labels = r#""alertname":"Till","feature":"light-on""#;
    world.prometheus_alert(&key, labels, Millis::from_hours(3)).await;
    world.settle().await;
    let notice = notice_by_mail(&world, "ana");
    let letter = |id: &str, text: &str| {
        format!("From: ana@solar.example\nTo: lamp+{notice}@x\nMessage-ID: <{id}>\n\n{text}\n")
    };
    dovecot.deliver("1", &letter("1@x", "ack"));

    // Somebody between us and the server shows a certificate of their own: another authority, or a name that
    // is not the one that was configured. Nothing is read, and the password stays here.
    for encryption in ["tls", "starttls"] {
        for (authority, host, part) in [
            (Some("other-ca.pem"), "127.0.0.1", "UnknownIssuer"),
            (None, "127.0.0.1", "UnknownIssuer"),
            (Some("ca.pem"), "localhost", "not valid for name"),
            (Some("missing.pem"), "127.0.0.1", "cannot be read"),
        ] {
            let mut mailbox = dovecot.mailbox(encryption, authority, "secret");
            host.clone_into(&mut mailbox.host);
            world.catalogue.back.inbox = Some(mailbox);
            world.start().await;
            let told = world.mail_reader().step().await.expect_err("it must not be trusted");
            assert!(told.contains(part), "{encryption} {authority:?} {host}: {told}");
        }
    }
    assert!(!dovecot.log().contains("Login: user="), "{}", dovecot.log());
    let first = |world: &World| {
        let state = world.node().shared().handle.state();
        state.incidents.values().next().expect("one").acknowledged.clone().map(|(by, _)| by)
    };
    assert_eq!(first(&world), None);

    // The operator hears of it at the first walk.
    world.catalogue.back.inbox = Some(dovecot.mailbox("tls", Some("other-ca.pem"), "secret"));
    world.start().await;
    let log = Log::default();
    let shown = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || shown.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let walking = tokio::spawn(world.mail_reader().run(stopped));
    let begun = Instant::now();
    while !log.text().contains("the inbox cannot be read") {
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing was said: {}", log.text());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.send(true).expect("it walks");
    walking.await.expect("it ends");
    drop(guard);
    let said = log.text();
    for part in ["ERROR", "replies by mail wait", "127.0.0.1 cannot be trusted", "authority"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("secret"), "{said}");

    // Both kinds with the right authority: the first reads what waited.
    for (encryption, id, text) in [("tls", "2@x", "note under TLS"), ("starttls", "3@x", "resolve")]
    {
        world.catalogue.back.inbox = Some(dovecot.mailbox(encryption, Some("ca.pem"), "secret"));
        world.start().await;
        dovecot.deliver(id, &letter(id, text));
        let count = if encryption == "tls" { 2 } else { 1 };
        assert_eq!(world.mail_reader().step().await, Ok(count), "{encryption}: {}", dovecot.log());
    }
    assert_eq!(first(&world), Some("ana".into()));
    let state = world.node().shared().handle.state();
    let it = state.incidents.values().next().expect("one");
    assert_eq!(it.notes[0].text.text(), Some("under TLS"));
    assert!(!it.is_open());
}
