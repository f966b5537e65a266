//! The chapters about another pager beside us, and about enough being enough.

use super::{Teller, at, everything};
use engine::{Command, DoorLife, Heard, TheirAct};
use model::{LoadLimit, LoadPer, LoadThen, Millis, Mode, SecretRef};
use testkit::{adopt, door_alert};

pub(super) fn beside_another_pager(teller: &mut Teller) {
    let mut shadowed = everything();
    shadowed.pager.mode = Mode::Shadow;
    shadowed.pager.pagerduty_secret = Some(SecretRef::Env("PAGERDUTY".to_owned()));
    shadowed.teams.get_mut(&"field".into()).expect("of the example").mode = Some(Mode::Shadow);
    shadowed.teams.get_mut(&"payments".into()).expect("of the example").mode = Some(Mode::Live);
    let ana = shadowed.people.get_mut(&"ana".into()).expect("of the example");
    ana.aka = vec![model::Personal::new("ana".into(), "Ana R.")];
    teller.asks(1_400, &adopt(shadowed, "2".repeat(64).as_str()));
    let (by, title) = ("bo".into(), "no sales in Kisumu".to_owned());
    let team = Some("field".into());
    teller.does(1_401, Command::Raise { by, title, feature: None, team });
    let heard = |act, people: &[&str]| {
        Command::RecordTheirCall(Box::new(Heard {
            system: "pagerduty".to_owned(),
            incident: "Q1".to_owned(),
            keys: vec!["srv01/mysql".to_owned()],
            title: "db down".to_owned(),
            act,
            people: people.iter().map(|it| vec![(*it).to_owned()]).collect(),
            at: at(1_401),
        }))
    };
    teller.does(1_402, heard(TheirAct::Called, &["Ana R.", "Somebody Else"]));
    teller.does(1_403, heard(TheirAct::Acknowledged, &["ana"]));
    teller.does(1_404, heard(TheirAct::Resolved, &[]));
    teller.does(1_405, Command::EndShadow { team: None, by: "ana".into() });
}

pub(super) fn enough_is_enough(teller: &mut Teller) {
    let mut limited = everything();
    let limit = |per, then| Some(LoadLimit { pages: 1, per, then });
    limited.rotas.get_mut(&"payments".into()).expect("of the example").load =
        limit(LoadPer::Shift, LoadThen::Relieve);
    limited.teams.get_mut(&"field".into()).expect("of the example").load =
        limit(LoadPer::Day, LoadThen::Credit);
    teller.asks(1_410, &adopt(limited, "3".repeat(64).as_str()));
    let raise = |team: &str| {
        let (by, title) = ("bo".into(), "too much".to_owned());
        Command::Raise { by, title, feature: None, team: Some(team.into()) }
    };
    teller.does(1_411, raise("field"));
    for _ in 0..6 {
        teller.does(1_411, raise("payments"));
    }
    let alert = teller.last(|state| *state.alerts.last_key_value().expect("one").0);
    teller.does(1_412, Command::PageAnyway { alert, by: "bo".into() });
    teller.does(1_412, Command::EndRelief { rota: "payments".into(), by: "ana".into() });
    for name in ["TooSlow", "TooMany"] {
        let life = DoorLife::FiringStaleAfter(Millis::from_mins(300));
        let alert = door_alert(name, &[("feature", "light-on")], life, at(1_413));
        teller.does(1_413, Command::Receive(Box::new(alert)));
    }
    teller.does(1_430, Command::Tick);
}
