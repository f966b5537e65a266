//! Revisions of a promise, what is said of them, and owners who are asked to look again.
//!
//! Ana (product, San Francisco, two in the morning at the start) and bo (engineering, Nairobi, one in the
//! afternoon) own `light-on`.

use super::shown::told;
use super::world::{START, catalogue};
use crate::{
    Actor, Command, Context, Engine, NoticeStatus, PromiseCommand, PromiseEvent, Purpose, Rejected,
    ReviewStanding, Revision, SignRole, State, Submission, stale_reasons,
};
use model::{Catalogue, Feature, Millis, Objective, Personal, RevisionNote, Timestamp};
use slo::ConditionState::{self, Firing, Quiet};

pub(crate) fn show(event: &PromiseEvent, since: &dyn Fn(&Timestamp) -> String) -> String {
    match event {
        PromiseEvent::Explained { feature, revision, by, .. } => {
            format!("Explained {feature} {revision} {by}")
        }
        PromiseEvent::ReviewAsked { of, notices, .. } => format!(
            "ReviewAsked {} {} {} count {} at {} telling {}",
            of.feature,
            of.person,
            of.day,
            of.count,
            since(&of.at),
            told(notices),
        ),
        PromiseEvent::Reviewed { feature, by, next, .. } => {
            format!("Reviewed {feature} {by} {next}")
        }
    }
}

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

struct Story {
    engine: Engine,
    records: Vec<crate::EventRecord>,
    catalogue: Catalogue,
}

impl Story {
    fn new(change: impl Fn(&mut Feature)) -> Self {
        let mut it = Self { engine: Engine::new(), records: vec![], catalogue: catalogue() };
        it.change(0, change);
        it
    }

    fn change(&mut self, minute: i64, change: impl Fn(&mut Feature)) {
        change(self.catalogue.features.get_mut(&"light-on".into()).unwrap());
        let (catalogue, hash) = (Box::new(self.catalogue.clone()), format!("at {minute}"));
        self.told(minute, Command::AdoptCatalogue { catalogue, hash }).expect("adopted");
    }

    fn told(&mut self, minute: i64, command: Command) -> Result<(), Rejected> {
        let zones = oncall::Zones::bundled();
        let context = Context { now: START.plus(Millis::from_mins(minute)), zones: &zones };
        let submission = Submission { actor: Actor::System, reason: None, key: None, command };
        let done = self.engine.execute(&context, &submission)?;
        self.records.extend(done.records);
        Ok(())
    }

    fn explain(&mut self, minute: i64, by: &str, reason: &str) -> Result<(), Rejected> {
        let (by, reason) = (by.into(), reason.to_owned());
        let evidence = Some("https://example.org/tickets".to_owned());
        let command = PromiseCommand::Explain { feature: "light-on".into(), by, reason, evidence };
        self.told(minute, Command::Promise(Box::new(command)))
    }

    fn review(&mut self, minute: i64, by: &str, next: &str) -> Result<(), Rejected> {
        let (by, next, reason) = (by.into(), next.to_owned(), "still right".to_owned());
        let command = PromiseCommand::Review { feature: "light-on".into(), by, next, reason };
        self.told(minute, Command::Promise(Box::new(command)))
    }

    fn sign(&mut self, minute: i64, by: &str, role: SignRole) {
        let objective = self.catalogue.features[&"light-on".into()].objective;
        let command = Command::Sign { feature: "light-on".into(), role, by: by.into(), objective };
        self.told(minute, command).expect("signed");
    }

    /// Lets time pass to `minute`, stopping wherever something is due.
    fn pass(&mut self, minute: i64) {
        let end = START.plus(Millis::from_mins(minute));
        while let Some(at) = self.engine.next_wake().filter(|it| *it <= end) {
            let at = at.max(self.engine.state().at).since(START).whole_mins();
            self.told(at, Command::Tick).unwrap();
        }
    }

    fn state(&self) -> &State {
        self.engine.state()
    }

