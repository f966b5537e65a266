//! A small world around the product: services that can be broken, telephones and mailboxes that can be
//! looked at, a clock that is moved by hand.
//!
//! Everything between is real: services are scraped over HTTP, SMS go to an HTTP gateway, mails
//! through an SMTP dialogue, links and doors through the router. Only time is ours, and so every story
//! runs as fast as the machine allows and the same every time.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Request, StatusCode};
use axum::routing::get;
use channels::fakes::{HttpProvider, MailServer};
use driver::{Clock, ManualClock};
use engine::{Command, Role, Submission, TokenKind};
use http_body_util::BodyExt as _;
use model::{
    Catalogue, Channel, Medium, Millis, PersonId, SecretRef, Source, SourceKind, Timestamp,
};
use server::{Asker, Closer, Measurer, Node, NodeOptions, Outbox, Storage, Town};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use store::{Journal as _, MemoryJournal, MemorySamples};
use tower::ServiceExt as _;

/// How far the clock is moved at a time: the interval of the scrapes.
const STEP: Millis = Millis::from_secs(15);

const URL: &str = "http://lamp.example";

pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) catalogue: Catalogue,
    pub(crate) town: Arc<Town>,
    /// Takes text messages.
    pub(crate) gateway: HttpProvider,
    /// Takes mails.
    pub(crate) mail: MailServer,
    journal: MemoryJournal,
    samples: MemorySamples,
    running: Option<Running>,
    away: Arc<AtomicBool>,
    seen: Mutex<BTreeMap<(String, Medium), usize>>,
}

struct Running {
    node: Node,
    measurer: Measurer,
    outbox: Outbox,
    closer: Closer,
    asker: Asker,
    router: Router,
    #[cfg_attr(
        not(feature = "servers"),
        expect(dead_code, reason = "only the mailbox of a real server is read with it")
    )]
    context: web::Context,
}

/// A message as its reader sees it.
#[derive(Debug, Clone)]
pub(crate) struct Text(pub(crate) String);

impl World {
    /// The solar organisation at `now`, in which nothing has happened.
    pub(crate) async fn at(now: Timestamp) -> Self {
        let clock = Arc::new(ManualClock::new(now));
        let town = Arc::new(Town::new(1, now));
        let gateway = HttpProvider::start(200, "ok").await;
        let mail = MailServer::start().await;
        let away = Arc::new(AtomicBool::new(false));
        let services = services(&town, &clock, &away).await;
        let catalogue = solar(&services, &gateway.url, mail.port);
        let mut world = Self {
            clock,
            catalogue,
            town,
            gateway,
            mail,
            journal: MemoryJournal::new("solar"),
            samples: MemorySamples::default(),
            running: None,
            away,
            seen: Mutex::default(),
        };
        world.start().await;
        world
    }

    /// Starts the product, as after a crash when it ran before.
    pub(crate) async fn start(&mut self) {
        drop(self.running.take());
        let storage = Storage {
            journal: Box::new(self.journal.clone()),
            samples: Box::new(self.samples.clone()),
        };
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let (org, owner) = ("solar".into(), "the story".to_owned());
        let options = NodeOptions { org, storage, owner, clock: Arc::clone(&clock), speed: 1 };
        let node = Node::open(options).expect("the journal opens");
        node.adopt(self.catalogue.clone()).await.expect("the catalogue is accepted");
        let context = web::Context {
            trials: Arc::new(web::Trials::new(web::Trial::new(|_, _, _, _| {
                Err("nothing is tried here".to_owned())
            }))),
            handle: node.shared().handle.clone(),
            board: Arc::clone(&node.shared().board),
            clock,
            zones: Arc::new(oncall::Zones::bundled()),
            mode: web::Mode::Serve,
            looks: Arc::default(),
            hooks: Arc::new(web::Hooks::new(channels::secrets::resolve)),
            link_key: node.links_key(),
            public_url: URL.to_owned(),
            reload: Arc::new(|| Box::pin(async { Ok(String::new()) })),
            metrics: node.metrics_text(),
            ready: Arc::new(|| Ok(())),
        };
        let (measurer, outbox) = (node.measurer(), node.outbox(URL, None));
        let (router, closer) = (web::router(context.clone()), node.closer(URL));
        let asker = node.asker();
        self.running = Some(Running { node, measurer, outbox, closer, asker, router, context });
        self.settle().await;
    }

