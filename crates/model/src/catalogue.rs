//! The catalogue: everything an organisation defines in YAML, resolved and checked.
//!
//! `catalog` makes it from files; nothing here can dangle: every id named in one part exists in
//! the part it points to, needs have no cycle, time zones and objectives are valid.

use crate::{
    AlertCondition, Alerts, BudgetAlerts, Calendar, ChannelId, Escalation, EscalationId, FeatureId,
    LayerRules, LoadLimit, Method, Millis, Mode, Objective, OrgId, Own, Pager, PersonDuty,
    PersonId, PersonRules, Personal, RotaId, RotaRules, ServiceId, Sli, SloId, SourceId, TeamId,
    Urgency, Watched,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One organisation as configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// The organisation.
    pub org: OrgId,
    /// The address under which people reach this server, without a trailing slash; links in
    /// messages start with it.
    pub public_url: Option<String>,
    /// Everybody.
    pub people: BTreeMap<PersonId, Person>,
    /// Teams.
    pub teams: BTreeMap<TeamId, Team>,
    /// Services, ours and suppliers'.
    pub services: BTreeMap<ServiceId, Service>,
    /// Features.
    pub features: BTreeMap<FeatureId, Feature>,
    /// Rotas.
    pub rotas: BTreeMap<RotaId, Rota>,
    /// Escalation policies. A policy named like a team is that team's default.
    pub escalations: BTreeMap<EscalationId, Escalation>,
    /// Ways out. The first of a medium, in order of priority and then of id, carries messages of that
    /// medium; the others stand in for it.
    pub channels: BTreeMap<ChannelId, Channel>,
    /// Priorities that were written: a smaller number comes first. [`crate::PRIORITY_USUAL`] for the others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channel_priorities: BTreeMap<ChannelId, u16>,
    /// How long receipts of a channel may take, where it is written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channel_receipts: BTreeMap<ChannelId, Millis>,
    /// What comes back through channels.
    #[serde(default, skip_serializing_if = "crate::Back::is_empty")]
    pub back: crate::Back,
    /// Where samples come from.
    pub sources: BTreeMap<SourceId, Source>,
    /// Heartbeats, planned work, and the product itself.
    #[serde(default, skip_serializing_if = "Watched::is_empty")]
    pub watched: Watched,
    /// How pages leave: for real or in shadow, and how many one person may get.
    #[serde(default, skip_serializing_if = "Pager::is_default")]
    pub pager: Pager,
    /// What hours on duty are paid, where it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay: Option<crate::Pay>,
}

/// Somebody who can own, sign and be paged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// How to call them; the id when none is given.
    pub name: Option<Personal>,
    /// IANA zone, such as `Africa/Nairobi`.
    pub timezone: String,
    /// How to reach them; a page goes to all of these at once unless they have rules of their own.
    /// Possibly empty.
    pub contacts: Vec<Contact>,
    /// Hours, skills and absences.
    #[serde(default, skip_serializing_if = "crate::duty::is_default")]
    pub duty: PersonDuty,
    /// In which order they want to be reached.
    #[serde(default, skip_serializing_if = "PersonRules::is_empty")]
    pub rules: PersonRules,
    /// What other pagers call them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aka: Vec<Personal>,
}

/// One address of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Which kind of channel can deliver to it.
    pub medium: Medium,
    /// E-mail address, telephone number in E.164, ntfy topic, or what the chat calls them.
    pub address: Personal,
}

/// A kind of way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// SMTP.
    Email,
    /// A text message to a telephone.
    Sms,
    /// A push message through an ntfy server.
    Ntfy,
    /// A signed POST to another system (Standard Webhooks).
    Webhook,
    /// A telephone that rings.
    Voice,
    /// A push message through Pushover.
    Pushover,
    /// Slack.
    Slack,
    /// Mattermost.
    Mattermost,
    /// Microsoft Teams.
    Teams,
    /// Discord.
    Discord,
    /// Telegram.
    Telegram,
    /// Matrix.
    Matrix,
}