    /// Requests and acts as `hour: words`.
    fn shown(&self) -> Vec<String> {
        let promise = self.records.iter().filter_map(|it| match &it.event {
            crate::Event::Promise(event) => Some((it.at, event)),
            _ => None,
        });
        let since = |at: &Timestamp| format!("{}h", at.since(START).0 / 3_600_000);
        promise.map(|(at, it)| format!("{} {}", since(&at), show(it, &since))).collect()
    }

    fn revisions(&self) -> Vec<Revision> {
        let found = self.state().promises.revisions.get(&"light-on".into());
        found.map(|it| it.kept.clone()).unwrap_or_default()
    }

    fn replays(&self) {
        let mut state = State::default();
        self.records.iter().for_each(|it| state.apply(it));
        assert_eq!(&state, self.state(), "replay gives the same state");
    }
}

fn note(reason: &str) -> RevisionNote {
    let evidence = Some(Personal::new("ana".into(), "12 tickets at 99%"));
    RevisionNote { by: "ana".into(), reason: Personal::new("ana".into(), reason), evidence }
}

fn objective(text: &str) -> Objective {
    Objective::parse(text).unwrap()
}

/// Goal: each change of the terms is a revision with what changed; what changes nothing of them is none.
/// Method: a catalogue changed five times, and the revisions in words.
#[test]
fn every_change_of_the_terms_is_a_revision() {
    let mut story = Story::new(|it| it.revision = Some(note("as a start")));
    story.sign(1, "ana", SignRole::Product);
    story.change(2, |it| it.objective = objective("99%"));
    story.change(3, |it| it.escalation = None);
    story.change(4, |it| it.revision = Some(note("99.5% cost two nights a month")));
    story.change(5, |it| {
        it.window = Millis::from_days(7);
        it.question = "Do lights go on within a minute?".into();
        it.revision = Some(note("weeks are what agents think in"));
    });
    story.explain(6, "bo", "agreed with the field").unwrap();
    story.sign(7, "bo", SignRole::Engineering);
    let shown: Vec<String> = story
        .revisions()
        .iter()
        .map(|it| {
            let changes: Vec<String> = it
                .changes
                .iter()
                .map(|it| format!("{} {} > {}", it.field, it.from, it.to))
                .collect();
            let claim = it.claim.as_ref().map(|it| {
                let old = if it.is_old { " (old)" } else { "" };
                format!("{}{old}", it.note.reason.text().unwrap())
            });
            let given: Vec<&str> = it.given.iter().map(|it| it.by.as_str()).collect();
            let signed: Vec<&str> = it.signed.values().map(|it| it.0.as_str()).collect();
            format!("{} [{}] {claim:?} {given:?} {signed:?}", it.number, changes.join("; "))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "1 [] Some(\"as a start\") [] [\"ana\"]",
            "2 [objective 99.5% of attempts > 99% of attempts] Some(\"99.5% cost two nights a month\") [] []",
            "3 [question Do we activate clients' lights promptly? > Do lights go on within a minute?; \
             window any 28d > any 7d] Some(\"weeks are what agents think in\") [\"bo\"] [\"bo\"]",
        ]
    );
    let history = story.state().promises.revisions.get(&"light-on".into()).unwrap();
    let (evidence, given) = history.evidence().unwrap();
    assert_eq!(evidence.text(), Some("https://example.org/tickets"));
    assert_eq!(given.map(|it| it.by.as_str()), Some("bo"));
    story.replays();
}

/// Goal: a reason that stands in the file since an earlier revision is not taken for this one's, and no
/// evidence of an earlier level for this one.
#[test]
fn an_old_reason_is_called_old() {
    let mut story = Story::new(|it| it.revision = Some(note("as a start")));
    let before = story.catalogue.clone();
    story.change(1, |it| it.objective = objective("99%"));
    assert_eq!(stale_reasons(&before, &story.catalogue), ["light-on".into()]);
    assert!(story.revisions()[1].claim.as_ref().unwrap().is_old);
    let history = story.state().promises.revisions.get(&"light-on".into()).unwrap();
    assert_eq!(history.evidence(), None);
    let before = story.catalogue.clone();
    story.change(2, |it| it.revision = Some(note("now it is said")));
    assert_eq!(stale_reasons(&before, &story.catalogue), []);
    assert!(!story.revisions()[1].claim.as_ref().unwrap().is_old);
}

