//! From a tree without errors to a catalogue.
//!
//! Invariants:
//! - called only when nothing in the tree is an error, so nothing here can fail: each `expect`
//!   names the check that made sure;
//! - every default is filled in here, so that no other crate knows any.

mod watched;

use crate::needs::{self, Leaf};
use crate::own::Promised;
use crate::roads;
use crate::rotas;
use crate::scalars;
use crate::sections::Sections;
use crate::semantics;
use crate::shape;
use crate::yaml::{Class, Data, Entry, Node};
use model::{
    Catalogue, Channel, Contact, ContactRule, Escalation, EscalationStep, Feature, Hours,
    LoadLimit, LoadPer, LoadThen, Millis, Mode, Need, Objective, Owners, Pager, Person, PersonId,
    PersonRules, Personal, Quiet, Route, SecretRef, Service, ServiceKind, Severity, Slo, SloId,
    Source, SourceId, SourceKind, Team, Urgency, Weekday, When,
};
use std::collections::BTreeMap;

/// Makes the catalogue.
pub(crate) fn build(sections: &Sections) -> Catalogue {
    let org = sections.top("org").next().and_then(|it| it.value.text());
    let url = sections.top("public-url").next().and_then(|it| it.value.text());
    let services = services(sections);
    let mut catalogue = Catalogue {
        org: org.expect("`org` is required").into(),
        public_url: url.map(without_slash),
        people: collect(sections, "people", |it| person(&it.key, &it.value)),
        teams: collect(sections, "teams", |it| team(&it.value)),
        features: features(sections, &services),
        services,
        rotas: collect(sections, "rotas", |it| rotas::rota(&it.value)),
        escalations: collect(sections, "escalations", |it| escalation(&it.value)),
        channels: collect(sections, "channels", |it| channel(&it.value)),
        channel_priorities: sections
            .entries("channels")
            .filter_map(|it| Some((it.key.as_str().into(), roads::priority(it)?)))
            .collect(),
        channel_receipts: sections
            .entries("channels")
            .filter_map(|it| Some((it.key.as_str().into(), roads::receipt_within(it)?)))
            .collect(),
        back: crate::back::build(sections),
        sources: collect(sections, "sources", |it| source(&it.value)),
        watched: watched::watched(sections),
        pager: pager(sections),
        pay: rotas::pay(sections),
    };
    watched::add_synthetic(&mut catalogue);
    catalogue
}

fn collect<K: Ord + for<'a> From<&'a str>, V>(
    sections: &Sections,
    section: &'static str,
    value: impl Fn(&Entry) -> V,
) -> BTreeMap<K, V> {
    sections.entries(section).map(|it| (K::from(it.key.as_str()), value(it))).collect()
}

fn person(id: &str, node: &Node) -> Person {
    let subject = PersonId::from(id);
    let personal = |key: &str| Some(Personal::new(subject.clone(), node.get(key)?.text()?));
    let contacts = roads::contact_keys()
        .filter_map(|(key, medium)| Some(Contact { medium, address: personal(key)? }));
    Person {
        name: personal("name"),
        timezone: text(node, "timezone").to_owned(),
        contacts: contacts.collect(),
        duty: rotas::person_duty(node),
        rules: rules(node),
        aka: items(node, "aka", |it| {
            Personal::new(subject.clone(), it.text().expect("a name is text"))
        }),
    }
}

fn rules(node: &Node) -> PersonRules {
    let of = |key| {
        node.get("rules").map_or_else(Vec::new, |it| {
            items(it, key, |rule| ContactRule {
                by: scalars::medium(text(rule, "by")).expect("`by` is one of the words"),
                after: duration(rule, "after", shape::AFTER_DEFAULT),
            })
        })
    };
    let quiet = node.get("quiet").and_then(Node::text).and_then(scalars::hours);
    let quiet = quiet.map(|(from_minute, to_minute)| Quiet { from_minute, to_minute });
    PersonRules { page: of("page"), ticket: of("ticket"), quiet }
}

fn services(sections: &Sections) -> BTreeMap<model::ServiceId, Service> {
    let source = semantics::source_default(sections);
    let slos = |node: &Node| -> BTreeMap<String, Slo> {
        let entries = node.get("slos").map_or(&[][..], Node::entries);
        entries.iter().map(|it| (it.key.clone(), slo(&it.value, source))).collect()
    };
    let service = |it: &Entry, kind| {
        let (slos, urgency) = (slos(&it.value), urgency(&it.value));
        (it.key.as_str().into(), Service { kind, slos, urgency })
    };
    let own = sections.entries("services").map(|it| {
        let kind = ServiceKind::Own { team: text(&it.value, "team").into() };
        service(it, kind)
    });
    let suppliers = sections.entries("suppliers").map(|it| service(it, ServiceKind::Supplier));
    own.chain(suppliers).collect()
}

