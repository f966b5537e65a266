//! Rotas: what does not fit together in them, and how they are built.
//!
//! Invariants: whatever is malformed or dangling was reported by `check`; here it is passed over in
//! silence. A circle of rotas that keep apart is an error: neither could give way.

use crate::build::{ids, items, load, optional_duration, text, text_or, whole};
use crate::diagnostic::{Problem, Sink, quote};
use crate::scalars;
use crate::sections::Sections;
use crate::semantics;
use crate::shape;
use crate::yaml::{Class, Data, Entry, Node};
use model::{
    Advance, HandoverRules, Hours, Layer, LayerRules, PersonDuty, PersonId, Readiness, RosterRules,
    Rota, RotaRules, ShiftPattern, Turn, Weekday,
};
use std::collections::{BTreeMap, BTreeSet};

/// Reports what does not fit together in rotas.
pub(crate) fn check(sections: &Sections, sink: &mut Sink) {
    for rota in sections.entries("rotas") {
        for layer in rota.value.get("layers").map_or(&[][..], Node::items) {
            turn_or_shifts(layer, sink);
        }
        people_are_known(sections, &rota.value, sink);
        pairs_are_pairs(&rota.value, sink);
        if sink.everything_was_read() {
            skills_are_there(sections, rota, sink);
        }
    }
    apart_without_circle(sections, sink);
}

fn turn_or_shifts(layer: &Node, sink: &mut Sink) {
    if layer.entries().is_empty() {
        return;
    }
    let (turn, shifts) = (layer.get("turn"), layer.get("shifts"));
    let Some(message) = (match (turn, shifts) {
        (None, None) => Some("this layer says neither `turn` nor `shifts`"),
        (Some(_), Some(_)) => Some("this layer says both `turn` and `shifts`"),
        _ => None,
    }) else {
        return;
    };
    let span = turn.map_or_else(|| layer.entries()[0].key_span, |it| it.span);
    let hint = "write `turn: 1w`, or `shifts: [{ repeat: mon-thu, at: \"09:00\", lasts: 24h }]`";
    sink.push(Problem::at(span, "LL067", message).hint(hint));
}

/// The keys of maps by person.
fn people_are_known(sections: &Sections, rota: &Node, sink: &mut Sink) {
    let people: BTreeSet<&str> = sections.entries("people").map(|it| it.key.as_str()).collect();
    let debt = rota.get("rules").and_then(|it| it.get("debt"));
    for map in [rota.get("readiness"), debt].into_iter().flatten() {
        for it in map.entries().iter().filter(|it| !people.contains(it.key.as_str())) {
            if scalars::is_id(&it.key) && sink.everything_was_read() {
                let message = format!("unknown person {}", quote(&it.key));
                let hint = crate::suggest::hint(&it.key, people.iter().copied());
                let hint = hint.unwrap_or_else(|| "define the person first".to_owned());
                sink.push(Problem::at(it.key_span, "LL040", message).hint(hint));
            }
        }
    }
}

fn pairs_are_pairs(rota: &Node, sink: &mut Sink) {
    let pairs = rota.get("rules").and_then(|it| it.get("not-together"));
    for pair in pairs.map_or(&[][..], Node::items) {
        if matches!(&pair.data, Data::List(it) if it.len() != 2 && !it.is_empty()) {
            let message = "this is not a pair: it must name two people";
            let hint = "write `not-together: [[ana, bo], [ana, cy]]`";
            sink.push(Problem::at(pair.span, "LL068", message).hint(hint));
        }
    }
}

fn skills_are_there(sections: &Sections, rota: &Entry, sink: &mut Sink) {
    let people: BTreeMap<&str, &Node> =
        sections.entries("people").map(|it| (it.key.as_str(), &*it.value)).collect();
    let layers = rota.value.get("layers").map_or(&[][..], Node::items);
    let members: BTreeSet<&str> = layers
        .iter()
        .filter_map(|it| it.get("people"))
        .flat_map(Node::items)
        .filter_map(|it| it.text())
        .collect();
    for skill in rota.value.get("skills").map_or(&[][..], Node::items) {
        let Some(name) = skill.text() else { continue };
        let can = |person: &&str| {
            let skills = people.get(person).and_then(|it| it.get("skills"));
            skills
                .and_then(|it| whole(it, name))
                .is_some_and(|it| it >= u32::from(oncall::coverage::SKILLED_FROM))
        };
        if !members.iter().any(can) {
            let message = format!("nobody in {} can do {} alone", quote(&rota.key), quote(name));
            let hint = "give somebody `skills: { … : 2 }`, or leave the skill out";
            sink.push(Problem::at(skill.span, "LL069", message).hint(hint));
        }
    }
}

fn apart_without_circle(sections: &Sections, sink: &mut Sink) {
    let mut apart: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for rota in sections.entries("rotas") {
        let others = rota.value.get("apart-from").map_or(&[][..], Node::items);
        apart.insert(&rota.key, others.iter().filter_map(|it| it.text()).collect());
    }
    for rota in sections.entries("rotas") {
        let Some(named) = rota.value.get("apart-from") else { continue };
        // Whatever can be reached from here by keeping apart.
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        let mut next: Vec<&str> = apart[rota.key.as_str()].clone();
        while let Some(id) = next.pop() {
            if reached.insert(id) {
                next.extend(apart.get(id).into_iter().flatten());
            }
        }
        if reached.contains(rota.key.as_str()) {
            let message = format!("{} keeps apart from itself, in a circle", quote(&rota.key));
            let hint =
                "only the one that gives way says `apart-from`: the secondary, not the primary";
            sink.push(Problem::at(named.span, "LL066", message).hint(hint));
        }
    }
}

