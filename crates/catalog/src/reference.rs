//! The table of keys as JSON Schema for editors, and as a chapter of the book.
//!
//! Invariants: both are made from `shape` alone, and both are the same on every machine. The
//! schema never refuses what the reader takes; it is allowed to know less.

use crate::shape::{Keys, Kind, Limits, NEED_KEYS, Plain, Presence, ROOT, Shape};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

const ID_PATTERN: &str = "^[a-z0-9][a-z0-9_-]{0,63}$";
const HOURS_PATTERN: &str = "^((mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))? +)?[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$";
const DURATION_PATTERN: &str = "^(?=.)([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$";

/// A JSON Schema (2020-12) of the configuration, for editors that complete and validate.
#[must_use]
pub fn json_schema() -> Value {
    let mut shapes = Vec::new();
    collect(&ROOT, &mut shapes);
    let mut definitions = Map::new();
    definitions.insert("need".to_owned(), need_schema());
    for shape in shapes.iter().filter(|it| !std::ptr::eq(**it, &raw const ROOT)) {
        let one = is_variant(shape);
        definitions.insert(definition_name(shape), shape_schema(shape, one));
    }
    let mut schema = shape_schema(&ROOT, false);
    let root = schema.as_object_mut().expect("the schema of a shape is a map");
    // A file of a folder may leave `org` to another one.
    root.remove("required");
    root.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
    root.insert("title".to_owned(), "Configuration of Lamplighter".into());
    root.insert("$defs".to_owned(), Value::Object(definitions));
    schema
}

/// The reference of the configuration as a chapter of the book.
#[must_use]
pub fn reference_markdown() -> String {
    let mut shapes = Vec::new();
    collect(&ROOT, &mut shapes);
    let mut text = String::from(
        "# Configuration reference\n\n\
         Configuration is YAML, in one file or in all `*.yaml` and `*.yml` files of a folder \
         together. Things are keyed by id: 1 to 64 lower-case letters, digits, `-` and `_`, \
         beginning with a letter or digit. Unknown keys are errors. Secrets are never written \
         here, only where they are kept: `env:NAME` (a variable of the server) or `file:/path` \
         (the first line of a file).\n\n\
         Files of Prometheus and Alertmanager in the same folder are recognised and skipped. \
         For completion in an editor, name the [schema](lamplighter.schema.json) in the first \
         line: `# yaml-language-server: $schema=lamplighter.schema.json`.\n",
    );
    for shape in shapes {
        let about = shape.about;
        write!(text, "\n## {}\n\n{about}\n\n", shape.title).expect(WRITES);
        text.push_str("| key | holds | if left out | meaning |\n|---|---|---|---|\n");
        for field in shape.fields {
            let absent = match field.presence {
                Presence::Required => "error".to_owned(),
                Presence::Optional => "—".to_owned(),
                Presence::Default(words) if words.contains(' ') && !words.contains(':') => {
                    words.to_owned()
                }
                Presence::Default(value) => format!("`{value}`"),
            };
            let holds = holds(&field.kind).replace('|', "\\|");
            let about = field.about.replace('|', "\\|");
            writeln!(text, "| `{}` | {holds} | {absent} | {about} |", field.key).expect(WRITES);
        }
    }
    text
}

const WRITES: &str = "a string takes what is written to it";

/// `shape` and every shape below it, each once, outer before inner.
pub(crate) fn collect(shape: &'static Shape, into: &mut Vec<&'static Shape>) {
    if into.iter().any(|it| std::ptr::eq(*it, shape)) {
        return;
    }
    into.push(shape);
    shape.fields.iter().for_each(|it| collect_kind(&it.kind, into));
}

fn collect_kind(kind: &'static Kind, into: &mut Vec<&'static Shape>) {
    match kind {
        Kind::Plain(_) | Kind::Name(_) => {}
        Kind::Need => {
            for (_, kind) in &NEED_KEYS {
                // The parts of a group are needs, which were just begun.
                if let Kind::Record(shape) | Kind::List(Kind::Record(shape)) = kind {
                    collect(shape, into);
                }
            }
        }
        Kind::List(of) | Kind::Set(of) | Kind::OneOrSet(of) | Kind::Map(_, of) => {
            collect_kind(of, into);
        }
        Kind::Record(shape) | Kind::OneOf(shape) => collect(shape, into),
        Kind::Either { list, record } => {
            collect(record, into);
            collect_kind(list, into);
        }
    }
}

/// Shapes of which exactly one key is used.
fn is_variant(shape: &Shape) -> bool {
    fn within(kind: &Kind, wanted: &Shape) -> bool {
        match kind {
            Kind::OneOf(it) => std::ptr::eq(*it, wanted),
            Kind::List(of) | Kind::Set(of) | Kind::Map(_, of) => within(of, wanted),
            _ => false,
        }
    }
    ROOT.fields.iter().any(|it| within(&it.kind, shape))
}