/// People who own things together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// In the order written; never empty.
    pub members: Vec<PersonId>,
    /// For real or in shadow, where it differs from the organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// How many pages one of them may get, where the rota says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadLimit>,
    /// The rota whose people take the team's interruptions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tribute: Option<RotaId>,
}

/// Something that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Ours, with a team, or a supplier's.
    pub kind: ServiceKind,
    /// Its objectives by name.
    pub slos: BTreeMap<String, Slo>,
    /// Whether its alerts wake people; `None`: as the policy says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
}

/// Whose service it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceKind {
    /// Run by one of our teams.
    Own {
        /// Which.
        team: TeamId,
    },
    /// Run by somebody else; we only see whether it works.
    Supplier,
}

/// An objective of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slo {
    /// What is promised.
    pub objective: Objective,
    /// Rolling window over which it is promised.
    pub window: Millis,
    /// Selector of the counter of bad events, e.g. `http_requests_total{code=~"5.."}`.
    pub bad: String,
    /// Selector of the counter of all events.
    pub total: String,
    /// Where the two are read.
    pub source: SourceId,
    /// What the two selectors mean.
    #[serde(default, skip_serializing_if = "Sli::is_plain")]
    pub sli: Sli,
    /// Whether events or slices of time count.
    #[serde(default, skip_serializing_if = "is_default")]
    pub method: Method,
    /// The calendar that the window follows; `window` is then the longest it can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Calendar>,
    /// What somebody loses when it fails, in a user's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loses: Option<String>,
    /// When it alerts the team of its service by itself; `None`: only features that need it do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alerts: Option<Alerts>,
}

/// Something a user does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// The promise as a question in users' words.
    pub question: String,
    /// Who answers for it.
    pub team: TeamId,
    /// What is promised.
    pub objective: Objective,
    /// Rolling window over which it is promised.
    pub window: Millis,
    /// The services it takes.
    pub needs: Need,
    /// Who must sign it, and until when the signatures hold.
    pub owners: Option<Owners>,
    /// Who is paged, and how; `None` when its team has no policy: then nobody can be paged, which
    /// `check` warns about.
    pub escalation: Option<EscalationId>,
    /// Whether events or slices of time count.
    #[serde(default, skip_serializing_if = "is_default")]
    pub method: Method,
    /// The calendar that the window follows; `window` is then the longest it can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Calendar>,
    /// Whether its alerts wake people; `None`: as service or policy say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// What it measures of its own.
    #[serde(default, skip_serializing_if = "Own::is_empty")]
    pub own: Own,
    /// Whether it is only looked at: nothing about its budget alerts anybody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alerts_nobody: bool,
    /// When its budget alerts; empty: as usual.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<AlertCondition>,
    /// When it alerts on how the budget stands.
    #[serde(default, skip_serializing_if = "BudgetAlerts::is_usual")]
    pub budget_alerts: BudgetAlerts,
    /// Who changed the promise last and why, as the file says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<crate::RevisionNote>,
    /// The parts of its traffic that are looked at by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<Box<crate::Segments>>,
    /// What lists are filtered by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_default(method: &Method) -> bool {
    *method == Method::default()
}

/// How a feature is made of service objectives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// Works only while every part works. Never empty.
    All(Vec<Need>),
    /// Works while one part works. Never empty.
    Any(Vec<Need>),
    /// Works while so many parts work.
    Quorum {
        /// How many must work: at least 1, at most as many as there are parts.
        works_min: u16,
        /// The parts. Never empty.
        of: Vec<Need>,
    },
    /// Every attempt takes one of these ways. Never empty.
    Routes(Vec<Route>),
    /// One service objective.
    Slo(SloId),
}

/// One of the ways an attempt can take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// How many attempts take this way, in parts of the sum over all ways: a share of traffic,
    /// never of importance. At least 1.
    pub parts: u16,
    /// What this way needs.
    pub need: Need,
}

