//! A story in which everything happens once, told when the samples of a release are made.

#[path = "dealing.rs"]
mod dealing;
#[path = "limits.rs"]
mod limits;

use crate::names::{EVENTS, name};
use engine::{
    Actor, Command, Context, DeliveryOutcome, DoorLife, Engine, EventRecord, Notice, Purpose,
    ReceiptEvidence, Role, SignRole, State, Submission, TokenKind,
};
use model::{
    AlertId, Catalogue, Channel, ContactRule, EscalationId, IncidentId, Medium, Millis, Need,
    NoticeId, PageId, PageTarget, PersonRules, Route, SecretRef, Source, SourceKind, Timestamp,
    TokenId, Turn,
};
use slo::ConditionState::{self, Firing, Quiet};
use std::collections::BTreeMap;
use testkit::{MONDAY, adopt, assessment, door_alert, solar};

/// Somebody whose key is gone.
pub(crate) const ERASED: &str = "dolores";

#[test]
fn the_story_tells_every_event() {
    let told: Vec<&str> = tell().iter().map(|it| name(&it.event)).collect();
    let missing: Vec<&&str> = EVENTS.iter().filter(|it| !told.contains(it)).collect();
    assert!(missing.is_empty(), "the story does not tell {missing:?}");
}

/// The objective whose counts are pushed.
pub(crate) const PUSHED: &str = "reports.nightly";

/// The story.
pub(crate) fn tell() -> Vec<EventRecord> {
    let mut teller =
        Teller { engine: Engine::new(), records: vec![], zones: oncall::Zones::bundled() };
    beginnings(&mut teller);
    a_burn_and_its_review(&mut teller);
    doors(&mut teller);
    crate::by_hand::silences(&mut teller);
    crate::by_hand::shifts(&mut teller);
    crate::by_hand::handed_over(&mut teller);
    crate::by_hand::promised(&mut teller);
    crate::watched::tell(&mut teller);
    nobody_to_call(&mut teller);
    limits::beside_another_pager(&mut teller);
    limits::enough_is_enough(&mut teller);
    crate::by_hand::steered(&mut teller);
    reaching(&mut teller);
    dealing::tell(&mut teller);
    crate::standing::tell(&mut teller);
    teller.records
}

fn beginnings(teller: &mut Teller) {
    let operator =
        Submission { actor: Actor::Operator, ..adopt(everything(), "0".repeat(64).as_str()) };
    teller.asks(0, &operator);
    let token = |kind, person: Option<&str>, label: &str| Command::IssueToken {
        kind,
        person: person.map(Into::into),
        label: label.to_owned(),
        sha256: "ab".repeat(32),
        expires_at: Some(MONDAY.plus(Millis::from_days(30))),
    };
    teller.does(0, token(TokenKind::Setup, None, "set-up link"));
    let hash = "$argon2id$v=19$…".to_owned();
    let (person, spends) = ("ana".into(), Some(TokenId(1)));
    teller.does(1, Command::SetPassword { person, hash: hash.clone(), role: Role::Admin, spends });
    let (person, role) = ("bo".into(), Role::Member);
    teller.does(1, Command::SetPassword { person, hash, role, spends: None });
    teller.does(2, token(TokenKind::Session, Some("ana"), "browser"));
    teller.does(2, token(TokenKind::Api, Some("ana"), "laptop"));
    teller.does(2, token(TokenKind::Door, None, "prometheus"));
    teller.does(3, Command::RevokeToken { token: TokenId(2) });
    for (role, by) in [(SignRole::Product, "dolores"), (SignRole::Engineering, "bo")] {
        let objective = everything().features[&"light-on".into()].objective;
        let (feature, by) = ("light-on".into(), by.into());
        teller.does(4, Command::Sign { feature, role, by, objective });
    }
}

