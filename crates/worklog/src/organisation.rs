//! The configured organisation in numbers: teams, what they own, and which way of working it looks like.
//!
//! Invariants:
//! - nobody stands in a [`TeamShape`]: teams are numbers of people in a zone;
//! - what is guessed is said to be a guess, with what it was guessed from.

use crate::owner;
use model::{Catalogue, Hours, PageTarget, PersonId, RotaId, TeamId};
use std::collections::{BTreeMap, BTreeSet};

/// A team as numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamShape {
    /// What it is called.
    pub name: String,
    /// How many people.
    pub people: usize,
    /// The zone of most of them.
    pub timezone: String,
    /// How many of them live in another one.
    pub elsewhere: usize,
    /// The hours of most of those who say any.
    pub hours: Option<Hours>,
    /// Services, and features whose team it is.
    pub owns: Vec<String>,
}

/// Every team that has people. Whoever is in several counts in the first.
pub(crate) fn teams(catalogue: &Catalogue) -> Vec<TeamShape> {
    let mut counted = BTreeSet::new();
    let mut shape = |id: &TeamId, members: &[PersonId]| {
        let members = members.iter().filter(|it| counted.insert((*it).clone()));
        let people: Vec<_> = members.filter_map(|it| catalogue.people.get(it)).collect();
        let timezone = most(people.iter().map(|it| it.timezone.clone()))?;
        let hours = most(
            people
                .iter()
                .filter_map(|it| it.duty.hours.as_ref())
                .map(|it| (it.from_minute, it.until_minute, it.days.clone())),
        );
        Some(TeamShape {
            name: id.to_string(),
            people: people.len(),
            elsewhere: people.iter().filter(|it| it.timezone != timezone).count(),
            timezone,
            hours: hours.map(|(from_minute, until_minute, days)| Hours {
                from_minute,
                until_minute,
                days,
            }),
            owns: owned(catalogue, id),
        })
    };
    catalogue.teams.iter().filter_map(|(id, it)| shape(id, &it.members)).collect()
}

/// The most frequent; of equals the first in order.
fn most<T: Ord>(all: impl Iterator<Item = T>) -> Option<T> {
    let mut seen: BTreeMap<T, usize> = BTreeMap::new();
    for it in all {
        *seen.entry(it).or_insert(0) += 1;
    }
    let top = seen.values().copied().max()?;
    seen.into_iter().find(|it| it.1 == top).map(|it| it.0)
}

fn owned(catalogue: &Catalogue, team: &TeamId) -> Vec<String> {
    let services = catalogue.services.iter().filter(|it| owner(&it.1.kind) == Some(team));
    let features = catalogue.features.iter().filter(|it| it.1.team == *team);
    let mut all: Vec<String> = services.map(|it| it.0.to_string()).collect();
    all.extend(features.map(|it| it.0.to_string()));
    all.sort();
    all.dedup();
    all
}

/// Which team owns what alerts are about.
pub(crate) fn owners(catalogue: &Catalogue) -> BTreeMap<String, String> {
    let features = catalogue.features.iter().map(|(id, it)| (id.to_string(), it.team.to_string()));
    let services = catalogue
        .services
        .iter()
        .filter_map(|(id, it)| Some((id.to_string(), owner(&it.kind)?.to_string())));
    features.chain(services).collect()
}

/// The team in which `person` works on `about`: its owner where they are in it, else their first.
pub(crate) fn team(catalogue: &Catalogue, about: Option<&String>, person: &str) -> Option<String> {
    let is_in = |id: &str| {
        let team = catalogue.teams.iter().find(|it| it.0.as_str() == id);
        team.is_some_and(|it| it.1.members.iter().any(|it| it.as_str() == person))
    };
    let owner = about.and_then(|it| owners(catalogue).remove(it));
    owner
        .filter(|it| is_in(it))
        .or_else(|| catalogue.teams.keys().map(ToString::to_string).find(|it| is_in(it)))
}

/// From this level on somebody knows a service: 2 does it alone, 3 can teach it.
const SKILL_KNOWN: u8 = 2;

/// Services and features, and who is configured to know them.
pub(crate) fn skills(catalogue: &Catalogue) -> Vec<(String, String)> {
    let is_known = |it: &str| {
        catalogue.services.keys().any(|id| id.as_str() == it)
            || catalogue.features.keys().any(|id| id.as_str() == it)
    };
    let mut found = vec![];
    for (id, person) in &catalogue.people {
        let skills = person.duty.skills.iter().filter(|it| *it.1 >= SKILL_KNOWN);
        let skills = skills.filter(|it| is_known(it.0));
        found.extend(skills.map(|it| (it.0.clone(), id.to_string())));
    }
    found.sort();
    found
}

/// Which named way of working the rotas look like, and by what.
#[must_use]
pub fn guess(catalogue: Option<&Catalogue>) -> (&'static str, String) {
    let Some(catalogue) = catalogue else {
        return ("ad-hoc", "there is no configuration".to_owned());
    };
    let rotas: BTreeSet<&RotaId> = catalogue
        .escalations
        .iter()
        .filter(|it| it.0.as_str() != model::SYNTHETIC)
        .filter_map(|it| it.1.steps.first())
        .flat_map(|it| &it.page)
        .filter_map(|it| if let PageTarget::Rota(id) = it { Some(id) } else { None })
        .collect();
    let (teams, people) = (catalogue.teams.len(), |it: &RotaId| {
        let layers = catalogue.rotas.get(it).map_or(&[][..], |it| &it.layers);
        layers.iter().flat_map(|it| &it.people).collect::<BTreeSet<_>>().len()
    });
    match rotas.len() {
        0 => ("ad-hoc", "no policy asks a rota first".to_owned()),
        1 if rotas.iter().all(|it| people(it) == 1) => {
            ("service-centre", "one rota with one person answers everything".to_owned())
        }
        1 => ("tribute", format!("one rota answers first for {teams} teams")),
        many => ("product-teams", format!("{many} rotas answer first, for {teams} teams")),
    }
}