    pub(crate) fn node(&self) -> &Node {
        &self.running.as_ref().expect("it runs").node
    }

    /// What reads the mailbox, where one is configured.
    #[cfg(feature = "servers")]
    pub(crate) fn mail_reader(&self) -> server::MailReader {
        server::MailReader::new(self.running.as_ref().expect("it runs").context.clone())
    }

    /// Answers on a port of this machine, for programs that call us.
    #[cfg(feature = "servers")]
    pub(crate) async fn listen(&self) -> u16 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let router = self.running.as_ref().expect("it runs").router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
        port
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets `length` pass, with everything that happens on the way.
    pub(crate) async fn fast_forward(&mut self, length: Millis) {
        let end = self.now().plus(length);
        while self.now() < end {
            self.clock.advance(STEP.min(end.since(self.now())));
            self.settle().await;
        }
    }

    /// Everything that is due now, and whatever follows from it.
    pub(crate) async fn settle(&mut self) {
        self.submit(Submission::system(Command::Tick)).await;
        let running = self.running.as_mut().expect("it runs");
        running.measurer.step().await;
        running.outbox.step().await;
        running.closer.step().await;
        running.asker.step().await;
    }

    /// The same without sending anything.
    pub(crate) async fn settle_without_sending(&mut self) {
        self.submit(Submission::system(Command::Tick)).await;
        self.running.as_mut().expect("it runs").measurer.step().await;
    }

    pub(crate) async fn submit(&self, submission: Submission) {
        self.node().shared().handle.submit(submission).await.expect("accepted");
    }

    /// Nobody answers scrapes any more.
    pub(crate) fn cut_services_off(&self) {
        self.away.store(true, Ordering::SeqCst);
    }

    pub(crate) fn connect_services(&self) {
        self.away.store(false, Ordering::SeqCst);
    }

    /// The next text message to `person`, which must contain `part`.
    #[track_caller]
    pub(crate) fn expect_sms(&self, person: &str, part: &str) -> Text {
        self.expect(person, Medium::Sms, part)
    }

    /// The next mail to `person`, which must contain `part`.
    #[track_caller]
    pub(crate) fn expect_mail(&self, person: &str, part: &str) -> Text {
        self.expect(person, Medium::Email, part)
    }

    #[track_caller]
    fn expect(&self, person: &str, medium: Medium, part: &str) -> Text {
        let all = self.messages(person, medium);
        let mut seen = self.seen.lock().expect("no test panicked with it");
        let next = seen.entry((person.to_owned(), medium)).or_default();
        let Some(text) = all.get(*next) else {
            panic!("{person} got no further {medium:?} ({} before)", all.len());
        };
        *next += 1;
        assert!(text.contains(part), "{person} got {medium:?} without `{part}`:\n{text}");
        Text(text.clone())
    }

    /// Nobody takes a message any more, by SMS or mail.
    pub(crate) fn cut_providers_off(&self) {
        for _ in 0..20_000 {
            self.gateway.answer_next(503, "down");
            self.mail.refuse_next("421 down");
        }
    }

    /// They do again. What the gateway saw and did not take is forgotten.
    pub(crate) fn connect_providers(&self) {
        self.gateway.recover();
        self.mail.recover();
        for person in self.catalogue.people.keys() {
            for medium in [Medium::Sms, Medium::Email] {
                let count = self.messages(person.as_str(), medium).len();
                let mut seen = self.seen.lock().expect("no test panicked with it");
                seen.insert((person.to_string(), medium), count);
            }
        }
    }

    /// The next messages to `person`, one for each of `parts`, in whichever order they arrived.
    #[track_caller]
    pub(crate) fn expect_all(&self, person: &str, medium: Medium, parts: &[&str]) {
        let all = self.messages(person, medium);
        let mut seen = self.seen.lock().expect("no test panicked with it");
        let next = seen.entry((person.to_owned(), medium)).or_default();
        let fresh = &all[(*next).min(all.len())..];
        *next = all.len();
        assert_eq!(fresh.len(), parts.len(), "{person} got {medium:?}: {fresh:#?}");
        for part in parts {
            assert!(fresh.iter().any(|it| it.contains(part)), "none with `{part}`: {fresh:#?}");
        }
    }