fn a_burn_and_its_review(teller: &mut Teller) {
    teller.burn(10, "light-on", Firing, ConditionState::Unmeasured);
    let sent = DeliveryOutcome::Sent { provider_id: "provider-1".to_owned() };
    teller.does(10, Command::Delivered { notice: NoticeId(1), outcome: sent });
    let busy = DeliveryOutcome::Transient { detail: "421 try again later".to_owned(), after: None };
    teller.does(10, Command::Delivered { notice: NoticeId(2), outcome: busy });
    teller.does(15, Command::Tick);
    let page = teller.last(|state| *state.pages.last_key_value().expect("a page").0);
    let acknowledge = Command::AcknowledgePage { page, by: "bo".into(), via: "link".to_owned() };
    let keyed = Submission {
        key: Some("key-1".to_owned()),
        reason: Some("on my way".to_owned()),
        ..Submission::person("bo".into(), acknowledge)
    };
    teller.asks(16, &keyed);
    teller.burn(17, "light-on", Quiet, Firing);
    teller.burn(40, "light-on", Quiet, Quiet);
    let (by, title) = ("bo".into(), "no lights in Kisumu".to_owned());
    let team = Some("field".into());
    teller.does(41, Command::Raise { by, title, feature: None, team });
    let (incident, by) = (IncidentId(2), "juma".into());
    teller.does(42, Command::ResolveIncident { incident, by });
    for (incident, by) in [(IncidentId(1), "bo"), (IncidentId(2), ERASED)] {
        let text = "The carrier's certificate ended.".to_owned();
        teller.does(60, Command::PublishReview { incident, by: by.into(), text });
    }
}

fn doors(teller: &mut Teller) {
    let labels = [("feature", "make-sale")];
    let lease = DoorLife::FiringUntil(at(105));
    let door = |name: &str, life, minute| {
        let alert = door_alert(name, &labels, life, at(minute));
        let command = Command::Receive(Box::new(alert));
        Submission { actor: Actor::Door(TokenId(4)), ..Submission::system(command) }
    };
    teller.asks(100, &door("TooSlow", lease, 100));
    teller.asks(101, &door("TooMany", DoorLife::FiringStaleAfter(Millis::from_mins(30)), 101));
    teller.asks(105, &Submission::system(Command::Tick));
    let incident = teller.last(|state| *state.incidents.last_key_value().expect("one").0);
    let (by, via) = ("juma".into(), "view".to_owned());
    teller.does(106, Command::AcknowledgeIncident { incident, by, via });
    teller.asks(107, &door("TooSlow", DoorLife::FiringUntil(at(200)), 107));
    teller.asks(131, &Submission::system(Command::Tick));
    teller.asks(132, &door("TooMany", DoorLife::FiringStaleAfter(Millis::from_mins(30)), 132));
    teller.asks(133, &door("TooMany", DoorLife::Resolved, 133));
    teller.asks(134, &door("TooSlow", DoorLife::Resolved, 134));
    let (source, detail) = ("services".into(), "connection refused".to_owned());
    teller.does(140, Command::SourceFailed { source, detail });
    teller.does(145, Command::Tick);
    // Every address of the first step turns out to be wrong, through every provider.
    (0..7).for_each(|_| teller.loses_what_is_due(145));
    teller.does(146, Command::SourceRead { source: "services".into() });
}

fn nobody_to_call(teller: &mut Teller) {
    // Nobody answers until the policy is exhausted.
    teller.burn(200, "see-reports", Firing, Quiet);
    teller.does(205, Command::Tick);
    teller.does(215, Command::Tick);
    // Its feature is not configured any more, and nobody says whom to call.
    let mut less = everything();
    less.features.remove(&"see-reports".into());
    less.escalations.clear();
    less.features.values_mut().for_each(|it| it.escalation = None);
    teller.asks(216, &adopt(less, "1".repeat(64).as_str()));
    teller.burn(217, "make-sale", Firing, Quiet);
    // The next morning.
    teller.does(1_320, Command::Tick);
}

