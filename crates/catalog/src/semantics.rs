//! What can only be judged by looking at several parts at once.
//!
//! Invariants:
//! - whatever is malformed or dangling was reported by `check`; here it is passed over in silence;
//! - nothing here recurses over the number of things defined.

use crate::diagnostic::{Problem, Sink, Span, quote};
use crate::needs::{self, Leaf};
use crate::roads;
use crate::scalars::{self, TargetKind};
use crate::sections::Sections;
use crate::shape::SOURCE_DEFAULT;
use crate::yaml::{Class, Data, Entry, Node};
use std::collections::{BTreeMap, BTreeSet};

/// Most service objectives of one feature, once the features it needs are put in.
pub(crate) const FEATURE_PARTS_MAX: u64 = 1_000;
/// Of the sums of shares of all routes of a feature, the largest product.
const ROUTE_SHARES_MAX: u64 = slo::composition::ROUTE_PARTS_MAX as u64;
/// Most combinations of routes of a feature.
const ROUTES_COMBINED_MAX: u64 = slo::composition::VARIANTS_MAX as u64;
/// Deepest nesting of needs, once the features it needs are put in.
pub(crate) const FEATURE_DEPTH_MAX: u64 = 32;

/// Reports whatever does not fit together.
pub(crate) fn check(sections: &Sections, sink: &mut Sink) {
    needs_fit(sections, sink);
    handovers_have_days(sections, sink);
    crate::rotas::check(sections, sink);
    channels_are_complete(sections, sink);
    roads::check(sections, sink);
    crate::back::check(sections, sink);
    channels_can_be_paged(sections, sink);
    crate::slis::check(sections, sink);
    crate::own::check(sections, sink);
    crate::alerts::check(sections, sink);
    crate::exclusions::check(sections, sink);
    crate::promises::check(sections, sink);
    own_names_are_free(sections, sink);
    warn_follow_the_sun(sections, sink);
    // The next ones tell what is missing, which only a complete reading can.
    if sink.everything_was_read() {
        sources_are_clear(sections, sink);
        warn_without_escalation(sections, sink);
        warn_unreachable(sections, sink);
        warn_too_many_acks(sections, sink);
        warn_dead_rules(sections, sink);
    }
    warn_tickets_only(sections, sink);
}

/// A step that wants more people than it and the steps before it can call is never answered.
fn warn_too_many_acks(sections: &Sections, sink: &mut Sink) {
    for policy in sections.entries("escalations") {
        let steps = steps_of(&policy.value);
        for (idx, step) in steps.iter().enumerate() {
            let Some(acks) = step.get("acks") else { continue };
            let Data::Scalar(wanted) = &acks.data else { continue };
            let called = steps[..=idx].iter().flat_map(|it| targets_of(it));
            let there = people_of(sections, called).len();
            if wanted.text.parse::<usize>().is_ok_and(|it| it > there) {
                let message =
                    format!("{} people are to take it, and {there} can be called", wanted.text);
                let hint = "want fewer, or name more people in this step or before it";
                sink.push(Problem::at(acks.span, "LL062", message).hint(hint));
            }
        }
    }
}

fn warn_tickets_only(sections: &Sections, sink: &mut Sink) {
    for step in steps(sections) {
        let Some(severity) = step.get("when").and_then(|it| it.get("severity")) else { continue };
        if severity.text() == Some("ticket") {
            let message = "this step is never taken: tickets call nobody";
            let hint = "leave the step out, or let the alert be a `page`";
            sink.push(Problem::at(severity.span, "LL063", message).hint(hint));
        }
    }
}

/// The needs of every feature that has some. Of an id defined twice, the first.
pub(crate) fn feature_needs(sections: &Sections) -> BTreeMap<&str, &Node> {
    let mut found = BTreeMap::new();
    for feature in sections.entries("features") {
        if let Some(needs) = feature.value.get("needs") {
            found.entry(feature.key.as_str()).or_insert(needs);
        }
    }
    found
}