fn slo(node: &Node, source_default: Option<&str>) -> Slo {
    let (sli, bad, total) = crate::slis::sli(node);
    let (window, method, calendar) = crate::slis::promise(node);
    let named = node.get("source").and_then(Node::text);
    let source = if sli.has_no_source() { Some(PUSHED) } else { named.or(source_default) };
    Slo {
        objective: objective(node),
        window,
        bad,
        total,
        source: SourceId::from(source.expect("`sources_are_clear` found a source")),
        sli,
        method,
        calendar,
        loses: node.get("loses").and_then(Node::text).map(str::to_owned),
        alerts: node.get("alerts").map(|it| crate::alerts::build(it, window)),
    }
}

/// The source of what is pushed: it is never read.
pub(crate) const PUSHED: &str = "pushed";

fn features(
    sections: &Sections,
    services: &BTreeMap<model::ServiceId, Service>,
) -> BTreeMap<model::FeatureId, Feature> {
    let source = semantics::source_default(sections);
    let raw = semantics::feature_needs(sections);
    let mut needs: BTreeMap<&str, Need> = BTreeMap::new();
    // Sorted, so that whatever a feature needs is already put together.
    for id in needs::order(&raw).sorted {
        let built = need(raw[id], id, &needs);
        needs.insert(id, built);
    }
    let policies = sections.entries("escalations");
    let policies: std::collections::BTreeSet<&str> = policies.map(|it| it.key.as_str()).collect();
    collect(sections, "features", |it| {
        let node = &it.value;
        let team = text(node, "team");
        let of_team = policies.contains(team).then_some(team);
        let escalation = node.get("escalation").and_then(Node::text).or(of_team);
        let (window, method, calendar) = crate::slis::promise(node);
        let alerts = node.get("alerts").map(|it| crate::alerts::build(it, window));
        let alerts = alerts.unwrap_or_default();
        let objective = objective(node);
        let promised = Promised { objective, window, method, calendar: calendar.clone() };
        let own = crate::own::build(&it.key, node, &promised, services, source);
        let needs = needs[it.key.as_str()].clone();
        let parts = (&needs, &own);
        Feature {
            segments: crate::promises::segments(&it.key, node, &promised, parts, services),
            revision: crate::promises::revision(node),
            labels: crate::promises::labels(node),
            question: text(node, "question").to_owned(),
            team: team.into(),
            objective,
            window,
            method,
            calendar,
            needs,
            owners: node.get("owners").map(owners),
            escalation: escalation.map(Into::into),
            urgency: urgency(node),
            own,
            alerts_nobody: node.get("alerts").is_some_and(crate::alerts::is_none),
            alerts: alerts.conditions,
            budget_alerts: alerts.budget,
        }
    })
}

fn need(node: &Node, feature: &str, features: &BTreeMap<&str, Need>) -> Need {
    if let Some(text) = node.text() {
        return match (Leaf { text, span: node.span }).feature() {
            Some(feature) => features[feature].clone(),
            None => Need::Slo(SloId::parse(text).expect("an id and the name of its objective")),
        };
    }
    let entry = node.entries().first().expect("a map with one of `NEED_KEYS`");
    let parts: Vec<Need> =
        needs::parts(node).into_iter().map(|it| need(it, feature, features)).collect();
    match entry.key.as_str() {
        "only" => match &parts[..] {
            [Need::Slo(member)] => Need::Slo(SloId::edge(member, &feature.into())),
            _ => unreachable!("`of` was checked to name one objective"),
        },
        "all" => Need::All(parts),
        "any" => Need::Any(parts),
        "quorum" => Need::Quorum { works_min: part_count(&entry.value, "works"), of: parts },
        _ => {
            let shares = entry.value.items().iter().map(|it| part_count(it, "share"));
            let route = |(parts, need)| Route { parts, need };
            Need::Routes(shares.zip(parts).map(route).collect())
        }
    }
}

fn owners(node: &Node) -> Owners {
    Owners {
        product: text(node, "product").into(),
        engineering: text(node, "engineering").into(),
        review: node.get("review").and_then(Node::text).map(str::to_owned),
    }
}