    /// Everything that arrived has been expected.
    #[track_caller]
    pub(crate) fn no_more_messages(&self) {
        for person in self.catalogue.people.keys() {
            for medium in [Medium::Sms, Medium::Email] {
                let all = self.messages(person.as_str(), medium);
                let seen = self.seen.lock().expect("no test panicked with it");
                let next = seen.get(&(person.to_string(), medium)).copied().unwrap_or(0);
                assert!(next == all.len(), "{person} got {medium:?} unexpectedly:\n{}", all[next]);
            }
        }
    }

    /// Every text message that `person` ever got, looked at or not.
    pub(crate) fn texts_of(&self, person: &str) -> Vec<String> {
        self.messages(person, Medium::Sms)
    }

    fn messages(&self, person: &str, medium: Medium) -> Vec<String> {
        let contacts = &self.catalogue.people[&PersonId::from(person)].contacts;
        let addresses: BTreeSet<&str> = contacts
            .iter()
            .filter(|it| it.medium == medium)
            .filter_map(|it| it.address.text())
            .collect();
        if medium == Medium::Sms {
            let sent = self.gateway.received().into_iter().filter_map(|it| {
                let (to, text) = it.body.split_once('|')?;
                addresses.contains(to).then(|| text.to_owned())
            });
            return sent.collect();
        }
        let mails = self.mail.mails().into_iter();
        mails.filter(|it| addresses.contains(it.to.as_str())).map(|it| plain(&it.text)).collect()
    }

    /// Asks the product over HTTP, with a key where one is given.
    pub(crate) async fn http(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: &str,
    ) -> (StatusCode, String) {
        let path = path.strip_prefix(URL).unwrap_or(path);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "lamp.example")
            .header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let request = request.body(Body::from(body.to_owned())).expect("well formed");
        let router = self.running.as_ref().expect("it runs").router.clone();
        let answer = router.oneshot(request).await.expect("a router answers");
        let status = answer.status();
        let bytes = answer.into_body().collect().await.expect("whole").to_bytes();
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    /// An API token of `person`, who is made a member.
    pub(crate) async fn api_token(&self, person: &str) -> String {
        let person = PersonId::from(person);
        let password = Command::SetPassword {
            person: person.clone(),
            hash: "not used".to_owned(),
            role: Role::Member,
            spends: None,
        };
        self.submit(Submission::system(password)).await;
        self.token(TokenKind::Api, Some(person)).await
    }

    /// The key of a door.
    pub(crate) async fn door_key(&self) -> String {
        self.token(TokenKind::Door, None).await
    }

    async fn token(&self, kind: TokenKind, person: Option<PersonId>) -> String {
        let secret = server::new_secret("test");
        let command = Command::IssueToken {
            kind,
            person,
            label: "a story".to_owned(),
            sha256: server::hash_token(&secret),
            expires_at: None,
        };
        self.submit(Submission::system(command)).await;
        secret
    }

    /// An alert as Prometheus sends it; believed for `length`.
    pub(crate) async fn prometheus_alert(&self, key: &str, labels: &str, length: Millis) {
        let ends = self.now().plus(length);
        let body = format!(
            r#"[{{"labels":{{{labels}}},"annotations":{{"summary":"the till is stuck"}},"endsAt":"{ends}"}}]"#
        );
        let (status, answer) = self.http("POST", "/api/v2/alerts", Some(key), &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }

    /// A group as Alertmanager sends it, with one alert.
    pub(crate) async fn alertmanager_webhook(&self, key: &str, status: &str) {
        let body = format!(
            r#"{{"version":"4","groupKey":"g","truncatedAlerts":0,"status":"{status}","receiver":"r",
                "groupLabels":{{}},"commonLabels":{{}},"commonAnnotations":{{}},"externalURL":"",
                "alerts":[{{"status":"{status}","labels":{{"alertname":"Queue","team":"field","severity":"critical"}},
                "annotations":{{"summary":"the queue is long"}},"startsAt":"{}",
                "endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":"a"}}]}}"#,
            self.now()
        );
        let (status, answer) = self.http("POST", "/api/v1/alertmanager", Some(key), &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }

