//! Text messages through Kannel, with its fake centre: what it takes, refuses, reports back, and what a
//! telephone answers.

use super::{Folder, Server, free_ports, letter, listens, reached_at, send, until};
use channels::fakes::HttpProvider;
use channels::{Message, Outcome};
use model::{Channel, Medium, SecretRef};

struct Kannel {
    // In this order: whoever connects goes before whom it is connected to.
    _telephone: Server,
    _smsbox: Server,
    _bearerbox: Server,
    folder: Folder,
    sendsms: u16,
    /// Hears what Kannel reports, and what telephones send.
    ours: HttpProvider,
}

impl Kannel {
    async fn start() -> Self {
        let folder = Folder::new("kannel");
        let ours = HttpProvider::start(200, "").await;
        let [admin, boxes, centre, sendsms] = free_ports();
        let text = CONFIGURATION
            .replace("FOLDER", &folder.0.display().to_string())
            .replace("ADMIN", &admin.to_string())
            .replace("BOXES", &boxes.to_string())
            .replace("CENTRE", &centre.to_string())
            .replace("SENDSMS", &sendsms.to_string())
            .replace("OURS", &ours.url);
        let file = folder.write("kannel.conf", &text);
        let start = |program: &str, arguments: &[&str], output: &str| {
            Server::start(program, arguments, &folder.0.join(output))
        };
        let bearerbox = start("/usr/sbin/bearerbox", &[&file], "bearerbox");
        listens(boxes, || folder.read("bearerbox")).await;
        listens(centre, || folder.read("bearerbox")).await;
        let smsbox = start("/usr/sbin/smsbox", &[&file], "smsbox");
        listens(sendsms, || folder.read("smsbox")).await;
        let telephone = start(
            "/usr/lib/kannel/test/fakesmsc",
            &["-r", &centre.to_string(), "-m", "1", "+254700000001 5050 text ack pg_1"],
            "telephone",
        );
        until("the telephone", || {
            folder.read("telephone").contains("sent message 1").then_some(())
        })
        .await;
        Self {
            _telephone: telephone,
            _smsbox: smsbox,
            _bearerbox: bearerbox,
            folder,
            sendsms,
            ours,
        }
    }

    fn channel(&self, password: &str) -> Channel {
        Channel::Kannel {
            url: format!("http://127.0.0.1:{}/cgi-bin/sendsms", self.sendsms),
            username: "lamp".into(),
            password: SecretRef::Plain(password.into()),
            from: Some("5050".into()),
            smsc: Some("one".into()),
        }
    }

    async fn heard(&self, part: &str) -> String {
        let look = || self.ours.received().into_iter().find(|it| it.line.contains(part));
        until(&format!("{part} from Kannel"), look).await.line
    }

    async fn telephone_shows(&self, part: &str) {
        let look = || self.folder.read("telephone").contains(part).then_some(());
        until(&format!("{part} on the telephone"), look).await;
    }
}

const CONFIGURATION: &str = r#"
group = core
admin-port = ADMIN
admin-password = secret
admin-interface = 127.0.0.1
smsbox-port = BOXES
smsbox-interface = 127.0.0.1
log-file = "FOLDER/bearerbox.log"
dlr-storage = internal

group = smsc
smsc = fake
smsc-id = one
host = 127.0.0.1
port = CENTRE
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = SENDSMS
sendsms-interface = 127.0.0.1
log-file = "FOLDER/smsbox.log"

group = sendsms-user
username = lamp
password = sesame
max-messages = 3
concatenation = true

group = sms-service
keyword = default
get-url = "OURS/answer?from=%p&text=%a"
max-messages = 0
"#;

#[tokio::test]
async fn a_text_message_reaches_the_telephone_is_reported_and_answered() {
    let kannel = Kannel::start().await;
    let answer = kannel.heard("/answer").await;
    assert_eq!(answer, "GET /answer?from=%2B254700000001&text=ack+pg_1");

    let message = Message {
        callbacks: Some(reached_at(&kannel.ours.url, "no_7")),
        ..letter("no_7", "+254700000001")
    };
    let channel = kannel.channel("sesame");
    let taken = Outcome::Sent { provider_id: String::new() };
    assert_eq!(send(&channel, Medium::Sms, &message).await, taken);
    let shown = "<5050 +254700000001 text pg_1: \"Größe\" - 5% fail, cost € 3 {x} \
                 https://lamp.example/a/no_7/AAAAAAAAAAAAAAAA>";
    kannel.telephone_shows(shown).await;
    let report = kannel.heard("/callbacks").await;
    assert_eq!(report, "GET /callbacks/way/kannel/no_7/c0de?status=1");

    // Another script goes in the other alphabet, which the centre gets as it is.
    let cyrillic =
        Message { short: "свет погас".into(), ..letter("no_8", "+254700000001") };
    assert_eq!(send(&channel, Medium::Sms, &cyrillic).await, taken);
    kannel.telephone_shows("<5050 +254700000001 ucs-2 %04A%042%045%04B").await;

    let wrong = kannel.channel("simsim");
    let told = "the provider answered 403 Authorization failed for sendsms".to_owned();
    let outcome = send(&wrong, Medium::Sms, &letter("no_9", "+254700000001")).await;
    assert_eq!(outcome, Outcome::Permanent { detail: told });
}