fn reaching(teller: &mut Teller) {
    const START: i64 = 2_000;
    let mut ours = everything();
    let ana = ours.people.get_mut(&"ana".into()).expect("of the example");
    let rule = |by, minutes| ContactRule { by, after: Millis::from_mins(minutes) };
    ana.rules = PersonRules {
        page: vec![rule(Medium::Email, 0), rule(Medium::Sms, 2)],
        ticket: vec![rule(Medium::Email, 0)],
        quiet: Some(model::Quiet { from_minute: 22 * 60, to_minute: 7 * 60 }),
    };
    for (id, priority) in ours.channels.keys().zip(1..) {
        ours.channel_receipts.insert(id.clone(), Millis::from_secs(90));
        ours.channel_priorities.insert(id.clone(), priority);
    }
    let rota = ours.rotas.get_mut(&"payments".into()).expect("of the example");
    rota.confirm = Some(Millis::from_mins(15));
    rota.layers[0].turn = Turn::Days(1);
    let policy = ours.escalations.get_mut(&"payments".into()).expect("of the example");
    policy.steps.truncate(1);
    policy.steps[0].wait = Millis::from_days(2);
    let policy = ours.escalations.get_mut(&"field".into()).expect("of the example");
    policy.steps[0].wait = Millis::from_hours(1);
    teller.asks(START, &adopt(ours, "4".repeat(64).as_str()));
    let medium = Medium::Sms;
    let verify = |code_hash: &str| Command::VerifyContact {
        person: "bo".into(),
        medium,
        nonce: "n1".to_owned(),
        code_hash: code_hash.to_owned(),
    };
    let code = |it: &str| {
        let (person, code_hash) = ("bo".into(), it.to_owned());
        Command::ConfirmContact { person, medium, code_hash }
    };
    teller.does(START, verify("ab12"));
    teller.does(START, code("ab13"));
    teller.does(START, code("ab12"));
    teller.does(START, Command::TestContacts { person: ERASED.into() });
    let sent = |id| {
        let outcome = DeliveryOutcome::Sent { provider_id: "provider-2".to_owned() };
        Command::Delivered { notice: NoticeId(id), outcome }
    };
    // Nobody of the shift can be sent to, and the rota changes hands.
    teller.burn(START, "light-on", Firing, Quiet);
    let first = teller.last(|state| state.next.notice);
    teller.does(START + 1_440, Command::Tick);
    let asked = teller.last(|state| state.reach.duties.values().next().cloned());
    let by = asked.expect("the next in the rota was asked").person;
    let confirm = Command::ConfirmDuty { by, rota: None, via: "sms".to_owned() };
    teller.does(START + 1_440, confirm);
    // One message tells of two, receipts come, one is missing.
    let due: Vec<NoticeId> = teller.last(|state| {
        let of_page = |it: &Notice| matches!(it.purpose, Purpose::Page { .. });
        let late = state.notices.iter().filter(|(id, it)| id.0 > first && of_page(it));
        late.map(|(id, _)| *id).collect()
    });
    teller.does(START + 1_441, sent(due[0].0));
    teller.does(START + 1_441, Command::Covered { notice: due[1], by: due[0] });
    for evidence in [
        ReceiptEvidence::Undelivered,
        ReceiptEvidence::Unanswered,
        ReceiptEvidence::Bounced,
        ReceiptEvidence::Delivered,
        ReceiptEvidence::Read,
    ] {
        let receipt = Command::Receipt { notice: due[1], evidence, detail: "status".to_owned() };
        teller.does(START + 1_441, receipt);
    }
    teller.does(START + 1_450, Command::Tick);
    // The next shift is not confirmed by anybody.
    for minutes in [2_880, 2_895, 2_910] {
        teller.does(START + minutes, Command::Tick);
    }
    unheard(teller, START + 3_000);
}

/// A page of which nobody gets a message, and one of which nothing shows that anybody did.
fn unheard(teller: &mut Teller, start: i64) {
    teller.burn(start, "see-reports", Firing, Quiet);
    for minutes in start..start + 20 {
        teller.does(minutes, Command::Tick);
        teller.loses_what_is_due(minutes);
    }
    let start = start + 20;
    teller.burn(start, "make-sale", Quiet, Quiet);
    teller.burn(start, "make-sale", Firing, Quiet);
    for minutes in (start..start + 40).step_by(2) {
        teller.does(minutes, Command::Tick);
        for notice in teller.due(minutes) {
            let outcome = DeliveryOutcome::Sent { provider_id: "provider-3".to_owned() };
            teller.does(minutes, Command::Delivered { notice, outcome });
        }
    }
}

fn secret() -> SecretRef {
    SecretRef::Env("SECRET".to_owned())
}

/// Rooms, bots and what rings until it is answered.
fn chats() -> Vec<(&'static str, Channel)> {
    vec![
        ("slack-room", Channel::SlackWebhook { webhook: secret() }),
        (
            "slack",
            Channel::Slack {
                url: "https://slack.com/api".to_owned(),
                token: secret(),
                room: Some("C1".to_owned()),
                signing_secret: Some(secret()),
            },
        ),
        ("mattermost", Channel::Mattermost { webhook: secret(), room: Some("ops".to_owned()) }),
        ("teams", Channel::Teams { webhook: secret() }),
        ("discord", Channel::Discord { webhook: secret() }),
        (
            "telegram",
            Channel::Telegram {
                url: "https://api.telegram.org".to_owned(),
                token: secret(),
                room: Some("-1001".to_owned()),
                webhook_secret: Some(secret()),
            },
        ),
        (
            "matrix",
            Channel::Matrix {
                url: "https://matrix.example".to_owned(),
                token: secret(),
                room: Some("!ops:matrix.example".to_owned()),
            },
        ),
        (
            "pushover",
            Channel::Pushover {
                url: "https://api.pushover.net".to_owned(),
                token: secret(),
                retry: Millis::from_mins(1),
                expire: Millis::from_hours(1),
                room: Some("group".to_owned()),
            },
        ),
    ]
}

