//! What every reader works at: the draft, the report, the ids that foreign ids became.

use crate::compare::{Difference, Rendered, compare};
use crate::draft::{Draft, DraftRota, Names, Person, Policy};
use crate::json::{At, Read};
use crate::{Options, System, said};
use formats::{Loss, Weight};
use model::{Millis, PersonId, Rota, RotaId, TeamId, Timestamp};
use oncall::Zones;
use std::collections::{BTreeMap, BTreeSet};

/// Differences that are listed for one rota; the rest is counted.
const DIFFERENCES_MAX: usize = 50;
/// Longest name of a person that our configuration takes, in characters.
const NAME_CHARS_MAX: usize = 100;

/// A policy before it has an id of ours.
pub(crate) struct OwnedPolicy {
    pub(crate) foreign: String,
    pub(crate) team: Option<TeamId>,
    pub(crate) policy: Policy,
}

pub(crate) struct Desk<'a> {
    pub(crate) draft: Draft,
    pub(crate) losses: Vec<Loss>,
    pub(crate) now: Timestamp,
    pub(crate) zones: &'a Zones,
    pub(crate) people: BTreeMap<String, PersonId>,
    pub(crate) teams: BTreeMap<String, TeamId>,
    /// A schedule of theirs may need several rotas of ours.
    pub(crate) schedules: BTreeMap<String, Vec<RotaId>>,
    pub(crate) rendered: Vec<(String, Rendered)>,
    names: BTreeMap<&'static str, Names>,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(options: &Options<'a>) -> Self {
        Self {
            draft: Draft::default(),
            losses: vec![],
            now: options.now,
            zones: options.zones,
            people: BTreeMap::new(),
            teams: BTreeMap::new(),
            schedules: BTreeMap::new(),
            rendered: vec![],
            names: BTreeMap::new(),
        }
    }

    /// An id of `kind` that is free.
    pub(crate) fn name(&mut self, kind: &'static str, name: &str, otherwise: &str) -> String {
        self.names.entry(kind).or_default().take(name, otherwise)
    }

    pub(crate) fn lost(&mut self, at: &At<'_>, subject: &str, why: impl Into<String>) {
        self.told(at, Weight::Lost, subject, why);
    }

    pub(crate) fn noted(&mut self, at: &At<'_>, subject: &str, why: impl Into<String>) {
        self.told(at, Weight::Noted, subject, why);
    }

    fn told(&mut self, at: &At<'_>, weight: Weight, subject: &str, why: impl Into<String>) {
        self.losses.push(Loss { subject: subject.to_owned(), ..at.loss(weight, why) });
    }

    /// Keeps a refusal, so that one does not hide the next.
    pub(crate) fn kept<T>(&mut self, read: Read<T>) -> Option<T> {
        read.map_err(|it| self.losses.push(it)).ok()
    }

    /// Somebody, under the foreign id `foreign`.
    pub(crate) fn add_person(&mut self, at: &At<'_>, foreign: String, mut person: Person) {
        if self.people.contains_key(&foreign) {
            return;
        }
        if person.name.chars().count() > NAME_CHARS_MAX {
            self.noted(at, "the name", format!("only its first {NAME_CHARS_MAX} letters are kept"));
            person.name = person.name.chars().take(NAME_CHARS_MAX).collect();
        }
        if person.email.as_deref().is_some_and(|it| !said::is_email(it)) {
            self.lost(at, "the e-mail address", "it is none that mail can be sent to");
            person.email = None;
        }
        let mail = person.email.clone().unwrap_or_default();
        let mail = mail.split('@').next().unwrap_or_default();
        let id = PersonId::from(self.name("person", &person.name, mail).as_str());
        if person.email.is_none() && person.sms.is_none() && person.voice.is_none() {
            self.lost(at, id.as_str(), "no address of theirs was exported: nobody can reach them");
        }
        self.people.insert(foreign, id.clone());
        self.draft.people.insert(id, person);
    }

    /// The zone called by `at`, as the database of zones writes it.
    pub(crate) fn zone(&self, at: &At<'_>) -> Read<String> {
        let name = at.text()?;
        let zone = self.zones.get(name);
        let known = zone.as_ref().and_then(|it| it.iana_name()).map(str::to_owned);
        known.map_or_else(
            || {
                at.refuse(format!(
                    "the time zone `{name}` is not known; write its IANA name, such as \
                     `America/New_York`, into the file or into the schedule, and export again"
                ))
            },
            Ok,
        )
    }

    /// The zone of a person: one that is not known does not matter to who is on duty.
    pub(crate) fn home_zone(&mut self, of: &At<'_>, key: &str) -> String {
        let Some(at) = of.get(key) else {
            self.noted(
                of,
                "the time zone",
                "none is said: UTC is written, which decides what is night",
            );
            return "UTC".into();
        };
        self.zone(&at).unwrap_or_else(|_| {
            let said = at.value.as_str().unwrap_or_default();
            let why =
                format!("`{said}` is no IANA zone: UTC is written, which decides what is night");
            self.noted(&at, "the time zone", why);
            "UTC".into()
        })
    }

    pub(crate) fn person(&self, at: &At<'_>, foreign: &str) -> Read<PersonId> {
        let found = self.people.get(foreign).cloned();
        found.map_or_else(
            || at.refuse(format!("there is no user `{foreign}` in any file: export all users")),
            Ok,
        )
    }

    /// A rota of the schedule `foreign`.
    pub(crate) fn add_rota(&mut self, foreign: &str, mut rota: DraftRota) -> RotaId {
        for (_, layer) in &mut rota.layers {
            layer.rules.timezone.take_if(|it| *it == rota.timezone);
        }
        let id = RotaId::from(self.name("rota", &rota.title, foreign).as_str());
        self.schedules.entry(foreign.to_owned()).or_default().push(id.clone());
        self.draft.rotas.insert(id.clone(), rota);
        id
    }

    /// The targets of a step that names the schedule `foreign`.
    pub(crate) fn schedule(&self, at: &At<'_>, foreign: &str) -> Read<Vec<String>> {
        match self.schedules.get(foreign) {
            Some(rotas) => Ok(rotas.iter().map(|it| format!("rota {it}")).collect()),
            None => {
                at.refuse(format!("there is no schedule `{foreign}` in any file: export it, too"))
            }
        }
    }

    /// Writes policies down; the only one of a team gets the team's id, so that its alerts go there. Our ids
    /// by theirs.
    pub(crate) fn add_policies(&mut self, policies: Vec<OwnedPolicy>) -> BTreeMap<String, String> {
        let mut count: BTreeMap<TeamId, usize> = BTreeMap::new();
        for it in policies.iter().filter_map(|it| it.team.clone()) {
            *count.entry(it).or_default() += 1;
        }
        let is_only = |it: &OwnedPolicy| it.team.as_ref().is_some_and(|it| count[it] == 1);
        let (first, second): (Vec<_>, Vec<_>) = policies.into_iter().partition(is_only);
        let mut ours = BTreeMap::new();
        let named = first.into_iter().map(|it| (true, it));
        for (by_team, it) in named.chain(second.into_iter().map(|it| (false, it))) {
            let team = it.team.filter(|_| by_team).map(|it| it.to_string());
            let name =
                self.name("escalation", team.as_deref().unwrap_or(&it.policy.title), &it.foreign);
            ours.insert(it.foreign, name.clone());
            self.draft.escalations.insert(name, it.policy);
        }
        ours
    }

    pub(crate) fn rotas(&self) -> BTreeMap<RotaId, Rota> {
        self.draft.rotas.iter().map(|(id, it)| (id.clone(), it.rota())).collect()
    }

    /// Compares what was written, or `against`, with what the source renders; the hours that were compared.
    pub(crate) fn compare(
        &mut self,
        system: System,
        against: Option<&BTreeMap<RotaId, Rota>>,
    ) -> i64 {
        let rotas = against.cloned().unwrap_or_else(|| self.rotas());
        let mut hours = 0;
        for (file, rendered) in std::mem::take(&mut self.rendered) {
            let name = rendered.rotas.iter().map(RotaId::as_str).collect::<Vec<_>>().join(", ");
            if let Some(absent) = rendered.rotas.iter().find(|it| !rotas.contains_key(it)) {
                self.losses.push(Loss {
                    file,
                    line: 0,
                    weight: Weight::Lost,
                    subject: format!("rota {name}"),
                    what: format!("{} to {}", rendered.from, rendered.to),
                    why: format!(
                        "there is no rota `{absent}` in the configuration: it must be called as the import \
                         called it to be compared"
                    ),
                });
                continue;
            }
            hours += rendered.to.since(rendered.from).whole_mins() / 60;
            let found = compare(&rotas, &rendered, self.zones);
            for it in found.iter().take(DIFFERENCES_MAX) {
                self.losses.push(differing(system, &file, &name, it));
            }
            if found.len() > DIFFERENCES_MAX {
                let more = found.len() - DIFFERENCES_MAX;
                let mut loss = differing(system, &file, &name, &found[DIFFERENCES_MAX]);
                loss.why = format!("and {more} more times such as this: {}", loss.why);
                self.losses.push(loss);
            }
        }
        hours
    }
}

fn differing(system: System, file: &str, rota: &str, it: &Difference) -> Loss {
    let named = |people: &BTreeSet<PersonId>| {
        let names: Vec<_> = people.iter().map(PersonId::as_str).collect();
        if names.is_empty() { "nobody".to_owned() } else { names.join(" and ") }
    };
    let (theirs, ours) = (named(&it.theirs), named(&it.ours));
    Loss {
        file: file.to_owned(),
        line: 0,
        weight: Weight::Lost,
        subject: format!("rota {rota}"),
        what: format!("{} to {}", it.from, it.to),
        why: format!("{} says {theirs}, here it is {ours}", system.title()),
    }
}

/// What of `rendered` lies after `now`; `None` when nothing does.
pub(crate) fn still_to_come(mut rendered: Rendered, now: Timestamp) -> Option<Rendered> {
    rendered.from = rendered.from.max(now);
    (rendered.to.since(rendered.from) > Millis(0)).then_some(rendered)
}
