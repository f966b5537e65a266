//! The part of the story in which people change things by hand: silences, shifts, pages.

use crate::story::{Teller, at};
use engine::{Command, DoorLife, HandoverCommand, PromiseCommand, State};
use model::{Medium, Millis, SilenceId};
use testkit::door_alert;

pub(crate) fn silences(teller: &mut Teller) {
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

pub(crate) fn shifts(teller: &mut Teller) {
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
    // Nobody is left: the owners are told, and again that it is mended.
    teller.does(171, change(oncall::Change::Remove("juma".into())));
    let overriding = teller.last(|state| *state.overrides.last_key_value().expect("one").0);
    teller.does(171, Command::EndOverride { overriding, by: "juma".into() });
    let people = vec![model::PersonId::from("wanjiru")];
    let shifts = vec![engine::RosterShift { starts: at(200), ends: at(260), people }];
    let (by, field) = (model::PersonId::from("juma"), "field".into());
    teller.does(171, Command::ProposeRoster { by: by.clone(), rota: field, shifts });
    let roster = teller.last(|state| *state.rosters.last_key_value().expect("one").0);
    teller.does(171, Command::AnswerRoster { roster, by, publish: false });
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

/// The swap changed hands at once: it is handed over.
pub(crate) fn handed_over(teller: &mut Teller) {
    teller.does(171, Command::Tick);
    let found = |state: &State| {
        let all = state.handovers.list.iter().rev();
        let mut of = all.filter(|(_, it)| it.shifting.rota.as_str() == "payments");
        let (id, it) = of.next().expect("a handover");
        (*id, it.shifting.from[0].clone(), it.shifting.to[0].clone())
    };
    let (handover, from, to) = teller.last(found);
    let text = "call the carrier".to_owned();
    let (rota, by, owner) = ("payments".into(), from.clone(), Some(to.clone()));
    let todo = HandoverCommand::NoteTodo { rota, by, owner, text };
    teller.does(171, Command::Handover(todo));
    let write = HandoverCommand::Write {
        handover,
        by: from,
        status: "the mast is slow".to_owned(),
        happened: "It rained.".to_owned(),
        ifs: vec![("it rains again".to_owned(), "use the other mast".to_owned())],
    };
    teller.does(171, Command::Handover(write));
    let interrupted = engine::NoteInterruption {
        by: to.clone(),
        team: Some("payments".into()),
        who: to.clone(),
        kind: engine::InterruptionKind::Question,
        minutes: 15,
        text: "Where is the invoice?".to_owned(),
        hand: true,
        via: "view".to_owned(),
    };
    teller.does(171, Command::NoteInterruption(Box::new(interrupted)));
    let (words, via) = ("rain slows the mast".to_owned(), "sms".to_owned());
    let accept = HandoverCommand::Accept { handover, by: to.clone(), words, via };
    teller.does(171, Command::Handover(accept));
    let todo = teller.last(|state| *state.handovers.todos.last_key_value().expect("one").0);
    teller.does(171, Command::Handover(HandoverCommand::FinishTodo { todo, by: to }));
}

/// A promise is explained and looked at again. The file of the story has a day for it in the past.
pub(crate) fn promised(teller: &mut Teller) {
    let said = || ("light-on".into(), "bo".into(), "two nights a month are enough".to_owned());
    let (feature, by, reason) = said();
    let evidence = Some("https://desk.example/12".to_owned());
    let explain = PromiseCommand::Explain { feature, by, reason, evidence };
    teller.does(172, Command::Promise(Box::new(explain)));
    let (feature, by, reason) = said();
    let next = "2027-06-30".to_owned();
    let review = PromiseCommand::Review { feature, by, next, reason };
    teller.does(172, Command::Promise(Box::new(review)));
}

pub(crate) fn steered(teller: &mut Teller) {
    let (by, title) = ("bo".into(), "the town is dark".to_owned());
    teller.does(1_480, Command::Raise { by, title, feature: Some("light-on".into()), team: None });
    let incident = teller.last(|state| *state.incidents.last_key_value().expect("one").0);
    let page = teller.last(|state| *state.pages.last_key_value().expect("a page").0);
    let sms = || "sms".to_owned();
    let (by, via) = ("juma".into(), sms());
    teller.does(1_480, Command::Escalate { page, by, via });
    let (by, text) = ("juma".into(), "The carrier says an hour.".to_owned());
    teller.does(1_481, Command::AddNote { incident, by, text, via: sms() });
    teller.does(1_482, Command::TakeOver { incident, by: "juma".into(), via: sms() });
    teller.does(1_483, Command::TakeOver { incident, by: "bo".into(), via: sms() });
    let (person, medium) = ("juma".into(), Medium::Sms);
    teller.does(1_484, Command::StopContact { person, medium, via: sms() });
    let (person, medium) = ("juma".into(), Medium::Sms);
    teller.does(1_485, Command::StartContact { person, medium, via: sms() });
    let text = "pg_1 is yours.".to_owned();
    let (to, channel) = ("juma".into(), "gateway".into());
    teller.does(1_485, Command::Answer { to, medium: Medium::Sms, channel, text });
    teller.does(1_486, Command::ResolveIncident { incident, by: "bo".into() });
}