/// Its owners wanted to look at it again three weeks ago.
fn promise_with_a_story(it: &mut model::Feature) {
    it.owners.as_mut().expect("of the example").review = Some("2026-11-01".to_owned());
    let said = |text: &str| model::Personal::new("juma".into(), text);
    let evidence = Some(said("12 tickets at 99%"));
    it.revision =
        Some(model::RevisionNote { by: "juma".into(), reason: said("as a start"), evidence });
    it.labels.insert("product".to_owned(), "till".to_owned());
    let (feature, slo) = (model::FeatureId::from("make-sale"), testkit::slo("till", "99%"));
    let part = |value: &str| model::Segment {
        id: model::SloId::segment(&feature, value),
        value: value.to_owned(),
        slo: slo.clone(),
    };
    let of = (*it.needs.slos().first().expect("it needs something")).clone();
    let (label, parts) = ("country".to_owned(), vec![part("KE"), part("TZ")]);
    it.segments = Some(Box::new(model::Segments { label, of, parts, page: true }));
}

/// The organisation of the examples, with one of everything that can be configured.
fn asked() -> (String, model::Slo) {
    let mut it = testkit::slo("reports", "99%");
    (it.bad, it.total) = ("sum(rate(bad[5m]))".to_owned(), "sum(rate(all[5m]))".to_owned());
    it.sli = model::Sli::Query { asks: model::Asks::Bad, per: model::Per::Window };
    ("asked".to_owned(), it)
}

fn beating() -> (String, model::Slo) {
    let mut it = testkit::slo("reports", "99%");
    it.sli = model::Sli::Heartbeat { heartbeat: "nightly".into() };
    ("beating".to_owned(), it)
}