    /// The hash of every record of the journal.
    pub(crate) fn hashes(&self) -> Vec<String> {
        let records = self.journal.clone().read(0, usize::MAX).expect("readable");
        records.iter().map(|it| wire::hex(&it.hash)).collect()
    }

    /// What the journal says about `id`, without times.
    pub(crate) async fn why(&self, id: &str) -> String {
        let id = engine::WhyId::parse(id).expect("an id");
        let lines = self.node().shared().handle.why(id).await.expect("readable");
        lines.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join("\n")
    }
}

impl Text {
    /// The path of the link to take the page.
    pub(crate) fn link(&self) -> String {
        let (_, rest) =
            self.0.split_once("/a/no_").unwrap_or_else(|| panic!("no link in {}", self.0));
        let end = rest.find(|it: char| it.is_whitespace()).unwrap_or(rest.len());
        format!("/a/no_{}", &rest[..end])
    }
}

/// A mail without its quoted-printable form.
fn plain(mail: &str) -> String {
    mail.replace("=\r\n", "").replace("=3D", "=")
}

/// The organisation of the example files, with this world around it.
fn solar(services: &str, gateway: &str, mail_port: u16) -> Catalogue {
    let text = include_str!("../../../../examples/solar/lamplighter.yaml");
    let loaded = catalog::load_str(&[("lamplighter.yaml", text)]);
    let mut catalogue = loaded.catalogue.expect("the example is valid");
    let names = catalogue.services.keys();
    let targets = names.map(|it| (it.to_string(), format!("{services}/{it}/metrics"))).collect();
    let source = Source { kind: SourceKind::Scrape { targets }, interval: STEP };
    catalogue.sources = [("services".into(), source)].into();
    for service in catalogue.services.values_mut() {
        service.slos.values_mut().for_each(|it| it.source = "services".into());
    }
    let text = Channel::HttpSms {
        url: format!("{gateway}/send"),
        method: "POST".to_owned(),
        body: Some("{to}|{text}".to_owned()),
        headers: BTreeMap::from([("x-key".to_owned(), SecretRef::Plain("k".to_owned()))]),
    };
    let mail = Channel::Smtp {
        host: "127.0.0.1".to_owned(),
        port: mail_port,
        from: "lamp@solar.example".to_owned(),
        encryption: "none".to_owned(),
        username: None,
        password: None,
        inbox: None,
        authority: None,
    };
    catalogue.channels = [("mail".into(), mail), ("text".into(), text)].into();
    // Stories about something else need no handover in between; its own story turns it on.
    for rota in catalogue.rotas.values_mut() {
        rota.rules.handover.on = Some(false);
    }
    let way = model::ReplyWay {
        secret: Some(SecretRef::Plain("back".to_owned())),
        former_secret: None,
        from: "from".to_owned(),
        text: "text".to_owned(),
        id: "id".to_owned(),
    };
    catalogue.back.replies = [("text".into(), way)].into();
    for person in catalogue.people.values_mut() {
        person.contacts.retain(|it| it.medium != Medium::Ntfy);
    }
    catalogue
}

#[derive(Clone)]
struct Serving {
    town: Arc<Town>,
    clock: Arc<ManualClock>,
    away: Arc<AtomicBool>,
}

/// Serves every emulated service below one address.
async fn services(town: &Arc<Town>, clock: &Arc<ManualClock>, away: &Arc<AtomicBool>) -> String {
    let serving =
        Serving { town: Arc::clone(town), clock: Arc::clone(clock), away: Arc::clone(away) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().route("/{name}/metrics", get(metrics)).with_state(serving);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn metrics(State(it): State<Serving>, Path(name): Path<String>) -> (StatusCode, String) {
    if it.away.load(Ordering::SeqCst) {
        return (StatusCode::BAD_GATEWAY, String::new());
    }
    if name == "countries" {
        return (StatusCode::OK, super::segments::countries(it.clock.now()));
    }
    match it.town.metrics(&name, it.clock.now()) {
        Some(text) => (StatusCode::OK, text),
        None => (StatusCode::NOT_FOUND, String::new()),
    }
}