/// Hours and skills of a person.
pub(crate) fn person_duty(node: &Node) -> PersonDuty {
    let skills = node.get("skills").map_or(&[][..], Node::entries);
    let level = |it: &Entry| match &it.value.data {
        Data::Scalar(level) if level.class == Class::Whole => level.text.parse().ok(),
        _ => None,
    };
    PersonDuty {
        hours: node.get("hours").and_then(Node::text).map(hours),
        skills: skills.iter().filter_map(|it| Some((it.key.clone(), level(it)?))).collect(),
        away: vec![],
    }
}

fn hours(text: &str) -> Hours {
    scalars::duty_hours(text).expect("hours were checked")
}

fn hours_list(node: &Node, key: &str) -> Vec<Hours> {
    items(node, key, |it| hours(it.text().expect("hours are text")))
}

fn owned(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::text).map(str::to_owned)
}

/// What an hour is paid.
pub(crate) fn pay(sections: &Sections) -> Option<model::Pay> {
    let node = &sections.top("pay").next()?.value;
    let cents = |key: &str| scalars::cents(text_or(node, key, "0/h")).expect("rates were checked");
    Some(model::Pay {
        currency: text(node, "currency").to_owned(),
        hour_cents: cents("hour"),
        night_cents: cents("night"),
        weekend_cents: cents("weekend"),
        holiday_cents: cents("holiday"),
    })
}

/// Builds one rota.
pub(crate) fn rota(node: &Node) -> Rota {
    let readiness = node.get("readiness").map_or(&[][..], Node::entries);
    let step = |it: &Entry| match it.value.text() {
        Some("observer") => Readiness::Observer,
        Some("shadowed") => Readiness::Shadowed,
        _ => Readiness::Solo,
    };
    Rota {
        timezone: text(node, "timezone").to_owned(),
        layers: items(node, "layers", layer),
        confirm: optional_duration(node, "confirm"),
        load: node.get("load").map(load),
        rules: RotaRules {
            apart_from: ids(node, "apart-from"),
            cover: hours_list(node, "cover"),
            owner: node.get("owner").and_then(Node::text).map(Into::into),
            skills: items(node, "skills", |it| it.text().expect("a skill is text").to_owned()),
            readiness: readiness.iter().map(|it| (it.key.as_str().into(), step(it))).collect(),
            roster: node.get("rules").map(roster_rules).unwrap_or_default(),
            handover: node.get("handover").map(handover_rules).unwrap_or_default(),
        },
    }
}

fn handover_rules(node: &Node) -> HandoverRules {
    let usual = HandoverRules::default();
    let on = |key: &str| node.get(key).map(semantics::is_true);
    let page = optional_duration(node, "page").or(usual.page);
    HandoverRules {
        on: on("written"),
        before: optional_duration(node, "before").unwrap_or(usual.before),
        nag: optional_duration(node, "nag").unwrap_or(usual.nag),
        page: page.filter(|_| on("pages") != Some(false)),
    }
}

fn roster_rules(node: &Node) -> RosterRules {
    let small = |key: &str| whole(node, key).and_then(|it| u16::try_from(it).ok());
    let rest = node.get("rest-after-night").and_then(Node::text).and_then(scalars::duration);
    let debt = node.get("debt");
    let pair = |it: &Node| {
        let mut names = it.items().iter().filter_map(|it| it.text()).map(PersonId::from);
        (names.next().expect("a pair"), names.next().expect("a pair"))
    };
    let named = debt.map_or(&[][..], Node::entries).iter().map(|it| it.key.as_str());
    let of = |name: &str| debt.and_then(|it| whole(it, name)).map_or(0, i64::from);
    RosterRules {
        rest_after_night_hours: rest
            .and_then(|it| u16::try_from((it.0 + 3_599_999) / 3_600_000).ok()),
        shifts_in_row_max: small("shifts-in-row"),
        nights_per_month_max: small("nights-per-month"),
        not_together: items(node, "not-together", pair),
        debt: named.map(|it| (it.into(), of(it))).collect(),
    }
}

fn layer(node: &Node) -> Layer {
    let handover = text_or(node, "handover", shape::HANDOVER_DEFAULT);
    let handover = scalars::handover(handover).expect("`handover` was checked");
    let turn = node.get("turn").and_then(Node::text).and_then(scalars::turn);
    Layer {
        people: ids(node, "people"),
        // A layer of shifts has no turns; any will do.
        turn: turn.unwrap_or(Turn::Weeks(1)),
        // Turns of days have no day of hand-over; any will do.
        handover_day: handover.day.unwrap_or(Weekday::Mon),
        handover_minute: handover.minute,
        starts: text_or(node, "starts", shape::STARTS_DEFAULT).to_owned(),
        rules: LayerRules {
            timezone: owned(node, "timezone"),
            shifts: items(node, "shifts", shift),
            only: hours_list(node, "only"),
            from: owned(node, "from"),
            until: owned(node, "until"),
            advance: match text_or(node, "advance", "turn") {
                "worked" => Advance::Worked,
                _ => Advance::Turn,
            },
            together: whole(node, "together").and_then(|it| u16::try_from(it).ok()).unwrap_or(1),
        },
    }
}

fn shift(node: &Node) -> ShiftPattern {
    let lasts = scalars::duration(text(node, "lasts")).expect("`lasts` was checked");
    ShiftPattern {
        repeat: scalars::recurrence(text(node, "repeat")).expect("`repeat` was checked"),
        start_minute: scalars::clock(text(node, "at")).expect("`at` was checked"),
        lasts_mins: u32::try_from(lasts.whole_mins()).expect("a month at most"),
    }
}