fn needs_fit(sections: &Sections, sink: &mut Sink) {
    let needs = feature_needs(sections);
    let order = needs::order(&needs);
    for circle in &order.circles {
        sink.push(circle_problem(circle));
    }
    let mut extents: BTreeMap<&str, Extent> = BTreeMap::new();
    for id in order.sorted {
        let extent = extent(needs[id], &extents);
        if extent.parts > FEATURE_PARTS_MAX || extent.depth > FEATURE_DEPTH_MAX {
            let message = format!("{} needs too much to be kept in view", quote(id));
            let hint = format!(
                "with the features it needs put in, at most {FEATURE_PARTS_MAX} objectives and \
                 {FEATURE_DEPTH_MAX} levels are possible"
            );
            let place = sections.entries("features").find(|it| it.key == id);
            let span = place.map_or(needs[id].span, |it| it.key_span);
            sink.push(Problem::at(span, "LL044", message).hint(hint));
            // Those that need it are as large; it is enough to say it once.
            extents.insert(id, Extent::ONE);
        } else if extent.shares > ROUTE_SHARES_MAX || extent.combinations > ROUTES_COMBINED_MAX {
            let message = format!("the routes of {} divide its attempts too finely", quote(id));
            let hint = format!(
                "the sums of their shares may multiply to {ROUTE_SHARES_MAX} and their \
                 combinations to {ROUTES_COMBINED_MAX}: write small numbers, such as 7 and 3"
            );
            let place = sections.entries("features").find(|it| it.key == id);
            let span = place.map_or(needs[id].span, |it| it.key_span);
            sink.push(Problem::at(span, "LL047", message).hint(hint));
            extents.insert(id, Extent::ONE);
        } else {
            extents.insert(id, extent);
        }
    }
}

