//! The walk over tree and table that finds everything wrong with a value by itself, and every
//! name that leads nowhere.
//!
//! Invariants:
//! - a problem in one value never hides a problem in another;
//! - what passes here can be turned into a catalogue without failing, but for `semantics`.

use crate::diagnostic::{Problem, Sink, Span, quote};
use crate::scalars::{self, Refused, TargetKind, Zones, refused};
use crate::sections::{Sections, Symbols};
use crate::shape::{Keys, Kind, Limits, NEED_KEYS, Namespace, Plain, Presence, ROOT, Shape};
use crate::suggest;
use crate::yaml::{Class, Data, Entry, Node, Scalar};
use model::{Millis, Objective};
use std::collections::{BTreeMap, BTreeSet};

/// Reports whatever is wrong with the documents of `sections`.
pub(crate) fn check(sections: &Sections, symbols: &Symbols<'_>, sink: &mut Sink) {
    let mut checker =
        Checker { symbols, sink, zones: Zones::bundled(), good_patterns: BTreeSet::new() };
    for document in &sections.documents {
        // `org` may stand in any one of the files, so nothing is required of each.
        let here = Here { name: "", span: first_byte(document.span) };
        checker.keyed(document, &ROOT, &here);
    }
}

fn first_byte(span: Span) -> Span {
    Span { end: span.start, ..span }
}

/// Where a value hangs: the nearest key above it.
struct Here<'a> {
    /// Empty for a document as a whole.
    name: &'a str,
    span: Span,
}

impl Here<'_> {
    fn label(&self) -> String {
        if self.name.is_empty() { "a configuration".to_owned() } else { quote(self.name) }
    }
}

struct Checker<'a> {
    symbols: &'a Symbols<'a>,
    sink: &'a mut Sink,
    zones: Zones,
    good_patterns: BTreeSet<String>,
}