#[test]
fn who_may_explain_and_look_again() {
    let mut story = Story::new(|_| {});
    let refused = |it: Result<(), Rejected>| it.unwrap_err().to_string();
    let said = refused(story.explain(1, "cy", "because"));
    assert_eq!(said, "cy is neither an owner of `light-on` nor in team payments: they can say why");
    assert_eq!(refused(story.explain(1, "bo", "  ")), "the reason needs a few words");
    assert_eq!(
        refused(story.review(1, "cy", "2027-03-31")),
        "cy is no owner of `light-on`: its owners look at it again"
    );
    let far = "the next look is tomorrow at the earliest and within two years";
    assert_eq!(refused(story.review(1, "bo", "2026-11-23")), far);
    assert_eq!(refused(story.review(1, "bo", "2030-01-01")), far);
    assert_eq!(
        refused(story.review(1, "bo", "soon")),
        "`soon` is not a day; write it as 2027-03-31"
    );
}

/// Goal: both owners are told in their own morning, again a week later, and not any more once one has
/// looked. Method: weeks of ticks.
#[test]
fn a_review_nags_until_an_owner_looks() {
    let owners = |day: &'static str| {
        move |it: &mut Feature| it.owners.as_mut().unwrap().review = Some(day.to_owned())
    };
    let mut story = Story::new(owners("2026-11-25"));
    let standing = |story: &Story, hour: i64| {
        let zones = oncall::Zones::bundled();
        let now = START.plus(Millis::from_hours(hour));
        story.state().review_standing(&"light-on".into(), now, &zones)
    };
    assert_eq!(standing(&story, 1), Some(ReviewStanding::Coming { day: "2026-11-25".into() }));
    story.pass(9 * DAY);
    // Nine in Nairobi is 06:00 UTC, nine in San Francisco 17:00.
    let first = [
        "21h ReviewAsked light-on bo 2026-11-25 count 1 at 44h telling bo sms",
        "45h ReviewAsked light-on ana 2026-11-25 count 1 at 55h telling ana email, ana sms",
        "189h ReviewAsked light-on bo 2026-11-25 count 2 at 212h telling bo sms",
        "213h ReviewAsked light-on ana 2026-11-25 count 2 at 223h telling ana email, ana sms",
    ];
    assert_eq!(story.shown(), first);
    assert_eq!(standing(&story, 216), Some(ReviewStanding::Overdue { day: "2026-11-25".into() }));
    story.review(9 * DAY + 1, "ana", "2027-02-01").unwrap();
    let due = story.state().notices.values().filter(|it| {
        matches!(it.purpose, Purpose::Review { .. })
            && matches!(it.status, NoticeStatus::Due { at } if at > story.state().at)
    });
    assert_eq!(due.count(), 0, "what waited is not wanted any more");
    assert_eq!(standing(&story, 217), Some(ReviewStanding::Coming { day: "2027-02-01".into() }));
    story.pass(20 * DAY);
    assert_eq!(story.shown().len(), 5);
    // The file says another day than it said then: that one counts.
    story.change(20 * DAY, owners("2026-12-24"));
    assert_eq!(story.state().review_day(&"light-on".into()), Some("2026-12-24"));
    story.pass(32 * DAY);
    story.sign(32 * DAY, "bo", SignRole::Engineering);
    story.pass(40 * DAY);
    assert_eq!(story.shown().len(), 7, "{:?}", story.shown());
    assert_eq!(
        standing(&story, 40 * 24),
        Some(ReviewStanding::Signed { day: "2026-12-24".into(), by: "bo".into() })
    );
    story.replays();
}