fn definition_name(shape: &Shape) -> String {
    shape.title.replace(' ', "-")
}

fn shape_schema(shape: &'static Shape, exactly_one: bool) -> Value {
    let mut properties = Map::new();
    for field in shape.fields {
        let mut schema = kind_schema(&field.kind);
        let map = schema.as_object_mut().expect("every schema of a kind is a map");
        map.insert("description".to_owned(), field.about.into());
        if let Presence::Default(words) = field.presence
            && let Some(value) = default_value(&field.kind, words)
        {
            map.insert("default".to_owned(), value);
        }
        properties.insert(field.key.to_owned(), schema);
    }
    let required: Vec<_> = shape
        .fields
        .iter()
        .filter(|it| it.presence == Presence::Required)
        .map(|it| it.key)
        .collect();
    let mut schema = json!({
        "type": "object",
        "description": shape.about,
        "properties": properties,
        "additionalProperties": false,
        "minProperties": 1,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if exactly_one {
        schema["maxProperties"] = json!(1);
    }
    schema
}

/// A default that is a value and not only words about one.
fn default_value(kind: &Kind, words: &str) -> Option<Value> {
    match kind {
        Kind::Plain(Plain::Whole(..)) => words.parse::<u32>().ok().map(Value::from),
        Kind::Plain(Plain::Switch) => words.parse::<bool>().ok().map(Value::from),
        Kind::Plain(Plain::Text(_)) | Kind::Name(_) => None,
        _ => Some(words.into()),
    }
}

fn reference_to(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn kind_schema(kind: &Kind) -> Value {
    match kind {
        Kind::Plain(plain) => plain_schema(*plain),
        Kind::Name(_) => json!({ "type": "string", "pattern": ID_PATTERN }),
        Kind::Need => reference_to("need"),
        Kind::List(of) => json!({ "type": "array", "minItems": 1, "items": kind_schema(of) }),
        Kind::Set(of) => json!({
            "type": "array", "minItems": 1, "uniqueItems": true, "items": kind_schema(of),
        }),
        Kind::OneOrSet(of) => json!({
            "anyOf": [
                kind_schema(of),
                { "type": "array", "minItems": 1, "uniqueItems": true, "items": kind_schema(of) },
            ],
        }),
        Kind::Map(keys, of) => json!({
            "type": "object",
            "minProperties": 1,
            "propertyNames": keys_schema(*keys),
            "additionalProperties": kind_schema(of),
        }),
        Kind::Record(shape) | Kind::OneOf(shape) => reference_to(&definition_name(shape)),
        Kind::Either { list, record } => json!({
            "anyOf": [kind_schema(list), reference_to(&definition_name(record))],
        }),
    }
}

fn need_schema() -> Value {
    let properties: Map<String, Value> =
        NEED_KEYS.iter().map(|(key, kind)| ((*key).to_owned(), kind_schema(kind))).collect();
    json!({
        "description": "`service.slo`, `feature ID`, or a map with `all`, `any`, `quorum`, `routes` or `only`.",
        "anyOf": [
            {
                "type": "string",
                "pattern": "^([a-z0-9][a-z0-9_-]{0,63}\\.[a-z0-9][a-z0-9_-]{0,63}|feature +[a-z0-9][a-z0-9_-]{0,63})$",
            },
            {
                "type": "object",
                "properties": properties,
                "additionalProperties": false,
                "minProperties": 1,
                "maxProperties": 1,
            },
        ],
    })
}

fn keys_schema(keys: Keys) -> Value {
    match keys {
        Keys::Ids => json!({ "pattern": ID_PATTERN }),
        Keys::Texts(chars_max) => json!({ "minLength": 1, "maxLength": chars_max }),
        Keys::Headers => json!({ "pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$" }),
    }
}

fn plain_schema(plain: Plain) -> Value {
    let pattern = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match plain {
        Plain::Text(chars_max) => {
            json!({ "type": "string", "minLength": 1, "maxLength": chars_max })
        }
        Plain::Id => pattern(ID_PATTERN),
        Plain::Objective => pattern("^ *[0-9]+(\\.[0-9]*)? *% *$"),
        Plain::Duration(_) => pattern(DURATION_PATTERN),
        Plain::Turn => pattern("^[0-9]+(h|d|w|mo)$"),
        Plain::DutyHours => pattern(HOURS_PATTERN),
        Plain::Clock => pattern("^[0-2][0-9]:[0-5][0-9]$"),
        Plain::Rate => pattern("^[0-9]{1,7}(\\.[0-9]{1,2})?/h$"),
        Plain::Absence => pattern(
            "^([0-9]{4}-[0-9]{2}-[0-9]{2}(\\.\\.[0-9]{4}-[0-9]{2}-[0-9]{2})?|.+\\.[iI][cC][sS])$",
        ),
        Plain::Recurrence => json!({ "type": "string", "minLength": 3 }),
        Plain::Handover => pattern("^((mon|tue|wed|thu|fri|sat|sun) +)?[0-2][0-9]:[0-5][0-9]$"),
        Plain::Date => pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
        Plain::Whole(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Plain::Switch => json!({ "type": "boolean" }),
        Plain::Email => pattern("^[^@ ]+@[^@ ]+$"),
        Plain::Phone => pattern("^\\+[1-9][0-9]{6,14}$"),
        Plain::Topic => pattern("^[A-Za-z0-9_-]{1,64}$"),
        Plain::Url | Plain::UrlTemplate => pattern("^https?://"),
        Plain::Secret => pattern("^(env:[A-Za-z_][A-Za-z0-9_]*|file:/.+)$"),
        Plain::Choice(words) => json!({ "enum": words }),
        Plain::Target => pattern(
            "^((rota|team|person|channel) +[a-z0-9][a-z0-9_-]{0,63}|rota +[a-z0-9][a-z0-9_-]{0,63} +next)$",
        ),
        Plain::Hours => pattern("^ *[0-2][0-9]:[0-5][0-9] *- *[0-2][0-9]:[0-5][0-9] *$"),
        Plain::BudgetWhen => pattern("^(spent|below +[0-9]{1,3} *%)$"),
        Plain::When => pattern(
            "^([0-9]{4}-[0-9]{2}-[0-9]{2}|[a-z0-9, ]+|from [0-9-]{10} FREQ=[^ ]+) +[0-2][0-9]:[0-5][0-9]$",
        ),
        Plain::Zone
        | Plain::Host
        | Plain::Selector
        | Plain::Query
        | Plain::Header
        | Plain::Matchers => {
            json!({ "type": "string", "minLength": 1 })
        }
    }
}

/// What a value is, in words, for the reference.
fn holds(kind: &Kind) -> String {
    match kind {
        Kind::Plain(plain) => plain_words(*plain),
        Kind::Name(namespace) => format!("id of a {}", namespace.noun()),
        Kind::Need => "a need".to_owned(),
        Kind::List(of) | Kind::Set(of) => format!("list: {}", holds(of)),
        Kind::OneOrSet(of) => format!("one or a list: {}", holds(of)),
        Kind::Map(Keys::Ids, of) => format!("by id: {}", holds(of)),
        Kind::Map(_, of) => format!("by name: {}", holds(of)),
        Kind::Record(shape) | Kind::OneOf(shape) => link(shape),
        Kind::Either { list, record } => format!("{}, or {}", holds(list), link(record)),
    }
}

fn link(shape: &Shape) -> String {
    format!("[{}](#{})", shape.title, definition_name(shape))
}

fn plain_words(plain: Plain) -> String {
    let words = match plain {
        Plain::Text(chars_max) => return format!("text, up to {chars_max} characters"),
        Plain::Whole(least, most) => return format!("whole number, {least} to {most}"),
        Plain::Duration(Limits { shortest, longest }) => {
            return format!("length of time, {shortest} to {longest}");
        }
        Plain::Choice(words) => {
            let words: BTreeSet<_> = words.iter().map(|it| format!("`{it}`")).collect();
            return words.into_iter().collect::<Vec<_>>().join(", ");
        }
        Plain::Id => "id",
        Plain::Objective => "percentage",
        Plain::Turn => "hours, days, weeks or months",
        Plain::DutyHours => "days and hours",
        Plain::Clock => "time of day",
        Plain::Rate => "amount",
        Plain::Absence => "days, or a calendar",
        Plain::Recurrence => "days, or an RRULE",
        Plain::Handover => "day and time",
        Plain::Hours => "hours of the day",
        Plain::Zone => "IANA time zone",
        Plain::Date => "`YYYY-MM-DD`",
        Plain::Switch => "`true` or `false`",
        Plain::Email => "e-mail address",
        Plain::Phone => "telephone number",
        Plain::Topic => "ntfy topic",
        Plain::Host => "host name or address",
        Plain::Url | Plain::UrlTemplate => "URL",
        Plain::Selector => "selector of a counter",
        Plain::Query => "PromQL",
        Plain::Secret => "`env:NAME` or `file:/path`",
        Plain::When => "day or days, and time",
        Plain::Matchers => "matchers of labels",
        Plain::Header => "text, or `env:NAME`, or `file:/path`",
        Plain::Target => "`rota ID`, `rota ID next`, `team ID`, `person ID` or `channel ID`",
        Plain::BudgetWhen => "`below 10%` or `spent`",
    };
    words.to_owned()
}
