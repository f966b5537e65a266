//! Escalation policies: who is called, in which order, under which conditions, and what becomes of a
//! page that somebody took.
//!
//! Intuition: a policy is a list of steps that wait for an answer. Everything beyond that is a
//! condition that leaves something out, and no condition may leave out everybody: `paging` sees to it.
//!
//! Invariant: what an older release wrote reads as it was meant; a step with one target is written as
//! it always was.

use crate::{ChannelId, Millis, PersonId, RotaId, Severity, TeamId, Weekday};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What happens while nobody answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// In order; never empty.
    pub steps: Vec<EscalationStep>,
    /// How often the whole is repeated after its first pass.
    pub repeat_max: u32,
    /// How long an acknowledgement holds unless it is renewed; `None`: until the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack_timeout: Option<Millis>,
    /// Whether its alerts wake people, where neither feature nor service says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
}

/// One step of an escalation policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscalationStep {
    /// Who is paged, all at the same time; never empty.
    #[serde(with = "one_or_many")]
    pub page: Vec<PageTarget>,
    /// How long this step may take before the next one starts.
    pub wait: Millis,
    /// When it is taken at all.
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
    /// How many people must take the page while this step calls; at least 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub acks_min: u16,
    /// Whether only one person of all those named is called: the next in turn.
    #[serde(default, skip_serializing_if = "is_false")]
    pub round_robin: bool,
}

/// Whom a step pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageTarget {
    /// Whoever is on duty.
    Rota(RotaId),
    /// Whoever is next in line: the duty of a layer below, then whoever has the next turn, without
    /// those who are called already.
    RotaNext(RotaId),
    /// Everybody in the team.
    Team(TeamId),
    /// One person.
    Person(PersonId),
    /// Another system.
    Channel(ChannelId),
}

/// Under which conditions a step is taken; all that are named must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    /// Only people within these hours of their own day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// Only alerts of this severity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Only while the budget of the feature stands like this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetWhen>,
}

/// A span of the local day, on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// First minute of the local day, 0 to 1439.
    pub from_minute: u16,
    /// First minute after it, 0 to 1440; before `from_minute` the span reaches over midnight and
    /// belongs to the day on which it begins.
    pub until_minute: u16,
    /// On these days; never empty.
    pub days: Vec<Weekday>,
}

/// How the budget of a feature must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetWhen {
    /// Less than so many percent of it are left.
    Below(u8),
    /// Nothing of it is left.
    Spent,
}

/// Whether an alert may wake people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// People are called now.
    Wake,
    /// People are called now where it is day, and in the morning where it is night.
    Morning,
}

impl Escalation {
    /// A policy that does no more than pass from step to step.
    #[must_use]
    pub fn new(steps: Vec<EscalationStep>, repeat_max: u32) -> Self {
        Self { steps, repeat_max, ack_timeout: None, urgency: None }
    }
}

impl EscalationStep {
    /// A step with one target and without conditions.
    #[must_use]
    pub fn new(page: PageTarget, wait: Millis) -> Self {
        Self { page: vec![page], wait, when: When::default(), acks_min: 1, round_robin: false }
    }

    /// How many people must take the page while this step calls.
    #[must_use]
    pub fn acks_wanted(&self) -> usize {
        usize::from(self.acks_min.max(1))
    }
}

impl When {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_always(&self) -> bool {
        *self == Self::default()
    }
}

impl Urgency {
    /// Reads `wake` or `morning`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "wake" => Some(Self::Wake),
            "morning" => Some(Self::Morning),
            _ => None,
        }
    }
}

impl fmt::Display for Urgency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wake => "wake",
            Self::Morning => "morning",
        })
    }
}

/// As configuration writes it: `rota payments next`.
impl fmt::Display for PageTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rota(id) => write!(f, "rota {id}"),
            Self::RotaNext(id) => write!(f, "rota {id} next"),
            Self::Team(id) => write!(f, "team {id}"),
            Self::Person(id) => write!(f, "person {id}"),
            Self::Channel(id) => write!(f, "channel {id}"),
        }
    }
}

/// `09:00-18:00`.
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |minute: u16| (minute / 60, minute % 60);
        let ((from, from_minute), (until, until_minute)) =
            (clock(self.from_minute), clock(self.until_minute));
        write!(f, "{from:02}:{from_minute:02}-{until:02}:{until_minute:02}")
    }
}

impl fmt::Display for BudgetWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Below(percent) => write!(f, "below {percent}%"),
            Self::Spent => f.write_str("spent"),
        }
    }
}

fn one() -> u16 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(it: &u16) -> bool {
    *it == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(it: &bool) -> bool {
    !*it
}

/// One target stands alone, as it did before there could be several.
mod one_or_many {
    use super::PageTarget;
    use serde::{Deserialize, Deserializer, Serialize as _, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        Many(Vec<PageTarget>),
        One(PageTarget),
    }

    pub(super) fn serialize<S: Serializer>(it: &[PageTarget], to: S) -> Result<S::Ok, S::Error> {
        match it {
            [one] => one.serialize(to),
            many => many.serialize(to),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<PageTarget>, D::Error> {
        Ok(match OneOrMany::deserialize(from)? {
            OneOrMany::Many(many) => many,
            OneOrMany::One(one) => vec![one],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_an_older_release_reads_as_it_was_meant_and_is_written_as_it_was() {
        let old = r#"{"steps":[{"page":{"rota":"payments"},"wait":300000}],"repeat_max":1}"#;
        let read: Escalation = serde_json::from_str(old).expect("reads");
        let step = EscalationStep::new(PageTarget::Rota("payments".into()), Millis::from_mins(5));
        assert_eq!(read, Escalation::new(vec![step], 1));
        assert_eq!(serde_json::to_string(&read).expect("writes"), old);
    }

    #[test]
    fn everything_of_a_policy_survives_being_written() {
        let hours = Hours { from_minute: 540, until_minute: 1_080, days: vec![Weekday::Mon] };
        let policy = Escalation {
            steps: vec![EscalationStep {
                page: vec![PageTarget::RotaNext("payments".into()), PageTarget::Team("f".into())],
                wait: Millis::from_mins(5),
                when: When {
                    hours: Some(hours),
                    severity: Some(Severity::Page),
                    budget: Some(BudgetWhen::Below(10)),
                },
                acks_min: 2,
                round_robin: true,
            }],
            repeat_max: 0,
            ack_timeout: Some(Millis::from_mins(30)),
            urgency: Some(Urgency::Morning),
        };
        let text = serde_json::to_string(&policy).expect("writes");
        assert_eq!(serde_json::from_str::<Escalation>(&text).expect("reads"), policy);
    }
}