fn team(node: &Node) -> Team {
    Team {
        members: ids(node, "members"),
        mode: node.get("mode").and_then(Node::text).map(mode),
        load: node.get("load").map(load),
        tribute: node.get("tribute").and_then(Node::text).map(Into::into),
    }
}

fn pager(sections: &Sections) -> Pager {
    let said = |key: &'static str| sections.top(key).next();
    let calls = said("pages-per-person-per-10min").and_then(|it| number(&it.value));
    let alerts = said("alerts-open-max").and_then(|it| number(&it.value));
    let secret = said("pagerduty-webhook-secret").and_then(|it| it.value.text());
    Pager {
        mode: said("mode").and_then(|it| it.value.text()).map_or(Mode::Live, mode),
        calls_per_10min_max: calls
            .map_or(Pager::CALLS_PER_10MIN, |it| u16::try_from(it).expect("at most 100")),
        alerts_open_max: alerts.unwrap_or(Pager::ALERTS_OPEN),
        pagerduty_secret: secret.map(|it| scalars::secret(it).expect("secrets were checked")),
    }
}

fn mode(text: &str) -> Mode {
    if text == "shadow" { Mode::Shadow } else { Mode::Live }
}

pub(crate) fn load(node: &Node) -> LoadLimit {
    LoadLimit {
        pages: part_count(node, "pages"),
        per: match text_or(node, "per", shape::LOAD_PER_DEFAULT) {
            "night" => LoadPer::Night,
            "24h" => LoadPer::Day,
            _ => LoadPer::Shift,
        },
        then: match text(node, "then") {
            "relieve" => LoadThen::Relieve,
            "credit" => LoadThen::Credit,
            _ => LoadThen::Hold,
        },
    }
}

fn escalation(node: &Node) -> Escalation {
    let steps = semantics::steps_of(node).iter().map(|it| step(it)).collect();
    let mut policy = Escalation::new(steps, whole(node, "repeat").unwrap_or(0));
    policy.ack_timeout = node.get("ack-timeout").and_then(Node::text).and_then(scalars::duration);
    policy.urgency = urgency(node);
    policy
}

fn urgency(node: &Node) -> Option<Urgency> {
    Urgency::parse(node.get("urgency")?.text()?)
}

fn step(node: &Node) -> EscalationStep {
    let page = semantics::targets_of(node).map(|(kind, id, _)| kind.of(id)).collect();
    EscalationStep {
        page,
        wait: duration(node, "wait", shape::WAIT_DEFAULT),
        when: node.get("when").map_or_else(When::default, when),
        acks_min: if node.get("acks").is_some() { part_count(node, "acks") } else { 1 },
        round_robin: node.get("round-robin").is_some_and(semantics::is_true),
    }
}

fn when(node: &Node) -> When {
    let text = |key: &str| node.get(key).and_then(Node::text);
    let hours = text("hours").map(|it| {
        let (from_minute, until_minute) = scalars::hours(it).expect("`hours` was checked");
        Hours { from_minute, until_minute, days: days(node) }
    });
    When {
        hours,
        severity: text("severity").map(|it| match it {
            "ticket" => Severity::Ticket,
            _ => Severity::Page,
        }),
        budget: text("budget").map(|it| scalars::budget_when(it).expect("`budget` was checked")),
    }
}

fn days(node: &Node) -> Vec<Weekday> {
    let named: Vec<&str> = match node.get("days") {
        Some(days) => days.items().iter().filter_map(|it| it.text()).collect(),
        None => shape::DAYS_DEFAULT.to_vec(),
    };
    named.into_iter().map(|it| scalars::weekday(it).expect("`days` was checked")).collect()
}

fn channel(node: &Node) -> Channel {
    let Entry { key, value: node, .. } = node.entries().first().expect("exactly one kind");
    match key.as_str() {
        "smtp" => smtp(node),
        "twilio" => Channel::Twilio {
            url: without_slash(text_or(node, "url", shape::TWILIO_URL_DEFAULT)),
            account: text(node, "account").to_owned(),
            token: secret(node, "token").expect("`token` is required"),
            from: text(node, "from").to_owned(),
        },
        "sms-http" => Channel::HttpSms {
            url: text(node, "url").to_owned(),
            method: text_or(node, "method", shape::METHOD_DEFAULT).to_owned(),
            body: node.get("body").and_then(Node::text).map(str::to_owned),
            headers: headers(node),
        },
        "ntfy" => {
            Channel::Ntfy { url: without_slash(text(node, "url")), token: secret(node, "token") }
        }
        "webhook" => Channel::Webhook {
            url: text(node, "url").to_owned(),
            secret: secret(node, "secret").expect("`secret` is required"),
        },
        other => roads::channel(other, node).expect("the shape of a channel knows no other"),
    }
}