/// Goal: an owner of many promises gets one message of a morning, which goes out as long as it names one that
/// nobody looked at.
#[test]
fn one_message_names_every_promise() {
    let day = |it: &mut Feature| it.owners.as_mut().unwrap().review = Some("2026-11-25".to_owned());
    let mut story = Story::new(day);
    day(story.catalogue.features.get_mut(&"make-sale".into()).unwrap());
    story.change(1, |_| {});
    story.pass(43 * HOUR);
    let due = |story: &Story| {
        let notices = story.state().notices.values().filter(|it| {
            matches!(it.purpose, Purpose::Review { .. })
                && matches!(it.status, NoticeStatus::Due { .. })
        });
        notices.count()
    };
    assert_eq!((story.shown().len(), due(&story)), (2, 1), "{:?}", story.shown());
    story.review(43 * HOUR, "ana", "2027-02-01").unwrap();
    assert_eq!(due(&story), 1, "the other one is still to be looked at");
    let (feature, by) = ("make-sale".into(), "bo".into());
    let (next, reason) = ("2027-02-01".to_owned(), "still right".to_owned());
    let command = PromiseCommand::Review { feature, by, next, reason };
    story.told(43 * HOUR, Command::Promise(Box::new(command))).unwrap();
    assert_eq!(due(&story), 0);
    story.replays();
}

fn divided(page: bool) -> impl Fn(&mut Feature) {
    move |it| {
        let id = model::FeatureId::from("light-on");
        let slo = catalogue().slos().next().unwrap().1.clone();
        let part = |value: &str| model::Segment {
            id: model::SloId::segment(&id, value),
            value: value.to_owned(),
            slo: slo.clone(),
        };
        let (label, of) = ("country".to_owned(), "payments-api.availability".into());
        let parts = vec![part("KE"), part("TZ")];
        it.segments = Some(Box::new(model::Segments { label, of, parts, page }));
    }
}

impl Story {
    /// TZ stands like this, as a part or as the whole; what happened of alerts.
    fn measured(
        &mut self,
        minute: i64,
        whole: Option<ConditionState>,
        part: ConditionState,
    ) -> String {
        let before = self.records.len();
        if let Some(whole) = whole {
            self.told(minute, super::words::observe("light-on", whole, Quiet)).unwrap();
        }
        let Command::Observe { feature, assessment } =
            super::words::observe("light-on", part, Quiet)
        else {
            unreachable!("what was measured")
        };
        let parts = vec![("TZ".to_owned(), *assessment)];
        self.told(minute, Command::ObserveSegments { feature, parts }).unwrap();
        self.alerts(before)
    }

    fn alerts(&self, from: usize) -> String {
        let shown = self.records[from..].iter().filter_map(|it| match &it.event {
            crate::Event::AlertFired { key, severity, .. } => Some(format!("{key} {severity}")),
            crate::Event::AlertResolved { alert, .. } => Some(format!("{alert} over")),
            crate::Event::PageOpened { page, .. } => Some(page.to_string()),
            _ => None,
        });
        shown.collect::<Vec<_>>().join(", ")
    }
}

/// Goal: a part that fails alone makes a ticket once, freezes while unmeasured, ends with its condition, says
/// nothing while the whole calls people, and ends when it is no longer looked at.
#[test]
fn a_part_that_fails_alone_makes_a_ticket() {
    let mut story = Story::new(divided(false));
    assert_eq!(story.measured(1, None, Firing), "segment/light-on/TZ ticket");
    assert_eq!(story.measured(2, None, Firing), "");
    assert_eq!(story.measured(3, None, ConditionState::Unmeasured), "");
    assert_eq!(story.measured(4, None, Quiet), "al_1 over");
    assert_eq!(story.measured(5, Some(Firing), Firing), "burn/light-on/page page, pg_1");
    assert_eq!(story.measured(6, Some(Quiet), Firing), "al_2 over, segment/light-on/TZ ticket");
    let text = crate::tell(
        &story
            .records
            .iter()
            .rev()
            .find_map(|it| match &it.event {
                event @ crate::Event::AlertFired { .. } => Some(event.clone()),
                _ => None,
            })
            .unwrap(),
        story.state().catalogue(),
    );
    assert!(text.contains("country TZ is dark") && text.contains("5 of 10 failed in"), "{text}");
    let before = story.records.len();
    story.change(7, |it| it.segments = None);
    assert_eq!(story.alerts(before), "al_3 over");
    story.change(8, divided(true));
    assert_eq!(story.measured(9, None, Firing), "segment/light-on/TZ page, pg_2");
    story.replays();
}