impl Checker<'_> {
    fn value(&mut self, node: &Node, kind: &'static Kind, here: &Here<'_>) {
        if self.is_nothing(node, here) {
            return;
        }
        match kind {
            Kind::Plain(plain) => self.plain(node, *plain, here),
            Kind::Name(namespace) => self.name(node, *namespace),
            Kind::Need => self.need(node, here),
            Kind::List(of) => self.list(node, of, here),
            Kind::Set(of) => {
                self.list(node, of, here);
                self.without_repetition(node);
            }
            Kind::OneOrSet(of) => {
                if let Data::List(_) = node.data {
                    self.list(node, of, here);
                    self.without_repetition(node);
                } else {
                    self.value(node, of, here);
                }
            }
            Kind::Map(keys, of) => self.map(node, *keys, of, here),
            Kind::Record(shape) => self.record(node, shape, here),
            Kind::OneOf(shape) => self.one_of(node, shape, here),
            Kind::Either { list, record } => match node.data {
                Data::Map(_) => self.record(node, record, here),
                _ => self.value(node, list, here),
            },
        }
    }

    /// A key without a value, an empty list, an empty map: most likely something is missing.
    fn is_nothing(&mut self, node: &Node, here: &Here<'_>) -> bool {
        let (nothing, span) = match &node.data {
            Data::Scalar(it) => (it.class == Class::Null, here.span),
            Data::List(items) => (items.is_empty(), node.span),
            // A map whose keys were all refused is not empty to its author.
            Data::Map(entries) => {
                (entries.is_empty() && node.span.end - node.span.start <= 2, node.span)
            }
        };
        if nothing {
            let problem = Problem::at(span, "LL013", format!("{} is empty", here.label()));
            self.sink.push(problem.hint("give it a value, or leave the key out"));
        }
        nothing
    }

    fn wrong_type(&mut self, node: &Node, wanted: &str, hint: Option<String>, here: &Here<'_>) {
        // The span of a block is long; its first line says enough.
        let message = format!("{} must be {wanted}, and is {}", here.label(), node.describe());
        self.sink.push(Problem::at(node.span, "LL012", message).hint_maybe(hint));
    }

    fn list(&mut self, node: &Node, of: &'static Kind, here: &Here<'_>) {
        let Data::List(items) = &node.data else {
            let hint = "write it in brackets, `[…]`, or each item on a line that begins with `- `";
            return self.wrong_type(node, "a list", Some(hint.to_owned()), here);
        };
        for item in items {
            self.value(item, of, &Here { name: here.name, span: item.span });
        }
    }

    fn without_repetition(&mut self, node: &Node) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for item in node.items() {
            let Some(text) = item.text() else { continue };
            if let Some(first) = seen.insert(text, item.span) {
                let message = format!("{} is listed twice", quote(text));
                let problem = Problem::at(item.span, "LL016", message)
                    .hint("once is enough")
                    .related(first, "first listed here");
                self.sink.push(problem);
            }
        }
    }

    fn map(&mut self, node: &Node, keys: Keys, of: &'static Kind, here: &Here<'_>) {
        let Data::Map(entries) = &node.data else {
            return self.wrong_type(node, "a map", Some(MAP_HINT.to_owned()), here);
        };
        for entry in entries {
            self.key(entry, keys);
            self.value(&entry.value, of, &Here { name: &entry.key, span: entry.key_span });
        }
    }

    fn key(&mut self, entry: &Entry, keys: Keys) {
        let text = &entry.key;
        let problem = match keys {
            Keys::Ids => (!scalars::is_id(text)).then(|| bad_id(text)),
            Keys::Texts(chars_max) => text_problem(text, chars_max),
            Keys::Headers => (!scalars::is_header_name(text)).then(|| {
                let message = format!("{} cannot be the name of an HTTP header", quote(text));
                refused("LL037", message, "use letters, digits and `-`, as in `X-Gateway`")
            }),
        };
        self.refuse(entry.key_span, problem);
    }

    fn record(&mut self, node: &Node, shape: &'static Shape, here: &Here<'_>) {
        if !self.keyed(node, shape, here) {
            return;
        }
        for field in shape.fields.iter().filter(|it| it.presence == Presence::Required) {
            if node.get(field.key).is_none() {
                let message = format!("{} lacks {}", here.label(), quote(field.key));
                let problem = Problem::at(here.span, "LL011", message);
                self.sink.push(problem.hint(field.about));
            }
        }
    }

    fn one_of(&mut self, node: &Node, shape: &'static Shape, here: &Here<'_>) {
        let known = |it: &&Entry| shape.field(&it.key).is_some();
        let count = node.entries().iter().filter(known).count();
        let unknown_count = node.entries().len() - count;
        // An unknown key alone is reported as such: it is a misspelt kind.
        if self.keyed(node, shape, here) && (count > 1 || (count == 0 && unknown_count == 0)) {
            let keys: Vec<_> = shape.fields.iter().map(|it| format!("`{}`", it.key)).collect();
            let message = format!("{} must have exactly one kind", here.label());
            let hint = format!("write one of {}", keys.join(", "));
            self.sink.push(Problem::at(here.span, "LL014", message).hint(hint));
        }
    }

    /// Checks the entries of `node` against the keys of `shape`; whether it is a map at all.
    fn keyed(&mut self, node: &Node, shape: &'static Shape, here: &Here<'_>) -> bool {
        let Data::Map(entries) = &node.data else {
            self.wrong_type(node, "a map", Some(MAP_HINT.to_owned()), here);
            return false;
        };
        for entry in entries {
            if let Some(field) = shape.field(&entry.key) {
                let here = Here { name: &entry.key, span: entry.key_span };
                self.value(&entry.value, &field.kind, &here);
            } else {
                let message = format!("unknown key {} in {}", quote(&entry.key), shape.title);
                let hint = suggest::hint(&entry.key, shape.fields.iter().map(|it| it.key));
                self.sink.push(Problem::at(entry.key_span, "LL010", message).hint_maybe(hint));
            }
        }
        true
    }

    fn name(&mut self, node: &Node, namespace: Namespace) {
        let Some(id) = node.text() else {
            let here = Here { name: namespace.noun(), span: node.span };
            let wanted = format!("the id of a {}", namespace.noun());
            return self.wrong_type(node, &wanted, type_hint(node, Plain::Id), &here);
        };
        self.reference(id, node.span, namespace);
    }

    fn reference(&mut self, id: &str, span: Span, namespace: Namespace) {
        if self.symbols.has(namespace, id) || !self.sink.everything_was_read() {
            return;
        }
        let message = format!("unknown {} {}", namespace.noun(), quote(id));
        let hint = if self.sink.is_full() {
            None
        } else {
            suggest::hint(id, self.symbols.known(namespace))
        };
        let hint = hint.unwrap_or_else(|| format!("define the {} first", namespace.noun()));
        self.sink.push(Problem::at(span, "LL040", message).hint(hint));
    }

    fn need(&mut self, node: &Node, here: &Here<'_>) {
        if let Data::Map(entries) = &node.data {
            return self.need_map(entries, here);
        }
        if let Some(text) = node.text() {
            return self.need_leaf(text, node.span);
        }
        let wanted =
            "`service.slo`, `feature ID`, or a map with `all`, `any`, `quorum`, `routes` or `only`";
        let hint = matches!(node.data, Data::List(_))
            .then(|| "say whether `all` or `any`: `{ all: […] }`".to_owned());
        self.wrong_type(node, wanted, hint, here);
    }

    fn need_map(&mut self, entries: &[Entry], here: &Here<'_>) {
        let mut known_count = 0;
        for entry in entries {
            if let Some((_, kind)) = NEED_KEYS.iter().find(|it| it.0 == entry.key) {
                known_count += 1;
                let here = Here { name: &entry.key, span: entry.key_span };
                self.value(&entry.value, kind, &here);
                if entry.key == "quorum" {
                    self.quorum_fits(&entry.value);
                }
            } else {
                let message = format!("unknown key {} in need", quote(&entry.key));
                let hint = suggest::hint(&entry.key, NEED_KEYS.iter().map(|it| it.0));
                self.sink.push(Problem::at(entry.key_span, "LL010", message).hint_maybe(hint));
            }
        }
        if known_count > 1 {
            let message = "`all`, `any`, `quorum`, `routes` and `only` cannot stand side by side";
            let hint = "put one inside the other: `{ all: [a.up, { any: [b.up, c.up] }] }`";
            self.sink.push(Problem::at(here.span, "LL014", message).hint(hint));
        }
    }

    /// Whether as many can work as must.
    fn quorum_fits(&mut self, quorum: &Node) {
        let (Some(works), Some(of)) = (quorum.get("works"), quorum.get("of")) else { return };
        let Data::Scalar(wanted) = &works.data else { return };
        let there = of.items().len();
        if there > 0 && wanted.text.parse::<usize>().is_ok_and(|it| it > there) {
            let message = format!("{} of {there} can never work", wanted.text);
            let hint = "want at most as many as there are, or use `all`";
            self.sink.push(Problem::at(works.span, "LL034", message).hint(hint));
        }
    }

    fn need_leaf(&mut self, text: &str, span: Span) {
        if let Some(feature) = text.strip_prefix("feature ") {
            return self.reference(feature.trim_start(), span, Namespace::Feature);
        }
        let Some((service, slo)) = text.split_once('.') else {
            let (message, hint) = self.dotless(text);
            self.sink.push(Problem::at(span, "LL038", message).hint(hint));
            return;
        };
        let Some(slos) = self.symbols.slos_of(service) else {
            return self.reference(service, span, Namespace::Service);
        };
        if !slos.contains(slo) && self.sink.everything_was_read() {
            let message = format!("service {} has no objective {}", quote(service), quote(slo));
            let hint = suggest::hint(slo, slos.iter().copied());
            let hint = hint.unwrap_or_else(|| "define it under `slos` of the service".to_owned());
            self.sink.push(Problem::at(span, "LL040", message).hint(hint));
        }
    }

    /// What to say of a need that has no dot: most likely it names a service or a feature.
    fn dotless(&self, text: &str) -> (String, String) {
        if let Some(slos) = self.symbols.slos_of(text) {
            let message =
                format!("{} is a service; a need names one of its objectives", quote(text));
            let slo = slos.first().copied().unwrap_or("availability");
            return (message, format!("write `{text}.{slo}`"));
        }
        if self.symbols.has(Namespace::Feature, text) {
            let message = format!("{} is a feature, and not said to be one", quote(text));
            return (message, format!("write `feature {text}`"));
        }
        let hint = "write `service.slo`, such as `payments-api.availability`, or `feature ID`";
        (format!("{} is no need", quote(text)), hint.to_owned())
    }

    fn plain(&mut self, node: &Node, plain: Plain, here: &Here<'_>) {
        let Data::Scalar(scalar) = &node.data else {
            return self.wrong_type(node, wanted(plain), None, here);
        };
        // A secret in the clear may look like a number; a message about its type would show it.
        let is_secret = plain == Plain::Secret
            || plain == Plain::Header && scalars::header(here.name, &scalar.text).is_err();
        if scalar.class != class_of(plain) && !is_secret {
            return self.wrong_type(node, wanted(plain), type_hint(node, plain), here);
        }
        self.plain_scalar(scalar, plain, node.span, here);
    }

    fn plain_scalar(&mut self, scalar: &Scalar, plain: Plain, span: Span, here: &Here<'_>) {
        let text = scalar.text.as_str();
        let problem = match plain {
            Plain::Target => return self.target(text, span),
            Plain::Zone => self.zone_problem(text),
            Plain::Selector => scalars::selector(text, &mut self.good_patterns).err(),
            Plain::Header => scalars::header(here.name, text).err(),
            _ => plain_problem(text, plain),
        };
        self.refuse(span, problem);
    }

    fn refuse(&mut self, span: Span, problem: Option<Refused>) {
        if let Some(Refused { code, message, hint }) = problem {
            self.sink.push(Problem::at(span, code, message).hint_maybe(hint));
        }
    }

    fn target(&mut self, text: &str, span: Span) {
        let Some((kind, id)) = scalars::target(text) else {
            let message = format!("{} does not say whom to page", quote(text));
            let hint = "write `rota ID`, `rota ID next`, `team ID`, `person ID` or `channel ID`";
            self.sink.push(Problem::at(span, "LL036", message).hint(hint));
            return;
        };
        let namespace = match kind {
            TargetKind::Rota | TargetKind::RotaNext => Namespace::Rota,
            TargetKind::Team => Namespace::Team,
            TargetKind::Person => Namespace::Person,
            TargetKind::Channel => Namespace::Channel,
        };
        self.reference(id, span, namespace);
    }

    fn zone_problem(&self, text: &str) -> Option<Refused> {
        if self.zones.contains(text) {
            return None;
        }
        let near = if self.sink.is_full() { None } else { self.zones.near(text) };
        let hint = near.map_or_else(
            || "use a name of the IANA database, such as `Africa/Nairobi`".to_owned(),
            |it| format!("did you mean `{it}`?"),
        );
        let message = format!("unknown time zone {}", quote(text));
        Some(Refused { code: "LL023", message, hint: Some(hint) })
    }
}

