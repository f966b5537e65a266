//! A story in which everything happens once, told when the samples of a release are made.

use engine::{
    Actor, Command, Context, DeliveryOutcome, DoorLife, Engine, Event, EventRecord, Role, SignRole,
    State, Submission, TokenKind,
};
use model::{
    AlertId, Catalogue, Channel, EscalationId, IncidentId, Medium, Millis, Need, NoticeId, PageId,
    PageTarget, Route, SecretRef, SilenceId, Source, SourceKind, Timestamp, TokenId, Turn,
};
use slo::ConditionState::{self, Firing, Quiet};
use std::collections::BTreeMap;
use testkit::{MONDAY, adopt, assessment, door_alert, solar};

/// Somebody whose key is gone.
pub(crate) const ERASED: &str = "dolores";

/// Every event by the name it is stored under.
pub(crate) const EVENTS: [&str; 33] = [
    "catalogue_adopted",
    "alert_fired",
    "alert_stale",
    "alert_heard_again",
    "alert_resolved",
    "not_paged",
    "incident_opened",
    "alert_joined",
    "page_opened",
    "page_notified",
    "notice_sent",
    "notice_failed",
    "page_acknowledged",
    "page_exhausted",
    "page_ended",
    "incident_resolved",
    "review_asked",
    "review_published",
    "signed",
    "source_failing",
    "source_recovered",
    "token_issued",
    "token_revoked",
    "password_set",
    "digest_due",
    "silence_set",
    "silence_started",
    "silence_ended",
    "alert_unsilenced",
    "override_set",
    "override_ended",
    "swap_asked",
    "swap_answered",
];

/// Parts of events that have a name of their own.
pub(crate) const PARTS: [&str; 69] = [
    // Who asked.
    "system",
    "person",
    "door",
    "operator",
    // Where an alert came from, and why it ended.
    "burn",
    "source",
    "condition_ended",
    "sender_resolved",
    "lease_ended",
    "source_recovered",
    "no_longer_configured",
    "person_resolved",
    // Why nobody was called, and why a step starts.
    "ticket_severity",
    "silenced",
    "=~",
    "!=",
    "!~",
    "=",
    "already_paging",
    "acknowledged_before",
    "no_escalation",
    "opened",
    "nobody_answered",
    "undeliverable",
    // Severities, what conditions say, roles and tokens.
    "page",
    "ticket",
    "firing",
    "quiet",
    "unmeasured",
    "product",
    "engineering",
    "setup",
    "session",
    "api",
    "admin",
    "member",
    // The catalogue.
    "own",
    "supplier",
    "all",
    "any",
    "quorum",
    "routes",
    "slo",
    "days",
    "weeks",
    "mon",
    "rota",
    "team",
    "channel",
    "smtp",
    "twilio",
    "http_sms",
    "ntfy",
    "webhook",
    "inbox",
    "env",
    "file",
    "plain",
    "prometheus",
    "scrape",
    "email",
    "sms",
    // Fields that are often empty.
    "skipped",
    "duty",
    "retry_at",
    "lease",
    "stale_after",
    "expires_at",
    "$slot",
];

/// The name an event is stored under. Whoever adds an event is stopped here by the compiler, and must
/// add it to [`EVENTS`] and to the story.
fn name(event: &Event) -> &'static str {
    let place = match event {
        Event::CatalogueAdopted { .. } => 0,
        Event::AlertFired { .. } => 1,
        Event::AlertStale { .. } => 2,
        Event::AlertHeardAgain { .. } => 3,
        Event::AlertResolved { .. } => 4,
        Event::NotPaged { .. } => 5,
        Event::IncidentOpened { .. } => 6,
        Event::AlertJoined { .. } => 7,
        Event::PageOpened { .. } => 8,
        Event::PageNotified { .. } => 9,
        Event::NoticeSent { .. } => 10,
        Event::NoticeFailed { .. } => 11,
        Event::PageAcknowledged { .. } => 12,
        Event::PageExhausted { .. } => 13,
        Event::PageEnded { .. } => 14,
        Event::IncidentResolved { .. } => 15,
        Event::ReviewAsked { .. } => 16,
        Event::ReviewPublished { .. } => 17,
        Event::Signed { .. } => 18,
        Event::SourceFailing { .. } => 19,
        Event::SourceRecovered { .. } => 20,
        Event::TokenIssued { .. } => 21,
        Event::TokenRevoked { .. } => 22,
        Event::PasswordSet { .. } => 23,
        Event::DigestDue { .. } => 24,
        Event::SilenceSet { .. } => 25,
        Event::SilenceStarted { .. } => 26,
        Event::SilenceEnded { .. } => 27,
        Event::AlertUnsilenced { .. } => 28,
        Event::OverrideSet { .. } => 29,
        Event::OverrideEnded { .. } => 30,
        Event::SwapAsked { .. } => 31,
        Event::SwapAnswered { .. } => 32,
    };
    EVENTS[place]
}

#[test]
fn the_story_tells_every_event() {
    let told: Vec<&str> = tell().iter().map(|it| name(&it.event)).collect();
    let missing: Vec<&&str> = EVENTS.iter().filter(|it| !told.contains(it)).collect();
    assert!(missing.is_empty(), "the story does not tell {missing:?}");
}

