//! A page by text message and its answer, through a real Kannel on both ways: our page goes out by smsbox's
//! `sendsms`, a telephone of the fake centre shows it, and what is typed there comes back by smsbox's
//! `get-url`.
//!
//! Everything runs as processes of the test, in a folder and on ports of its own.

use crate::world::World;
use model::{Channel, Medium, Millis, PageId, PersonId, ReplyWay, SecretRef};
use paging::PageStatus;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use testkit::MONDAY;

/// A program that is stopped when the test is over.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

struct Kannel {
    // In this order: whoever connects goes before whom it is connected to.
    telephone: Option<Program>,
    smsbox: Option<Program>,
    bearerbox: Option<Program>,
    folder: PathBuf,
    centre: u16,
    sendsms: u16,
}

impl Kannel {
    /// With `get_url` as its service of what telephones send.
    async fn start(get_url: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("lamplighter-kannel-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let free = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
        let [admin, boxes, centre, sendsms] =
            free.map(|it| it.local_addr().expect("its address").port());
        let at = folder.display();
        let text = format!(
            "group = core\nadmin-port = {admin}\nadmin-password = x\nadmin-interface = 127.0.0.1\n\
             smsbox-port = {boxes}\nsmsbox-interface = 127.0.0.1\nlog-file = \"{at}/bearerbox.log\"\n\
             dlr-storage = internal\n\n\
             group = smsc\nsmsc = fake\nsmsc-id = one\nhost = 127.0.0.1\nport = {centre}\n\
             connect-allow-ip = 127.0.0.1\n\n\
             group = smsbox\nbearerbox-host = 127.0.0.1\nsendsms-port = {sendsms}\n\
             sendsms-interface = 127.0.0.1\nlog-file = \"{at}/smsbox.log\"\n\n\
             group = sendsms-user\nusername = lamp\npassword = sesame\nmax-messages = 3\n\n\
             group = sms-service\nkeyword = default\ncatch-all = true\nomit-empty = true\n\
             max-messages = 1\nget-url = \"{get_url}\"\n"
        );
        fs::write(folder.join("conf"), text).expect("written");
        let mut it =
            Self { telephone: None, smsbox: None, bearerbox: None, folder, centre, sendsms };
        let file = it.folder.join("conf").display().to_string();
        it.bearerbox = Some(it.run("/usr/sbin/bearerbox", &[&file], "bearerbox"));
        it.listens(boxes, "bearerbox").await;
        it.listens(centre, "bearerbox").await;
        it.smsbox = Some(it.run("/usr/sbin/smsbox", &[&file], "smsbox"));
        it.listens(sendsms, "smsbox").await;
        it
    }

    fn run(&self, program: &str, arguments: &[&str], output: &str) -> Program {
        let output = File::create(self.folder.join(output)).expect("a file");
        let errors = output.try_clone().expect("the same file");
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(output).stderr(errors);
        let packages = "they are in Debian's packages kannel and kannel-extras";
        Program(command.spawn().unwrap_or_else(|it| panic!("{program}: {it}; {packages}")))
    }

    /// Somebody takes a telephone into their hand and types a message. The one before is put away.
    fn telephone(&mut self, message: &str, output: &str) {
        self.telephone = None;
        let centre = self.centre.to_string();
        let arguments = ["-r", &centre, "-m", "1", message];
        self.telephone = Some(self.run("/usr/lib/kannel/test/fakesmsc", &arguments, output));
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }

    async fn listens(&self, port: u16, program: &str) {
        let open = || TcpStream::connect(("127.0.0.1", port)).is_ok();
        until(open, || format!("{program} does not listen: {}", self.read(program))).await;
    }

    async fn shows(&self, output: &str, part: &str) {
        let told =
            || format!("{part} is not in {}; {}", self.read(output), self.read("smsbox.log"));
        until(|| self.read(output).contains(part), told).await;
    }
}

impl Drop for Kannel {
    fn drop(&mut self) {
        drop(self.telephone.take());
        drop(self.smsbox.take());
        drop(self.bearerbox.take());
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Waits for something; at most half a minute.
async fn until(mut there: impl FnMut() -> bool, told: impl Fn() -> String) {
    let begun = Instant::now();
    while !there() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", told());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_is_typed_into_a_telephone_takes_the_page_and_is_answered_there() {
    let mut world = World::at(MONDAY).await;
    let contacts = &world.catalogue.people[&PersonId::from("ana")].contacts;
    let number = contacts.iter().find(|it| it.medium == Medium::Sms);
    let number = number.and_then(|it| it.address.text()).expect("a telephone").to_owned();
    let bare = number.trim_start_matches('+').to_owned();
    let way = ReplyWay {
        secret: Some(SecretRef::Plain("back".to_owned())),
        former_secret: None,
        from: "from".to_owned(),
        text: "text".to_owned(),
        id: "id".to_owned(),
    };
    world.catalogue.channels.remove(&"text".into());
    let channel = |sendsms: u16| Channel::Kannel {
        url: format!("http://127.0.0.1:{sendsms}/cgi-bin/sendsms"),
        username: "lamp".into(),
        password: SecretRef::Plain("sesame".into()),
        from: Some("5050".into()),
        smsc: Some("one".into()),
    };
    world.catalogue.back.replies = [("kannel".into(), way)].into();
    world.catalogue.channels.insert("kannel".into(), channel(1));
    world.start().await;
    let ours = format!("http://127.0.0.1:{}/hooks/kannel/kannel", world.listen().await);
    let mut kannel = Kannel::start(&format!("{ours}?token=back&from=%p&text=%a&id=%I")).await;
    // Only now its port is known; the driver and the router stay.
    world.catalogue.channels.insert("kannel".into(), channel(kannel.sendsms));
    world.node().adopt(world.catalogue.clone()).await.expect("accepted");

    // Somebody whom nobody knows: no answer, and the way stands.
    kannel.telephone("+19995550000 5050 text who", "stranger");
    kannel.shows("stranger", "sent message 1").await;

    let key = world.door_key().await;
    let labels = r#""alertname":"Till","feature":"light-on""#;
    world.prometheus_alert(&key, labels, Millis::from_hours(3)).await;
    world.settle().await;
    let page = format!("<5050 {number} text pg_1 (reply 1 1): the till is stuck");
    kannel.shows("stranger", &page).await;

    // Without the plus, as many networks write it.
    kannel.telephone(&format!("{bare} 5050 text Ack 1 thanks"), "ana");
    kannel.shows("ana", "pg_1 is yours: the till is stuck. RESOLVE 1 ends it").await;
    let state = world.node().shared().handle.state();
    let status = state.pages[&PageId(1)].status.clone();
    let PageStatus::Acknowledged { by, via, .. } = status else { panic!("{status:?}") };
    assert_eq!((by.as_str(), via.as_str()), ("ana", "sms"));
    assert!(!kannel.read("stranger").contains("rota"), "a stranger was answered");
}