const MAP_HINT: &str = "write `key: value` lines, indented below it, or `{ key: value }`";

/// How to write what was perhaps meant by a value of the wrong class.
fn type_hint(node: &Node, plain: Plain) -> Option<String> {
    const SHOWN_BYTES_MAX: usize = 40;
    let Data::Scalar(it) = &node.data else { return None };
    let text = it.text.as_str();
    match plain {
        Plain::Whole(..) | Plain::Switch => Some("write it without quotes".to_owned()),
        Plain::Objective => Some(format!("write `{text}%`")),
        Plain::Rate => Some(format!("write `{text}/h`")),
        Plain::Duration(_) => {
            Some(format!("add a unit: `{text}s`, `{text}m`, `{text}h`, `{text}d`"))
        }
        Plain::Turn => Some(format!("add a unit: `{text}h`, `{text}d`, `{text}w`, `{text}mo`")),
        _ if text.len() <= SHOWN_BYTES_MAX && !text.contains(['"', '\\']) => {
            Some(format!("if it is meant as text, write it in quotes: `\"{text}\"`"))
        }
        _ => None,
    }
}

fn class_of(plain: Plain) -> Class {
    match plain {
        Plain::Whole(..) => Class::Whole,
        Plain::Switch => Class::Switch,
        _ => Class::Text,
    }
}

