//! Replies by mail, through a real Dovecot.
//!
//! Dovecot runs as a process of the test, on a free port and in a folder of its own; when it is missing
//! the test fails and says which package it is in.

use crate::world::World;
use model::{Mailbox, Medium, Millis, NoticeId, SecretRef};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use testkit::MONDAY;

/// A running Dovecot with one mailbox; stopped and swept away when dropped.
struct Dovecot {
    child: Child,
    folder: PathBuf,
    port: u16,
}

impl Dovecot {
    fn start() -> Self {
        let program = Path::new("/usr/sbin/dovecot");
        assert!(program.is_file(), "Dovecot is missing: it is in Debian's package dovecot-imapd");
        let folder =
            std::env::temp_dir().join(format!("lamplighter-dovecot-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        for name in ["run", "mail/new", "mail/cur", "mail/tmp"] {
            fs::create_dir_all(folder.join(name)).expect("a folder");
        }
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("its address").port();
        drop(free);
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
            "base_dir = {at}/run\nstate_dir = {at}/run\nlog_path = {at}/log\nprotocols = imap\nssl = no\n\
             disable_plaintext_auth = no\nlisten = 127.0.0.1\nfirst_valid_uid = 1\nfirst_valid_gid = 1\n\
             default_internal_user = {user}\ndefault_internal_group = {group}\n\
             default_login_user = {user}\nmail_location = maildir:{at}/mail\n\
             passdb {{\n driver = static\n args = password=secret\n}}\n\
             userdb {{\n driver = static\n args = uid={user} gid={group} home={at}\n}}\n\
             service anvil {{\n chroot =\n}}\nservice stats {{\n chroot =\n}}\n\
             service imap-login {{\n chroot =\n inet_listener imap {{\n port = {port}\n }}\n \
             inet_listener imaps {{\n port = 0\n }}\n}}\n"
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
        let mut server = Self { child, folder, port };
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
    let mailbox = |password: &str| Mailbox {
        host: "127.0.0.1".to_owned(),
        port: dovecot.port,
        encryption: "none".to_owned(),
        username: "lamp".to_owned(),
        password: SecretRef::Plain(password.to_owned()),
        folder: "INBOX".to_owned(),
        authority: None,
    };
    world.catalogue.back.inbox = Some(mailbox("secret"));
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

    world.catalogue.back.inbox = Some(mailbox("wrong"));
    world.start().await;
    let refused = world.mail_reader().step().await;
    // Dovecot's static password file knows no other one.
    assert_eq!(refused, Err("the log-in was refused".to_owned()));
}