/// Who signs a feature's objective.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owners {
    /// For product.
    pub product: PersonId,
    /// For engineering.
    pub engineering: PersonId,
    /// The day, `YYYY-MM-DD`, by which they look at it again.
    pub review: Option<String>,
}

/// Who is on duty when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rota {
    /// IANA zone in which hand-over times are meant.
    pub timezone: String,
    /// The layers; a later one stands above an earlier one. Never empty.
    pub layers: Vec<Layer>,
    /// What it says beyond its layers.
    #[serde(default, skip_serializing_if = "crate::duty::is_default")]
    pub rules: RotaRules,
    /// How long whoever comes on duty has to say that they know, where that is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<Millis>,
    /// How many pages whoever is on duty may get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadLimit>,
}

/// People who take turns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// In order of turn; never empty.
    pub people: Vec<PersonId>,
    /// How long a turn is.
    pub turn: Turn,
    /// Day of hand-over for turns of weeks; ignored for turns of days.
    pub handover_day: Weekday,
    /// Minute of the local day at which hand-over happens, 0 to 1439.
    pub handover_minute: u16,
    /// The local day, `YYYY-MM-DD`, on which the first person's first turn starts (moved to the
    /// first hand-over on or after it). The 1st of January 2024, a Monday, unless written.
    pub starts: String,
    /// What it says beyond its turns.
    #[serde(default, skip_serializing_if = "crate::duty::is_default")]
    pub rules: LayerRules,
}