fn wanted(plain: Plain) -> &'static str {
    match plain {
        Plain::Whole(..) => "a whole number",
        Plain::Switch => "`true` or `false`",
        Plain::Objective => "a percentage such as `99.9%`",
        Plain::Duration(_) => "a length of time such as `5m`",
        Plain::Phone => "a telephone number in quotes, such as `\"+254700000001\"`",
        Plain::Secret => "`env:NAME` or `file:/path`",
        Plain::Target => "somebody to page, such as `rota payments`",
        Plain::Hours => "hours of a day, such as `09:00-18:00`",
        Plain::BudgetWhen => "`below 10%` or `spent`",
        _ => "text",
    }
}

/// What is wrong with `text` as a single value that needs nothing else to be judged.
#[expect(clippy::too_many_lines, reason = "a table of kinds")]
fn plain_problem(text: &str, plain: Plain) -> Option<Refused> {
    let unless = |ok: bool, code, what: &str, hint| {
        (!ok).then(|| refused(code, format!("{} is no {what}", quote(text)), hint))
    };
    match plain {
        Plain::Text(chars_max) => text_problem(text, chars_max),
        Plain::Id => (!scalars::is_id(text)).then(|| bad_id(text)),
        Plain::Objective => objective_problem(text),
        Plain::Duration(limits) => duration_problem(text, limits),
        Plain::Turn => unless(
            scalars::turn(text).is_some(),
            "LL026",
            "length of a turn",
            "write whole hours, days, weeks or months: up to `168h`, `366d`, `52w`, `12mo`",
        ),
        Plain::DutyHours => unless(
            scalars::duty_hours(text).is_some(),
            "LL064",
            "range of hours",
            "write them like `mon-fri 09:00-17:00`, `sat 10:00-24:00` or `22:00-06:00`",
        ),
        Plain::Clock => unless(
            scalars::clock(text).is_some(),
            "LL064",
            "time of day",
            "write it like `\"09:00\"`",
        ),
        Plain::Rate => unless(
            scalars::cents(text).is_some(),
            "LL093",
            "amount for an hour",
            "write `250/h`, `2.5/h` or `2.50/h`",
        ),
        Plain::Absence => unless(
            crate::leave::is_absence(text),
            "LL090",
            "day, and no calendar",
            "write `2026-12-24`, `2026-12-24..2027-01-02` (a year at most), or the name of a file that ends with `.ics`",
        ),
        Plain::Recurrence => scalars::recurrence(text).err().map(|why| {
            let message = format!("{} names no days: {why}", quote(text));
            refused(
                "LL065",
                message,
                "write `mon-thu`, `daily`, or an RRULE: `FREQ=WEEKLY;BYDAY=MO`",
            )
        }),
        Plain::Handover => unless(
            scalars::handover(text).is_some(),
            "LL025",
            "hand-over time",
            "write a day (mon, tue, wed, thu, fri, sat, sun) and a time: `mon 09:00`",
        ),
        Plain::Hours => unless(
            scalars::hours(text).is_some(),
            "LL080",
            "span of hours",
            "write when it begins and when it ends, in 24 hours: `22:00-07:00`",
        ),
        Plain::Date => unless(
            scalars::is_date(text),
            "LL024",
            "day of the calendar",
            "write year, month and day: `2027-01-31`",
        ),
        Plain::Whole(least, most) => whole_problem(text, least, most),
        Plain::Email => unless(
            scalars::is_email(text),
            "LL027",
            "e-mail address",
            "write it like `ana@solar.example`",
        ),
        Plain::Phone => unless(
            scalars::is_phone(text),
            "LL028",
            "telephone number",
            "write it in E.164, with country code and without spaces: `\"+254700000001\"`",
        ),
        Plain::Topic => unless(
            scalars::is_topic(text),
            "LL037",
            "ntfy topic",
            "use 1 to 64 letters, digits, `-` and `_`",
        ),
        Plain::Host => unless(
            scalars::is_host(text),
            "LL037",
            "host name or address",
            "write it like `mail.solar.example` or `10.0.0.7`, without port",
        ),
        Plain::Url => scalars::url(text).err(),
        Plain::UrlTemplate => scalars::url_template(text).err(),
        Plain::Secret => scalars::secret(text).err(),
        Plain::BudgetWhen => unless(
            scalars::budget_when(text).is_some(),
            "LL061",
            "state of a budget",
            "write `below 10%`, with a whole number from 1 to 100, or `spent`",
        ),
        Plain::When => crate::exclusions::when_problem(text).map(|message| Refused {
            code: "LL070",
            message,
            hint: None,
        }),
        Plain::Matchers => matchers_problem(text),
        Plain::Query => crate::queries::problem(text),
        Plain::Choice(words) => choice_problem(text, words),
        // Numbers and switches were judged by their class; the rest needs the checker.
        Plain::Switch | Plain::Zone | Plain::Selector | Plain::Header | Plain::Target => None,
    }
}