/// The story.
pub(crate) fn tell() -> Vec<EventRecord> {
    let mut teller =
        Teller { engine: Engine::new(), records: vec![], zones: oncall::Zones::bundled() };
    beginnings(&mut teller);
    a_burn_and_its_review(&mut teller);
    doors(&mut teller);
    silences(&mut teller);
    shifts(&mut teller);
    nobody_to_call(&mut teller);
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
    let busy = DeliveryOutcome::Transient { detail: "421 try again later".to_owned() };
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
    // Every address of the first step turns out to be wrong.
    let lost = || DeliveryOutcome::Permanent { detail: "550 no such user".to_owned() };
    let due: Vec<NoticeId> =
        teller.last(|state| state.notices_due(at(145)).map(|(id, _)| id).collect());
    for notice in due {
        teller.does(145, Command::Delivered { notice, outcome: lost() });
    }
    teller.does(146, Command::SourceRead { source: "services".into() });
}

fn silences(teller: &mut Teller) {
    let silence = |matchers: &str, from, to| Command::Silence {
        by: "juma".into(),
        matchers: alerting::Matcher::parse_list(matchers).expect("matchers"),
        starts_at: at(from),
        ends_at: at(to),
        comment: "the mast is being painted".to_owned(),
        replaces: None,
    };
    teller.does(150, silence("alertname=~\"TooS.*\",feature!=\"light-on\"", 150, 170));
    teller.does(150, silence("alertname!~\"TooS.*\",severity=\"page\"", 160, 190));
    let alert = door_alert(
        "TooSlow",
        &[("feature", "make-sale")],
        DoorLife::FiringStaleAfter(Millis::from_mins(300)),
        at(151),
    );
    teller.does(151, Command::Receive(Box::new(alert)));
    teller.does(160, Command::Tick);
    teller.does(165, Command::EndSilence { silence: SilenceId(2), by: "juma".into() });
    teller.does(170, Command::Tick);
    let incident = teller.last(|state| *state.incidents.last_key_value().expect("one").0);
    teller.does(171, Command::ResolveIncident { incident, by: "juma".into() });
}

fn shifts(teller: &mut Teller) {
    let rota = model::RotaId::from("payments");
    let change = |change| Command::Override {
        by: "juma".into(),
        rota: "field".into(),
        starts: at(171),
        ends: at(300),
        change,
    };
    teller.does(171, change(oncall::Change::Add("juma".into())));
    teller.does(171, change(oncall::Change::Remove("wanjiru".into())));
    let overriding = teller.last(|state| *state.overrides.last_key_value().expect("one").0);
    teller.does(171, Command::EndOverride { overriding, by: "juma".into() });
    let week = Millis::from_days(7).whole_mins();
    let zones = oncall::Zones::bundled();
    let has = |state: &State, minutes| {
        let shift = state.on_duty(&rota, at(minutes), &zones).expect("a shift");
        shift.people[0].clone()
    };
    let (by, with) = teller.last(|state| (has(state, 171), has(state, 171 + week)));
    let ask = |exchange| Command::AskSwap {
        by: by.clone(),
        rota: rota.clone(),
        at: at(171),
        with: with.clone(),
        exchange,
    };
    for (exchange, answer) in
        [(None, engine::SwapAnswer::Declined), (Some(at(171 + week)), engine::SwapAnswer::Accepted)]
    {
        teller.does(171, ask(exchange));
        let swap = teller.last(|state| *state.swaps.last_key_value().expect("one").0);
        teller.does(171, Command::AnswerSwap { swap, by: with.clone(), answer });
    }
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

/// The organisation of the examples, with one of everything that can be configured.
fn everything() -> Catalogue {
    let mut it = solar();
    let secret = || SecretRef::Env("SECRET".to_owned());
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
        ("hook", Channel::Webhook { url: "https://hooks.example".to_owned(), secret: secret() }),
    ];
    it.channels.extend(channels.map(|(id, channel)| (id.into(), channel)));
    it.channel_priorities.insert("kannel".into(), 2);
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

fn at(minutes: i64) -> Timestamp {
    MONDAY.plus(Millis::from_mins(minutes))
}

/// Runs the story and keeps what happened.
struct Teller {
    engine: Engine,
    records: Vec<EventRecord>,
    zones: oncall::Zones,
}

impl Teller {
    fn does(&mut self, minutes: i64, command: Command) {
        self.asks(minutes, &Submission::system(command));
    }

    fn burn(&mut self, minutes: i64, feature: &str, page: ConditionState, ticket: ConditionState) {
        let assessment = Box::new(assessment("99.5%", page, ticket, at(minutes)));
        self.does(minutes, Command::Observe { feature: feature.into(), assessment });
    }

    fn asks(&mut self, minutes: i64, submission: &Submission) {
        let context = Context { now: at(minutes), zones: &self.zones };
        let done = self.engine.execute(&context, submission);
        let done = done.unwrap_or_else(|it| panic!("{minutes}m {submission:?}: {it}"));
        self.records.extend(done.records);
    }

    fn last<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(self.engine.state())
    }
}

#[test]
fn ids_are_stored_as_people_write_them() {
    let shown = serde_json::to_string(&(AlertId(1), IncidentId(2), PageId(3), NoticeId(4)));
    assert_eq!(shown.expect("ids serialise"), r#"["al_1","in_2","pg_3","no_4"]"#);
}