/// Length of a turn, in calendar units of the rota's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// So many hours on a clock on the wall, at least 1.
    Hours(u16),
    /// So many calendar days, at least 1.
    Days(u16),
    /// So many weeks, at least 1.
    Weeks(u16),
    /// So many calendar months, at least 1.
    Months(u16),
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// A way out, as the operator configured it. Secrets are references, never values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// An SMTP server.
    Smtp {
        /// Host name or address.
        host: String,
        /// Port.
        port: u16,
        /// Sender address.
        from: String,
        /// `none`, `starttls` or `tls`.
        encryption: String,
        /// User name, where the server wants one.
        username: Option<String>,
        /// Password, where the server wants one.
        password: Option<SecretRef>,
        /// The mailbox that Lamplighter reads: replies are asked for at this address with the key of
        /// the notice after a `+`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        inbox: Option<String>,
        /// A PEM file with the authority of the server's certificate, where it is no public one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        authority: Option<String>,
    },
    /// SMS through Twilio's REST API.
    Twilio {
        /// Base URL, `https://api.twilio.com` unless changed.
        url: String,
        /// Account SID.
        account: String,
        /// Auth token.
        token: SecretRef,
        /// Sender number.
        from: String,
    },
    /// SMS through any HTTP gateway.
    HttpSms {
        /// Where to send; `{to}`, `{text}` and `{key}` in it are replaced, URL-encoded.
        url: String,
        /// `GET` or `POST`.
        method: String,
        /// Body of a POST; `{to}`, `{text}` and `{key}` are replaced and JSON-escaped.
        body: Option<String>,
        /// Extra headers; values may be secrets.
        headers: BTreeMap<String, SecretRef>,
    },
    /// An ntfy server.
    Ntfy {
        /// Base URL.
        url: String,
        /// Access token, where the server wants one.
        token: Option<SecretRef>,
    },
    /// A receiver of Standard Webhooks.
    Webhook {
        /// Where to POST.
        url: String,
        /// Signing secret, `whsec_…`.
        secret: SecretRef,
    },
    /// Calls through Twilio's REST API.
    TwilioVoice {
        /// Base URL, `https://api.twilio.com` unless changed.
        url: String,
        /// Account SID.
        account: String,
        /// Auth token.
        token: SecretRef,
        /// The number that calls.
        from: String,
        /// The language in which texts are read, such as `en-GB`.
        language: String,
    },
    /// SMS through Kannel's `sendsms`.
    Kannel {
        /// The whole address of `sendsms`, such as `http://127.0.0.1:13013/cgi-bin/sendsms`.
        url: String,
        /// User name of the `sendsms-user` group.
        username: String,
        /// Its password.
        password: SecretRef,
        /// Sender; Kannel's default when absent.
        from: Option<String>,
        /// The connection, where one of several is to be taken.
        smsc: Option<String>,
    },
    /// A room of Slack, through an incoming webhook.
    SlackWebhook {
        /// The webhook's address, which is a secret.
        webhook: SecretRef,
    },
    /// Slack through a bot.
    Slack {
        /// Base URL of the API, `https://slack.com/api` unless changed.
        url: String,
        /// The bot's token.
        token: SecretRef,
        /// The channel that is used when this is paged itself.
        room: Option<String>,
        /// Checks what Slack sends to us; without it messages have no buttons but a link.
        signing_secret: Option<SecretRef>,
    },
    /// Mattermost, through an incoming webhook.
    Mattermost {
        /// The webhook's address, which is a secret.
        webhook: SecretRef,
        /// The channel that is used when this is paged itself; the webhook's own when absent.
        room: Option<String>,
    },
    /// A channel or chat of Microsoft Teams, through the address of a workflow.
    Teams {
        /// The workflow's address, which is a secret.
        webhook: SecretRef,
    },
    /// A channel of Discord, through a webhook.
    Discord {
        /// The webhook's address, which is a secret.
        webhook: SecretRef,
    },
    /// Telegram through a bot.
    Telegram {
        /// Base URL of the API, `https://api.telegram.org` unless changed.
        url: String,
        /// The bot's token.
        token: SecretRef,
        /// The chat that is used when this is paged itself.
        room: Option<String>,
        /// What Telegram says with every update (`secret_token` of `setWebhook`); without it messages
        /// have no buttons but a link.
        webhook_secret: Option<SecretRef>,
    },
    /// Matrix, through its client API.
    Matrix {
        /// Base URL of the home server.
        url: String,
        /// Access token.
        token: SecretRef,
        /// The room that is used when this is paged itself.
        room: Option<String>,
    },
    /// Pushover.
    Pushover {
        /// Base URL of the API, `https://api.pushover.net` unless changed.
        url: String,
        /// The application's token.
        token: SecretRef,
        /// How often a page is repeated until somebody takes it; at least 30 s.
        retry: Millis,
        /// For how long it is repeated; at most three hours.
        expire: Millis,
        /// The group that is used when this is paged itself.
        room: Option<String>,
    },
    /// The demo's own inbox: mail and telephone as views. Only `lamplighter demo` makes it.
    Inbox,
}

impl Channel {
    /// Which media this channel can deliver.
    #[must_use]
    pub fn media(&self) -> &'static [Medium] {
        match self {
            Self::Smtp { .. } => &[Medium::Email],
            Self::Twilio { .. } | Self::HttpSms { .. } | Self::Kannel { .. } => &[Medium::Sms],
            Self::TwilioVoice { .. } => &[Medium::Voice],
            Self::SlackWebhook { .. } | Self::Slack { .. } => &[Medium::Slack],
            Self::Mattermost { .. } => &[Medium::Mattermost],
            Self::Teams { .. } => &[Medium::Teams],
            Self::Discord { .. } => &[Medium::Discord],
            Self::Telegram { .. } => &[Medium::Telegram],
            Self::Matrix { .. } => &[Medium::Matrix],
            Self::Pushover { .. } => &[Medium::Pushover],
            Self::Ntfy { .. } => &[Medium::Ntfy],
            Self::Webhook { .. } => &[Medium::Webhook],
            Self::Inbox => &[
                Medium::Email,
                Medium::Sms,
                Medium::Ntfy,
                Medium::Voice,
                Medium::Pushover,
                Medium::Slack,
                Medium::Mattermost,
                Medium::Teams,
                Medium::Discord,
                Medium::Telegram,
                Medium::Matrix,
                Medium::Webhook,
            ],
        }
    }
}

