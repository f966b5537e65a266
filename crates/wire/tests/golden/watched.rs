//! The part of the story about heartbeats, changes, planned work, and the product watching itself.

use crate::story::{Teller, at};
use alerting::Matcher;
use engine::{
    BacklogAct, BacklogStep, Change, Command, DoorLife, ExclusionAct, ExclusionStep, Improvement,
    Push,
};
use model::{
    CountsAs, Days, ExcludedTimes, Exclusion, Heartbeat, Labels, Maintenance, Millis, Occasions,
    OutboundPing, Personal, Recurrence, SecretRef, Severity, SilenceId, SloId, Synthetic, Watched,
};
use std::collections::BTreeMap;
use testkit::door_alert;

/// One of everything that can be watched.
pub(crate) fn configured() -> Watched {
    let heartbeat = Heartbeat {
        every: Millis::from_mins(5),
        grace: Millis::from_mins(1),
        severity: Severity::Page,
        feature: None,
        service: Some("payments-api".into()),
        team: Some("payments".into()),
    };
    Watched {
        heartbeats: BTreeMap::from([("nightly".into(), heartbeat)]),
        maintenance: BTreeMap::from([("patches".into(), work("2030-01-01"))]),
        exclusions: BTreeMap::from([(
            "patches".into(),
            excluded(ExcludedTimes::During("patches".into())),
        )]),
        synthetic: Some(Synthetic {
            every: Millis::from_hours(1),
            deadline: Millis::from_mins(2),
            channel: Some("hook".into()),
        }),
        ping: Some(OutboundPing {
            url: "https://other.example/ping".to_owned(),
            every: Millis::from_mins(1),
            token: Some(SecretRef::Env("PING".to_owned())),
        }),
    }
}

fn excluded(times: ExcludedTimes) -> Exclusion {
    Exclusion {
        features: ["make-sale".into()].into(),
        slos: [SloId::from(crate::story::PUSHED)].into(),
        counts: CountsAs::Dropped,
        times,
        owner: "juma".into(),
        reason: Personal::new("juma".into(), "a storm over the lake"),
    }
}

fn work(day: &str) -> Maintenance {
    Maintenance {
        matchers: "service=\"payments-db\"".to_owned(),
        when: Recurrence { days: Days::Once(day.to_owned()), minute: 120 },
        timezone: "Africa/Nairobi".to_owned(),
        lasts: Millis::from_hours(2),
        owner: "juma".into(),
        reason: "patches of the database".to_owned(),
    }
}

pub(crate) fn tell(teller: &mut Teller) {
    promises(teller);
    let ping = || Command::Ping { heartbeat: "nightly".into() };
    teller.does(172, ping());
    let change = Change {
        summary: "payments-api 1.4".to_owned(),
        source: "ci".to_owned(),
        feature: None,
        service: Some("payments-api".into()),
        team: None,
        link: Some("https://ci.example/1".to_owned()),
        at: at(170),
        details: Labels::from([("build".to_owned(), "17".to_owned())]),
    };
    teller.does(172, Command::Change(Box::new(change)));
    let stale = DoorLife::FiringStaleAfter(Millis::from_mins(300));
    for (minute, text) in [(173, "90 % full"), (174, "95 % full")] {
        let mut alert = door_alert("DiskFull", &[("feature", "make-sale")], stale, at(minute));
        alert.annotations.insert("summary".to_owned(), text.to_owned());
        teller.does(minute, Command::Receive(Box::new(alert)));
    }
    let over = door_alert("DiskFull", &[("feature", "make-sale")], DoorLife::Resolved, at(175));
    teller.does(175, Command::Receive(Box::new(over)));
    teller.does(178, Command::Tick);
    teller.does(179, ping());
    teller.does(
        180,
        Command::Silence {
            by: "juma".into(),
            matchers: Matcher::parse_list("alertname=DiskFull").expect("matchers"),
            starts_at: at(180),
            ends_at: at(200),
            comment: "a new disk is put in".to_owned(),
            replaces: None,
        },
    );
    let again = door_alert("DiskFull", &[("feature", "make-sale")], stale, at(181));
    teller.does(181, Command::Receive(Box::new(again)));
    let (window, what) = ("mast".into(), Box::new(work("2030-02-01")));
    teller.does(182, Command::PlanMaintenance { window, what, by: "juma".into() });
    teller.does(183, Command::CancelMaintenance { window: "mast".into(), by: "bo".into() });
    let (check, detail) = ("synthetic".to_owned(), "it did not come out in 2m".to_owned());
    teller.does(184, Command::WatchFailed { check, detail });
    teller.does(184, ping());
    teller.does(185, Command::SyntheticSeen { took: Millis(420) });
    teller.does(186, Command::Probe);
    teller.does(189, ping());
    teller.does(194, ping());
    teller.does(195, Command::Tick);
    let over = door_alert("DiskFull", &[("feature", "make-sale")], DoorLife::Resolved, at(196));
    teller.does(196, Command::Receive(Box::new(over)));
    teller.does(197, Command::EndSilence { silence: SilenceId(3), by: "juma".into() });
}

/// Counts that are pushed twice, and a waiver that is taken back.
fn promises(teller: &mut Teller) {
    let (slo, feature) = (SloId::from(crate::story::PUSHED), "make-sale");
    let push = |key: &str, people| Push {
        key: key.to_owned(),
        minute: at(170).minute(),
        bad: 1,
        total: 10,
        people,
    };
    let both = vec![push("a", None), push("b", Some(3))];
    teller.does(172, Command::PushCounts { slo: slo.clone(), pushes: both.clone() });
    teller.does(172, Command::PushCounts { slo, pushes: both });
    let waive = Command::Waive {
        feature: feature.into(),
        by: "juma".into(),
        reason: "the mend itself".to_owned(),
        until: at(600),
    };
    teller.does(172, waive);
    teller.does(172, Command::EndWaiver { feature: feature.into(), by: "juma".into() });
    let own = Occasions {
        when: Recurrence::parse("from 2030-01-02 FREQ=WEEKLY 02:00").expect("a rule"),
        timezone: "UTC".to_owned(),
        lasts: Millis::from_hours(1),
    };
    let what = excluded(ExcludedTimes::Own(own));
    let act = |by: &str, step| {
        let (exclusion, by) = ("storm".into(), by.into());
        Command::Exclude(Box::new(ExclusionAct { exclusion, by, step }))
    };
    teller.does(172, act("juma", ExclusionStep::Proposed(Box::new(what))));
    teller.does(172, act("bo", ExclusionStep::Approved));
    let listed = |step| {
        let (improvement, by) = ("second-uplink".into(), "juma".into());
        Command::Backlog(Box::new(BacklogAct { improvement, by, step }))
    };
    teller.does(
        172,
        listed(BacklogStep::Listed(Box::new(Improvement {
            title: Personal::new("juma".into(), "a second uplink"),
            mends: ["reports.nightly".into()].into(),
            percent: 80,
            link: Some("https://tracker.example/1".to_owned()),
        }))),
    );
    teller.does(172, listed(BacklogStep::Struck { done: true }));
    let reason = Personal::new("bo".into(), "it was no storm");
    teller.does(172, act("bo", ExclusionStep::Revoked { reason }));
}
