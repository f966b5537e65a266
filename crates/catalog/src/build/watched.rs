//! Heartbeats, planned work, and the product watching itself, from the tree.

use super::{collect, duration, items, secret, text, text_or};
use crate::sections::Sections;
use crate::yaml::Node;
use crate::{scalars, shape};
use model::{
    Catalogue, Channel, CountsAs, Escalation, EscalationStep, ExcludedTimes, Exclusion, Heartbeat,
    Maintenance, Millis, Occasions, OutboundPing, PageTarget, PersonId, Personal, Recurrence,
    SYNTHETIC, SecretRef, Severity, Synthetic, Watched,
};

/// Longest grace of a heartbeat that names none.
const GRACE_DEFAULT_MAX: Millis = Millis::from_hours(1);

/// How long the real channel of a synthetic page waits behind our own receiver.
const SYNTHETIC_REST: Millis = Millis::from_secs(5);

pub(super) fn watched(sections: &Sections) -> Watched {
    let watch = sections.top("watch").next().map(|it| &it.value);
    Watched {
        heartbeats: collect(sections, "heartbeats", |it| heartbeat(&it.value)),
        maintenance: collect(sections, "maintenance", |it| maintenance(&it.value)),
        exclusions: collect(sections, "exclusions", |it| exclusion(&it.value)),
        synthetic: watch.and_then(|it| it.get("synthetic")).map(synthetic),
        ping: watch.and_then(|it| it.get("ping")).map(ping),
    }
}

/// The way of synthetic pages: a channel back to ourselves, and a policy that uses nothing but it and
/// the channel that is to be tried. The address and the key of the channel are known to the server
/// only once it listens; no message of anybody else goes there.
pub(super) fn add_synthetic(catalogue: &mut Catalogue) {
    let Some(it) = &catalogue.watched.synthetic else { return };
    let own = Channel::Webhook {
        url: "http://127.0.0.1/api/v1/watch/receipt".to_owned(),
        // No secret: each start of the server takes a new key in the place of this one.
        secret: SecretRef::Plain(format!("whsec_{}", "A".repeat(32))),
    };
    let step = |channel: &str, wait| EscalationStep::new(PageTarget::Channel(channel.into()), wait);
    let mut steps = vec![step(SYNTHETIC, it.deadline)];
    if let Some(channel) = &it.channel {
        steps = vec![
            step(SYNTHETIC, SYNTHETIC_REST.min(Millis(it.deadline.0 / 4))),
            step(channel.as_str(), it.deadline),
        ];
    }
    catalogue.channels.insert(SYNTHETIC.into(), own);
    catalogue.escalations.insert(SYNTHETIC.into(), Escalation::new(steps, 0));
}

fn heartbeat(node: &Node) -> Heartbeat {
    let every = scalars::duration(text(node, "every")).expect("`every` was checked");
    let grace = node.get("grace").and_then(Node::text).and_then(scalars::duration);
    let severity = match text_or(node, "severity", "page") {
        "ticket" => Severity::Ticket,
        _ => Severity::Page,
    };
    let named = |key: &str| node.get(key).and_then(Node::text);
    Heartbeat {
        every,
        grace: grace.unwrap_or_else(|| Millis(every.0 / 4).min(GRACE_DEFAULT_MAX)),
        severity,
        feature: named("feature").map(Into::into),
        service: named("service").map(Into::into),
        team: named("team").map(Into::into),
    }
}

fn maintenance(node: &Node) -> Maintenance {
    Maintenance {
        matchers: text(node, "matchers").to_owned(),
        when: Recurrence::parse(text(node, "when")).expect("`when` was checked"),
        timezone: text(node, "timezone").to_owned(),
        lasts: duration(node, "lasts", ""),
        owner: text(node, "owner").into(),
        reason: text(node, "reason").to_owned(),
    }
}

fn exclusion(node: &Node) -> Exclusion {
    let named = |key: &str| node.get(key).and_then(Node::text);
    let times = match named("during") {
        Some(window) => ExcludedTimes::During(window.into()),
        None => ExcludedTimes::Own(Occasions {
            when: Recurrence::parse(text(node, "when")).expect("`when` was checked"),
            timezone: text(node, "timezone").to_owned(),
            lasts: duration(node, "lasts", ""),
        }),
    };
    let owner = PersonId::from(text(node, "owner"));
    let ids = |key| items(node, key, |it| it.text().expect("a name is text").to_owned());
    Exclusion {
        features: ids("features").iter().map(|it| it.as_str().into()).collect(),
        slos: ids("slos").iter().map(|it| it.as_str().into()).collect(),
        counts: CountsAs::parse(text(node, "counts")).expect("one of the words"),
        times,
        reason: Personal::new(owner.clone(), text(node, "reason")),
        owner,
    }
}

fn synthetic(node: &Node) -> Synthetic {
    Synthetic {
        every: duration(node, "every", shape::SYNTHETIC_EVERY_DEFAULT),
        deadline: duration(node, "deadline", shape::DEADLINE_DEFAULT),
        channel: node.get("channel").and_then(Node::text).map(Into::into),
    }
}

fn ping(node: &Node) -> OutboundPing {
    OutboundPing {
        url: text(node, "url").to_owned(),
        every: duration(node, "every", shape::PING_EVERY_DEFAULT),
        token: secret(node, "token"),
    }
}