fn everything() -> Catalogue {
    let mut it = solar();
    it.teams.get_mut(&"payments".into()).expect("of the example").tribute = Some("payments".into());
    promise_with_a_story(it.features.get_mut(&"make-sale".into()).expect("of the example"));
    let mut nightly = testkit::slo("reports", "99%");
    nightly.sli = model::Sli::Pushed {
        every: model::Millis::from_days(1),
        check: Some("Reports".to_owned()),
        secret: Some(model::SecretRef::Env("CI".to_owned())),
    };
    nightly.method = model::Method::TimeSlices { minutes: 5, bad_ppm: 50_000 };
    let (period, timezone) = (model::Period::Month, "Africa/Nairobi".to_owned());
    nightly.calendar = Some(model::Calendar { period, timezone });
    nightly.loses = Some("the report of yesterday".to_owned());
    let service = model::Service {
        kind: model::ServiceKind::Supplier,
        urgency: None,
        slos: [("nightly".to_owned(), nightly), asked(), beating()].into(),
    };
    it.services.insert("reports".into(), service);
    let channels = [
        (
            "mail",
            Channel::Smtp {
                host: "mail.solar.example".to_owned(),
                port: 587,
                from: "lamplighter@solar.example".to_owned(),
                encryption: "starttls".to_owned(),
                username: Some("lamplighter".to_owned()),
                password: Some(SecretRef::File("/run/secrets/mail".to_owned())),
                inbox: Some("pager@solar.example".to_owned()),
                authority: Some("/etc/ssl/solar.pem".to_owned()),
            },
        ),
        ("push", Channel::Ntfy { url: "https://ntfy.example".to_owned(), token: Some(secret()) }),
        (
            "gateway",
            Channel::HttpSms {
                url: "https://sms.example/?to={to}".to_owned(),
                method: "POST".to_owned(),
                body: Some("{text}".to_owned()),
                headers: BTreeMap::from([("x-one".to_owned(), SecretRef::Plain("1".to_owned()))]),
            },
        ),
        (
            "twilio",
            Channel::Twilio {
                url: "https://api.twilio.com".to_owned(),
                account: "AC1".to_owned(),
                token: secret(),
                from: "+15550199".to_owned(),
            },
        ),
        (
            "call",
            Channel::TwilioVoice {
                url: "https://api.twilio.com".to_owned(),
                account: "AC1".to_owned(),
                token: secret(),
                from: "+15550199".to_owned(),
                language: "en-US".to_owned(),
            },
        ),
        (
            "kannel",
            Channel::Kannel {
                url: "http://127.0.0.1:13013/cgi-bin/sendsms".to_owned(),
                username: "lamp".to_owned(),
                password: secret(),
                from: Some("+254700000000".to_owned()),
                smsc: Some("safaricom".to_owned()),
            },
        ),
        ("hook", Channel::Webhook { url: "https://hooks.example".to_owned(), secret: secret() }),
    ];
    it.channels.extend(channels.map(|(id, channel)| (id.into(), channel)));
    it.channels.extend(chats().into_iter().map(|(id, channel)| (id.into(), channel)));
    it.channel_priorities.insert("kannel".into(), 2);
    it.watched = crate::watched::configured();
    crate::standing::configure(&mut it);
    let url = "http://prometheus:9090".to_owned();
    let kind = SourceKind::Prometheus { url, token: None };
    it.sources.insert("prometheus".into(), Source { kind, interval: Millis::from_secs(15) });
    it.rotas.get_mut(&"field".into()).expect("of the example").layers[0].turn = Turn::Days(3);
    let field: EscalationId = "field".into();
    let policy = it.escalations.get_mut(&field).expect("of the example");
    policy.steps.push(testkit::step(PageTarget::Channel("hook".into()), 5));
    let (id, nobody) = testkit::person("emeka", "Africa/Lagos", &[]);
    it.people.insert(id.clone(), nobody);
    it.teams.get_mut(&"payments".into()).expect("of the example").members.push(id);
    let slo = |id: &str| Need::Slo(id.into());
    let ways = [(3, "carrier-a.up"), (1, "carrier-b.up")]
        .map(|(parts, id)| Route { parts, need: slo(id) });
    let quorum = Need::Quorum {
        works_min: 1,
        of: vec![slo("payments-api.availability"), Need::Routes(ways.to_vec())],
    };
    it.features.get_mut(&"make-sale".into()).expect("of the example").needs = quorum;
    let contact = testkit::contact(&"bo".into(), Medium::Ntfy);
    it.people.get_mut(&"bo".into()).expect("of the example").contacts.push(contact);
    it
}

pub(crate) fn at(minutes: i64) -> Timestamp {
    MONDAY.plus(Millis::from_mins(minutes))
}

/// Runs the story and keeps what happened.
pub(crate) struct Teller {
    engine: Engine,
    records: Vec<EventRecord>,
    zones: oncall::Zones,
}

impl Teller {
    pub(crate) fn does(&mut self, minutes: i64, command: Command) {
        self.asks(minutes, &Submission::system(command));
    }

    pub(crate) fn burn(
        &mut self,
        minutes: i64,
        feature: &str,
        page: ConditionState,
        ticket: ConditionState,
    ) {
        let assessment = Box::new(assessment("99.5%", page, ticket, at(minutes)));
        self.does(minutes, Command::Observe { feature: feature.into(), assessment });
    }

    pub(crate) fn asks(&mut self, minutes: i64, submission: &Submission) {
        let context = Context { now: at(minutes), zones: &self.zones };
        let done = self.engine.execute(&context, submission);
        let done = done.unwrap_or_else(|it| panic!("{minutes}m {submission:?}: {it}"));
        self.records.extend(done.records);
    }

    fn due(&self, minutes: i64) -> Vec<NoticeId> {
        self.last(|state| state.notices_due(at(minutes)).map(|(id, _)| id).collect())
    }

    fn loses_what_is_due(&mut self, minutes: i64) {
        for notice in self.due(minutes) {
            let outcome = DeliveryOutcome::Permanent { detail: "550 no such user".to_owned() };
            self.does(minutes, Command::Delivered { notice, outcome });
        }
    }

    pub(crate) fn last<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(self.engine.state())
    }
}

#[test]
fn ids_are_stored_as_people_write_them() {
    let shown = serde_json::to_string(&(AlertId(1), IncidentId(2), PageId(3), NoticeId(4)));
    assert_eq!(shown.expect("ids serialise"), r#"["al_1","in_2","pg_3","no_4"]"#);
}