/// Where a secret is kept; configuration never holds the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretRef {
    /// An environment variable of the server.
    Env(String),
    /// The first line of a file.
    File(String),
    /// Not a secret at all: a plain header value or the like.
    Plain(String),
}

/// Where samples come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// How it is read.
    pub kind: SourceKind,
    /// How often counters are scraped: by the Prometheus behind it, or by us.
    pub interval: Millis,
}

/// How a source is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A Prometheus-compatible HTTP API.
    Prometheus {
        /// Base URL, without `/api/v1`.
        url: String,
        /// Sent as `Authorization: Bearer …`, where wanted.
        token: Option<SecretRef>,
    },
    /// `/metrics` endpoints read by ourselves.
    Scrape {
        /// Full URL of each endpoint by its `job` label.
        targets: BTreeMap<String, String>,
    },
}

impl Catalogue {
    /// The service objective `id`, or what a feature measures under it, if there is one.
    #[must_use]
    pub fn slo(&self, id: &SloId) -> Option<&Slo> {
        let of_service = || self.services.get(&id.service)?.slos.get(&id.name);
        of_service().or_else(|| self.own_slo(id))
    }

    /// Every service objective, in order of id.
    pub fn slos(&self) -> impl Iterator<Item = (SloId, &Slo)> {
        self.services.iter().flat_map(|(service, it)| {
            it.slos
                .iter()
                .map(|(name, slo)| (SloId { service: service.clone(), name: name.clone() }, slo))
        })
    }

    /// The features that need `service`, in order of id.
    pub fn features_needing<'a>(
        &'a self,
        service: &'a ServiceId,
    ) -> impl Iterator<Item = &'a FeatureId> {
        self.features
            .iter()
            .filter(|(_, it)| it.needs.slos().iter().any(|slo| slo.service == *service))
            .map(|(id, _)| id)
    }

    /// The channel that carries `medium` to people: the first of [`Self::channels_for`].
    #[must_use]
    pub fn channel_for(&self, medium: Medium) -> Option<&ChannelId> {
        self.channels_for(medium).next()
    }

    /// Whether something is told when `rota` changes hands: as it says, or where a policy calls it or
    /// it takes a team's interruptions.
    #[must_use]
    pub fn hands_over(&self, rota: &RotaId) -> bool {
        let calls = |target: &crate::PageTarget| matches!(target, crate::PageTarget::Rota(id) | crate::PageTarget::RotaNext(id) if id == rota);
        let on_call = || {
            let mut steps = self.escalations.values().flat_map(|it| &it.steps);
            steps.any(|it| it.page.iter().any(calls))
        };
        let tribute = || self.teams.values().any(|it| it.tribute.as_ref() == Some(rota));
        let usual = || on_call() || tribute();
        self.rotas.get(rota).is_some_and(|it| it.rules.handover.on.unwrap_or_else(usual))
    }

    /// What to call `person`.
    #[must_use]
    pub fn name_of<'a>(&'a self, person: &'a PersonId) -> &'a str {
        self.people
            .get(person)
            .and_then(|it| it.name.as_ref()?.text())
            .unwrap_or_else(|| person.as_str())
    }
}

impl Need {
    /// Every service objective named in it, without repetition, in order of id.
    #[must_use]
    pub fn slos(&self) -> std::collections::BTreeSet<&SloId> {
        let mut found = std::collections::BTreeSet::new();
        self.collect(&mut found);
        found
    }

    fn collect<'a>(&'a self, found: &mut std::collections::BTreeSet<&'a SloId>) {
        match self {
            Self::All(parts) | Self::Any(parts) | Self::Quorum { of: parts, .. } => {
                for part in parts {
                    part.collect(found);
                }
            }
            Self::Routes(routes) => {
                for route in routes {
                    route.need.collect(found);
                }
            }
            Self::Slo(id) => {
                found.insert(id);
            }
        }
    }
}