fn circle_problem(circle: &[Leaf<'_>]) -> Problem {
    const NAMED_MAX: usize = 8;
    let mut names: Vec<String> = circle.iter().filter_map(|it| it.feature()).map(quote).collect();
    let first = circle[circle.len() - 1];
    // The walk enters the circle at the feature which its last leaf names.
    names.rotate_right(1);
    names.push(names[0].clone());
    if names.len() > NAMED_MAX {
        let dropped = names.len() - NAMED_MAX;
        names.splice(NAMED_MAX - 1..names.len() - 1, [format!("… {dropped} more …")]);
    }
    let message = format!("features need each other in a circle: {}", names.join(" → "));
    Problem::at(first.span, "LL041", message).hint("take one of these needs away")
}

/// How large a need is.
#[derive(Debug, Clone, Copy)]
struct Extent {
    parts: u64,
    depth: u64,
    /// The product of the sums of shares of all routes.
    shares: u64,
    /// Combinations of routes.
    combinations: u64,
}

impl Extent {
    const ONE: Self = Self { parts: 1, depth: 1, shares: 1, combinations: 1 };
}

fn extent(need: &Node, known: &BTreeMap<&str, Extent>) -> Extent {
    if let Some(text) = need.text() {
        let leaf = Leaf { text, span: need.span };
        let of_feature = leaf.feature().and_then(|it| known.get(it)).copied();
        return of_feature.unwrap_or(Extent::ONE);
    }
    // The tree is never deep, so this may recurse.
    let routes = need.get("routes").map_or(&[][..], Node::items);
    let of_routes = !routes.is_empty();
    let mut total = Extent { parts: 0, depth: 0, ..Extent::ONE };
    let mut apart = 0_u64;
    for child in needs::parts(need) {
        let child = extent(child, known);
        total.parts = total.parts.saturating_add(child.parts);
        total.depth = total.depth.max(child.depth);
        total.shares = total.shares.saturating_mul(child.shares);
        total.combinations = total.combinations.saturating_mul(child.combinations);
        apart = apart.saturating_add(child.combinations);
    }
    if of_routes {
        let shares = routes.iter().filter_map(|it| match &it.get("share")?.data {
            Data::Scalar(share) => share.text.parse::<u64>().ok(),
            _ => None,
        });
        total.shares = total.shares.saturating_mul(shares.sum());
        total.combinations = apart;
    }
    total.depth += 1;
    total
}

/// Every objective, with its name, of services and suppliers.
pub(crate) fn slos(sections: &Sections) -> impl Iterator<Item = (&Entry, &Entry)> {
    sections.entries("services").chain(sections.entries("suppliers")).flat_map(|service| {
        let slos = service.value.get("slos").map_or(&[][..], Node::entries);
        slos.iter().map(move |slo| (service, slo))
    })
}

/// The source of an objective that names none: the only one, or the one called `default`.
pub(crate) fn source_default(sections: &Sections) -> Option<&str> {
    let mut sources = sections.entries("sources").map(|it| it.key.as_str());
    let first = sources.next()?;
    if sources.next().is_none() {
        return Some(first);
    }
    sections.entries("sources").map(|it| it.key.as_str()).find(|it| *it == SOURCE_DEFAULT)
}

fn sources_are_clear(sections: &Sections, sink: &mut Sink) {
    if source_default(sections).is_some() {
        return;
    }
    let of_services = slos(sections).filter(|(_, slo)| is_read_somewhere(slo));
    let mut without: Vec<(&str, Span)> =
        of_services.map(|(_, slo)| (slo.key.as_str(), slo.key_span)).collect();
    without.extend(crate::own::without_source(sections));
    let Some((_, first)) = without.first() else { return };
    if sections.entries("sources").next().is_none() {
        let message = "there is no source from which objectives could be measured";
        let hint = "add `sources: { prometheus: { prometheus: { url: http://127.0.0.1:9090 } } }`, \
                    or a `scrape` source";
        sink.push(Problem::at(*first, "LL042", message).hint(hint));
        return;
    }
    for (key, span) in without {
        let message = format!("it is not clear where {} is read", quote(key));
        let hint = "name one as `source: ID`, or call one of the sources `default`";
        sink.push(Problem::at(span, "LL043", message).hint(hint));
    }
}

/// Whether the objective needs a source and names none.
pub(crate) fn is_read_somewhere(slo: &Entry) -> bool {
    ["source", "pushed", "heartbeat"].iter().all(|it| slo.value.get(it).is_none())
}

fn layers(sections: &Sections) -> impl Iterator<Item = &Node> {
    let rotas = sections.entries("rotas").filter_map(|it| it.value.get("layers"));
    rotas.flat_map(Node::items).map(|it| &**it)
}

fn handovers_have_days(sections: &Sections, sink: &mut Sink) {
    for layer in layers(sections) {
        let Some(handover) = layer.get("handover") else { continue };
        let weekly = layer.get("turn").and_then(Node::text).is_some_and(|it| it.ends_with('w'));
        let dayless =
            handover.text().and_then(scalars::handover).is_some_and(|it| it.day.is_none());
        if weekly && dayless {
            let message = "turns of weeks change hands on a day, and none is named";
            let problem = Problem::at(handover.span, "LL025", message);
            sink.push(problem.hint("write a day and a time: `mon 09:00`"));
        }
    }
}

fn channels_are_complete(sections: &Sections, sink: &mut Sink) {
    for channel in sections.entries("channels") {
        if let Some(smtp) = channel.value.get("smtp") {
            both_or_neither(smtp, ["username", "password"], sink);
        }
        let Some(gateway) = channel.value.get("sms-http") else { continue };
        let is_get = gateway.get("method").and_then(Node::text) == Some("GET");
        if let Some(body) = gateway.entries().iter().find(|it| it.key == "body").filter(|_| is_get)
        {
            let problem = Problem::at(body.key_span, "LL019", "a GET has no body");
            sink.push(problem.hint("put `{to}` and `{text}` into the URL, or use `method: POST`"));
        }
    }
}

fn both_or_neither(node: &Node, keys: [&str; 2], sink: &mut Sink) {
    for (key, other) in [(keys[0], keys[1]), (keys[1], keys[0])] {
        let Some(entry) = node.entries().iter().find(|it| it.key == key) else { continue };
        if node.get(other).is_none() {
            let message = format!("{} stands here without {}", quote(key), quote(other));
            let problem = Problem::at(entry.key_span, "LL019", message);
            sink.push(problem.hint("write both, or neither"));
        }
    }
}

/// Every step of every policy.
fn steps(sections: &Sections) -> impl Iterator<Item = &Node> {
    sections.entries("escalations").flat_map(|it| steps_of(&it.value)).map(|it| &**it)
}

/// The steps of one policy, in either form.
pub(crate) fn steps_of(policy: &Node) -> &[std::rc::Rc<Node>] {
    policy.get("steps").unwrap_or(policy).items()
}

fn targets(sections: &Sections) -> impl Iterator<Item = (TargetKind, &str, Span)> {
    steps(sections).flat_map(targets_of)
}

/// Whom a step names: one target, or each of a list.
pub(crate) fn targets_of(step: &Node) -> impl Iterator<Item = (TargetKind, &str, Span)> {
    let page = step.get("page");
    let one = page.filter(|it| it.text().is_some()).into_iter();
    let many = page.map_or(&[][..], Node::items).iter().map(|it| &**it);
    one.chain(many).filter_map(|it| {
        let (kind, id) = scalars::target(it.text()?)?;
        Some((kind, id, it.span))
    })
}

/// Whether a switch is on.
pub(crate) fn is_true(node: &Node) -> bool {
    matches!(&node.data, Data::Scalar(it)
        if it.class == Class::Switch && it.text.eq_ignore_ascii_case("true"))
}

fn channels_can_be_paged(sections: &Sections, sink: &mut Sink) {
    let others: BTreeSet<&str> = sections
        .entries("channels")
        .filter(|it| it.value.entries().first().is_some_and(|it| !roads::is_place(it)))
        .map(|it| it.key.as_str())
        .collect();
    for (kind, id, span) in targets(sections) {
        if kind == TargetKind::Channel && others.contains(id) {
            let message =
                format!("channel {} cannot be paged: it needs somebody's address", quote(id));
            let hint = "page a person, a team or a rota, or a channel that leads to one place: a \
                        `webhook`, or a chat with a `room`";
            sink.push(Problem::at(span, "LL046", message).hint(hint));
        }
    }
}

/// Synthetic pages need a channel and an escalation that nobody else uses, and leave by webhooks.
fn own_names_are_free(sections: &Sections, sink: &mut Sink) {
    for entry in sections.entries("channels").chain(sections.entries("escalations")) {
        if entry.key == model::SYNTHETIC {
            let message = format!("{} is used by the product itself", quote(&entry.key));
            sink.push(Problem::at(entry.key_span, "LL072", message).hint("choose another name"));
        }
    }
    let synthetic = sections.top("watch").find_map(|it| it.value.get("synthetic"));
    let Some(channel) = synthetic.and_then(|it| it.get("channel")) else { return };
    let by_id = sections.entries("channels").find(|it| channel.text() == Some(&it.key));
    if by_id.is_some_and(|it| it.value.get("webhook").is_none()) {
        let message =
            "a synthetic page leaves by a webhook: other channels need somebody's address";
        let problem = Problem::at(channel.span, "LL046", message);
        sink.push(problem.hint("name a `webhook`, or leave `channel` out"));
    }
}

fn warn_follow_the_sun(sections: &Sections, sink: &mut Sink) {
    for rota in sections.entries("rotas") {
        let Some(node) = rota.value.get("follow-the-sun") else { continue };
        if is_true(node) {
            let message = "`follow-the-sun` is not acted upon: people take whole turns";
            let hint = "write what `lamplighter rota sun` proposes from people's `hours`";
            sink.push(Problem::at(node.span, "LL051", message).hint(hint));
        }
    }
}

fn warn_without_escalation(sections: &Sections, sink: &mut Sink) {
    let policies: BTreeSet<&str> =
        sections.entries("escalations").map(|it| it.key.as_str()).collect();
    for feature in sections.entries("features") {
        let Some(team) = feature.value.get("team").and_then(Node::text) else { continue };
        let wanted = !feature.value.get("alerts").is_some_and(crate::alerts::is_none);
        if wanted && feature.value.get("escalation").is_none() && !policies.contains(team) {
            let message = format!("nobody is paged for {}", quote(&feature.key));
            let hint =
                format!("define an escalation {}, or name one as `escalation: ID`", quote(team));
            sink.push(Problem::at(feature.key_span, "LL050", message).hint(hint));
        }
    }
}

fn warn_unreachable(sections: &Sections, sink: &mut Sink) {
    let Some(escalations) = sections.top("escalations").next() else { return };
    if sections.entries("channels").next().is_none() {
        let message = "there is no channel, so no page reaches anybody";
        let hint = "add `channels: { push: { ntfy: { url: https://ntfy.sh } } }`, or another";
        sink.push(Problem::at(escalations.key_span, "LL053", message).hint(hint));
        return;
    }
    let kinds: BTreeSet<&str> = sections
        .entries("channels")
        .flat_map(|it| it.value.entries())
        .flat_map(roads::carries)
        .copied()
        .collect();
    let reaches = |contact: &str| kinds.contains(contact);
    let paged = paged_people(sections);
    for person in sections.entries("people").filter(|it| paged.contains(it.key.as_str())) {
        if !person.value.entries().iter().any(|it| reaches(&it.key)) {
            let message = format!("{} can be paged, but not reached", quote(&person.key));
            let hint =
                "give them an `email`, `sms`, `ntfy` or another that one of the channels delivers";
            sink.push(Problem::at(person.key_span, "LL052", message).hint(hint));
        }
    }
}

/// A rule without an address behind it reaches nobody.
fn warn_dead_rules(sections: &Sections, sink: &mut Sink) {
    for person in sections.entries("people") {
        let Some(rules) = person.value.get("rules") else { continue };
        for rule in rules.entries().iter().flat_map(|it| it.value.items()) {
            let Some(by) = rule.get("by") else { continue };
            let Some(word) = by.text().filter(|it| scalars::medium(it).is_some()) else { continue };
            let key = if word == "push" { "ntfy" } else { word };
            if person.value.get(key).is_none() {
                let message =
                    format!("{} has a rule for {word} and no `{key}`", quote(&person.key));
                let hint = format!("give them a `{key}`, or take the rule away");
                sink.push(Problem::at(by.span, "LL081", message).hint(hint));
            }
        }
    }
}

/// Everybody whom a step may page.
fn paged_people(sections: &Sections) -> BTreeSet<&str> {
    people_of(sections, targets(sections))
}

/// Everybody whom one of `targets` may name.
fn people_of<'a>(
    sections: &'a Sections,
    targets: impl Iterator<Item = (TargetKind, &'a str, Span)>,
) -> BTreeSet<&'a str> {
    fn names(list: Option<&Node>) -> impl Iterator<Item = &str> {
        list.map_or(&[][..], Node::items).iter().filter_map(|it| it.text())
    }
    let by_id = |section| -> BTreeMap<&str, &Node> {
        sections.entries(section).map(|it| (it.key.as_str(), &*it.value)).collect()
    };
    let (teams, rotas) = (by_id("teams"), by_id("rotas"));
    let mut paged = BTreeSet::new();
    for (kind, id, _) in targets {
        match kind {
            TargetKind::Person => paged.extend([id]),
            TargetKind::Team => {
                paged.extend(names(teams.get(id).and_then(|it| it.get("members"))));
            }
            TargetKind::Rota | TargetKind::RotaNext => {
                let layers = rotas.get(id).and_then(|it| it.get("layers"));
                let layers = layers.map_or(&[][..], Node::items);
                paged.extend(layers.iter().flat_map(|it| names(it.get("people"))));
            }
            TargetKind::Channel => {}
        }
    }
    paged
}