fn matchers_problem(text: &str) -> Option<Refused> {
    let hint = "name at least one label, as in `service=\"payments-db\"`";
    match alerting::Matcher::parse_list(text) {
        Err(error) => Some(refused("LL071", error.to_string(), hint)),
        Ok(list) if alerting::match_everything(&list) => {
            Some(refused("LL071", "this would hide every alert there is", hint))
        }
        Ok(_) => None,
    }
}

fn bad_id(text: &str) -> Refused {
    let hint =
        "use 1 to 64 lower-case letters, digits, `-` and `_`, and begin with a letter or digit";
    refused("LL017", format!("{} is not written as an id", quote(text)), hint)
}

fn text_problem(text: &str, chars_max: usize) -> Option<Refused> {
    let count = text.chars().count();
    if count > chars_max {
        let message = format!("this text has {count} characters; at most {chars_max} are possible");
        return Some(refused("LL033", message, "say it shorter"));
    }
    text.trim().is_empty().then(|| refused("LL013", "this text is empty", "write something"))
}

fn objective_problem(text: &str) -> Option<Refused> {
    let error = Objective::parse(text).err()?;
    let hint = "every promise needs room for failure: write a share such as `99.9%`";
    Some(refused("LL020", error.to_string(), hint))
}

fn duration_problem(text: &str, limits: Limits) -> Option<Refused> {
    let Some(length) = scalars::duration(text) else {
        let hint = "write a number with its unit (w, d, h, m, s): `28d`, `5m`, `1h30m`";
        return Some(refused("LL021", format!("{} is no length of time", quote(text)), hint));
    };
    let Limits { shortest, longest } = limits;
    if (shortest..=longest).contains(&length) {
        return None;
    }
    let too = if length < shortest { "short" } else { "long" };
    let hint = format!("use {} to {}", short(shortest), short(longest));
    Some(refused("LL022", format!("{} is too {too}", quote(text)), &hint))
}

fn short(length: Millis) -> String {
    length.to_string()
}

fn whole_problem(text: &str, least: u32, most: u32) -> Option<Refused> {
    if text.parse::<u32>().is_ok_and(|it| (least..=most).contains(&it)) {
        return None;
    }
    let message = format!("{} is out of range", quote(text));
    Some(refused("LL034", message, &format!("use a whole number from {least} to {most}")))
}

fn choice_problem(text: &str, words: &'static [&'static str]) -> Option<Refused> {
    if words.contains(&text) {
        return None;
    }
    let message = format!("{} is not possible here", quote(text));
    let hint = suggest::hint(text, words.iter().copied());
    Some(Refused { code: "LL035", message, hint })
}
