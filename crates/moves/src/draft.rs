//! What all readers fill and the writer writes: an organisation of people and their duties.

use model::{Layer, PersonId, RotaId, TeamId};
use std::collections::{BTreeMap, BTreeSet};

/// An organisation as it was read.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) people: BTreeMap<PersonId, Person>,
    pub(crate) teams: BTreeMap<TeamId, Vec<PersonId>>,
    pub(crate) services: BTreeMap<String, TeamId>,
    pub(crate) rotas: BTreeMap<RotaId, DraftRota>,
    pub(crate) escalations: BTreeMap<String, Policy>,
}

#[derive(Debug, Default)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) timezone: String,
    pub(crate) email: Option<String>,
    pub(crate) sms: Option<String>,
    pub(crate) voice: Option<String>,
    pub(crate) aka: BTreeSet<String>,
}

#[derive(Debug, Default)]
pub(crate) struct DraftRota {
    pub(crate) title: String,
    pub(crate) timezone: String,
    /// Each with what it was called; a later one stands above an earlier one.
    pub(crate) layers: Vec<(String, Layer)>,
}

impl DraftRota {
    pub(crate) fn rota(&self) -> model::Rota {
        model::Rota {
            timezone: self.timezone.clone(),
            layers: self.layers.iter().map(|it| it.1.clone()).collect(),
            confirm: None,
            load: None,
            rules: model::RotaRules::default(),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Policy {
    pub(crate) title: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) repeat: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Step {
    /// As our configuration writes them: `rota primary`, `person ana`.
    pub(crate) page: Vec<String>,
    pub(crate) wait_secs: i64,
    pub(crate) is_round_robin: bool,
}

/// Ids that are in use, and the next one that is free.
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeSet<String>);

/// Longest part of an id that comes from a name; the rest is for a number.
const NAME_LENGTH_MAX: usize = 56;

impl Names {
    /// An id from `name`, or from `otherwise` where that has no letters of ours.
    pub(crate) fn take(&mut self, name: &str, otherwise: &str) -> String {
        let mut base = slug(name);
        if base.is_empty() {
            base = slug(otherwise);
        }
        if base.is_empty() {
            "unnamed".clone_into(&mut base);
        }
        let mut id = base.clone();
        let mut number = 2;
        while !self.0.insert(id.clone()) {
            id = format!("{base}-{number}");
            number += 1;
        }
        id
    }
}

fn slug(name: &str) -> String {
    let mut made = String::new();
    for it in name.chars() {
        match plain(it) {
            Some(it) => made.push(it),
            None if made.ends_with('-') || made.is_empty() => {}
            None => made.push('-'),
        }
        if made.len() >= NAME_LENGTH_MAX {
            break;
        }
    }
    made.trim_end_matches('-').to_owned()
}

/// The letter or digit that stands for it in an id.
fn plain(it: char) -> Option<char> {
    let it = it.to_lowercase().next()?;
    Some(match it {
        'a'..='z' | '0'..='9' => it,
        'à'..='å' | 'ā' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'è'..='ë' | 'ē' | 'ę' | 'ě' => 'e',
        'ì'..='ï' | 'ī' => 'i',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' => 'o',
        'ù'..='ü' | 'ū' | 'ů' => 'u',
        'š' | 'ś' => 's',
        'ž' | 'ź' | 'ż' => 'z',
        'ý' | 'ÿ' => 'y',
        'ł' => 'l',
        _ => return None,
    })
}