fn smtp(node: &Node) -> Channel {
    let encryption = text_or(node, "encryption", shape::ENCRYPTION_DEFAULT);
    let usual_port = match encryption {
        "tls" => 465,
        "none" => 25,
        _ => 587,
    };
    let port = whole(node, "port").unwrap_or(usual_port);
    Channel::Smtp {
        host: text(node, "host").to_owned(),
        port: u16::try_from(port).expect("`port` was checked"),
        from: text(node, "from").to_owned(),
        encryption: encryption.to_owned(),
        username: node.get("username").and_then(Node::text).map(str::to_owned),
        password: secret(node, "password"),
        inbox: node.get("inbox").and_then(Node::text).map(str::to_owned),
        authority: node.get("authority").and_then(Node::text).map(str::to_owned),
    }
}

fn headers(node: &Node) -> BTreeMap<String, SecretRef> {
    let entries = node.get("headers").map_or(&[][..], Node::entries);
    let value = |it: &Entry| {
        let text = it.value.text().expect("a header is text");
        scalars::header(&it.key, text).expect("headers were checked")
    };
    entries.iter().map(|it| (it.key.clone(), value(it))).collect()
}

fn source(node: &Node) -> Source {
    let Entry { key, value: node, .. } = node.entries().first().expect("exactly one kind");
    let kind = match key.as_str() {
        "prometheus" => SourceKind::Prometheus {
            url: without_slash(text(node, "url")),
            token: secret(node, "token"),
        },
        "scrape" => {
            let targets = node.get("targets").expect("`targets` is required").entries();
            let url = |it: &Entry| it.value.text().expect("a target is text").to_owned();
            SourceKind::Scrape {
                targets: targets.iter().map(|it| (it.key.clone(), url(it))).collect(),
            }
        }
        other => unreachable!("the shape of a source knows no `{other}`"),
    };
    Source { kind, interval: duration(node, "interval", shape::INTERVAL_DEFAULT) }
}

pub(crate) fn text<'a>(node: &'a Node, key: &str) -> &'a str {
    node.get(key).and_then(Node::text).expect("a required key was checked to be text")
}

pub(crate) fn text_or<'a>(node: &'a Node, key: &str, default: &'a str) -> &'a str {
    node.get(key).and_then(Node::text).unwrap_or(default)
}

fn part_count(node: &Node, key: &str) -> u16 {
    let count = whole(node, key).and_then(|it| u16::try_from(it).ok());
    count.expect("the shape wants it and keeps it small")
}

pub(crate) fn whole(node: &Node, key: &str) -> Option<u32> {
    number(node.get(key)?)
}

fn number(node: &Node) -> Option<u32> {
    match &node.data {
        Data::Scalar(it) if it.class == Class::Whole => it.text.parse().ok(),
        _ => None,
    }
}

pub(crate) fn items<T>(node: &Node, key: &str, item: impl Fn(&Node) -> T) -> Vec<T> {
    node.get(key).map_or(&[][..], Node::items).iter().map(|it| item(it)).collect()
}

pub(crate) fn ids<T: for<'a> From<&'a str>>(node: &Node, key: &str) -> Vec<T> {
    items(node, key, |it| T::from(it.text().expect("a reference is text")))
}

fn objective(node: &Node) -> Objective {
    Objective::parse(text(node, "objective")).expect("`objective` was checked")
}

pub(crate) fn duration(node: &Node, key: &str, default: &str) -> Millis {
    scalars::duration(text_or(node, key, default)).expect("lengths of time were checked")
}

pub(crate) fn optional_duration(node: &Node, key: &str) -> Option<Millis> {
    let text = node.get(key)?.text()?;
    Some(scalars::duration(text).expect("lengths of time were checked"))
}

pub(crate) fn secret(node: &Node, key: &str) -> Option<SecretRef> {
    let text = node.get(key)?.text()?;
    Some(scalars::secret(text).expect("secrets were checked"))
}

pub(crate) fn without_slash(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}
