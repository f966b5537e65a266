//! The published schema and the reader agree.

use super::catalogue::{EVERYTHING, example};
use crate::reference::collect;
use crate::shape::{Keys, Kind, NEED_KEYS, ROOT, Shape};
use crate::yaml::{Class, Data, Node};
use crate::{json_schema, load_str, reference_markdown};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::rc::Rc;

/// What JSON Schema the crate uses, judged. Patterns are left to editors.
fn accepts(schema: &Value, value: &Value, root: &Value) -> bool {
    let Some(schema) = schema.as_object() else { return schema == &json!(true) };
    let about = |word: &str| match word {
        "required" | "additionalProperties" | "properties" | "minProperties" | "maxProperties" => {
            value.is_object()
        }
        "items" | "minItems" | "uniqueItems" => value.is_array(),
        _ => true,
    };
    let mut relevant = schema.iter().filter(|(word, _)| about(word));
    relevant.all(|(word, wanted)| match word.as_str() {
        "$ref" => {
            let name = wanted.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
            accepts(&root["$defs"][name], value, root)
        }
        "type" => match wanted.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_u64(),
            "boolean" => value.is_boolean(),
            other => panic!("unknown type {other}"),
        },
        "anyOf" => wanted.as_array().unwrap().iter().any(|it| accepts(it, value, root)),
        "enum" => wanted.as_array().unwrap().contains(value),
        "items" => value.as_array().unwrap().iter().all(|it| accepts(wanted, it, root)),
        "required" => {
            wanted.as_array().unwrap().iter().all(|it| value.get(it.as_str().unwrap()).is_some())
        }
        "additionalProperties" => {
            let known = schema.get("properties");
            let others = value.as_object().unwrap().iter();
            let mut others =
                others.filter(|(key, _)| known.is_none_or(|it| it.get(key.as_str()).is_none()));
            others.all(|(_, it)| accepts(wanted, it, root))
        }
        "properties" => value.as_object().unwrap().iter().all(|(key, it)| {
            wanted.get(key.as_str()).is_none_or(|wanted| accepts(wanted, it, root))
        }),
        "minItems" => value.as_array().unwrap().len() as u64 >= wanted.as_u64().unwrap(),
        "minProperties" => value.as_object().unwrap().len() as u64 >= wanted.as_u64().unwrap(),
        "maxProperties" => value.as_object().unwrap().len() as u64 <= wanted.as_u64().unwrap(),
        "minLength" => {
            value.as_str().is_none_or(|it| it.chars().count() as u64 >= wanted.as_u64().unwrap())
        }
        "maxLength" => {
            value.as_str().is_none_or(|it| it.chars().count() as u64 <= wanted.as_u64().unwrap())
        }
        "minimum" => value.as_u64().is_none_or(|it| it >= wanted.as_u64().unwrap()),
        "maximum" => value.as_u64().is_none_or(|it| it <= wanted.as_u64().unwrap()),
        "uniqueItems" => value.as_array().is_none_or(|it| {
            it.iter().map(Value::to_string).collect::<BTreeSet<_>>().len() == it.len()
        }),
        "description" | "default" | "pattern" | "propertyNames" | "$schema" | "$defs" | "title" => {
            true
        }
        other => panic!("the schema uses `{other}`, which this test does not know"),
    })
}

fn tree(text: &str) -> Rc<Node> {
    let mut sink = crate::diagnostic::Sink::default();
    let mut documents = crate::yaml::parse(0, text, &mut sink);
    assert!(!sink.has_errors(), "{text}");
    documents.remove(0)
}

fn as_json(node: &Node) -> Value {
    match &node.data {
        Data::Scalar(it) => match it.class {
            Class::Text => json!(it.text),
            Class::Null => Value::Null,
            Class::Switch => json!(it.text == "true"),
            Class::Whole => json!(it.text.parse::<i64>().unwrap()),
            Class::Decimal => json!(it.text.parse::<f64>().unwrap()),
        },
        Data::List(items) => items.iter().map(|it| as_json(it)).collect(),
        Data::Map(entries) => entries
            .iter()
            .map(|it| (it.key.clone(), as_json(&it.value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

#[test]
fn the_schema_takes_what_the_reader_takes() {
    let schema = json_schema();
    let solar = example("solar/lamplighter.yaml");
    let minimal = example("minimal/lamplighter.yaml");
    for text in [EVERYTHING, &solar.files[0].text, &minimal.files[0].text] {
        assert!(accepts(&schema, &as_json(&tree(text)), &schema));
    }
}

/// Every value of the file that uses every key is replaced, one at a time, by values of other
/// kinds. Whatever the schema refuses, the reader refuses.
#[test]
fn the_reader_refuses_what_the_schema_refuses() {
    let schema = json_schema();
    let good = as_json(&tree(EVERYTHING));
    let mut spots = Vec::new();
    pointers(&good, String::new(), &mut spots);
    let mut refused_count = 0;
    for spot in &spots {
        for other in [
            json!(7),
            json!(true),
            json!({}),
            json!([]),
            json!({ "zzz": 1 }),
            json!([[1]]),
            json!(""),
        ] {
            let mut spoilt = good.clone();
            *spoilt.pointer_mut(spot).unwrap() = other.clone();
            if accepts(&schema, &spoilt, &schema) {
                continue;
            }
            refused_count += 1;
            let loaded = load_str(&[("a.yaml", &spoilt.to_string())]);
            assert!(loaded.catalogue.is_none(), "the reader takes {other} at {spot}");
        }
    }
    assert!(refused_count > 500, "only {refused_count} of {} spots were tried", spots.len());
}

fn pointers(value: &Value, at: String, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, it) in items.iter().enumerate() {
                pointers(it, format!("{at}/{index}"), into);
            }
        }
        Value::Object(map) => {
            for (key, it) in map {
                pointers(it, format!("{at}/{key}"), into);
            }
        }
        _ => {}
    }
    into.push(at);
}

/// Walks file and table together and notes which keys of which shape occur.
fn keys_used(node: &Node, kind: &'static Kind, into: &mut BTreeSet<(&'static str, &'static str)>) {
    let record = |shape: &'static Shape, into: &mut BTreeSet<_>| {
        for field in shape.fields {
            if let Some(value) = node.get(field.key) {
                into.insert((shape.title, field.key));
                keys_used(value, &field.kind, into);
            }
        }
    };
    match kind {
        Kind::Plain(_) | Kind::Name(_) => {}
        Kind::Need => {
            for (key, kind) in &NEED_KEYS {
                if let Some(value) = node.get(key) {
                    keys_used(value, kind, into);
                }
            }
        }
        Kind::OneOrSet(of) if node.items().is_empty() => keys_used(node, of, into),
        Kind::List(of) | Kind::Set(of) | Kind::OneOrSet(of) => {
            node.items().iter().for_each(|it| keys_used(it, of, into));
        }
        Kind::Map(_, of) => node.entries().iter().for_each(|it| keys_used(&it.value, of, into)),
        Kind::Either { list, .. } if !node.items().is_empty() => keys_used(node, list, into),
        Kind::Record(shape) | Kind::OneOf(shape) | Kind::Either { record: shape, .. } => {
            record(shape, into);
        }
    }
}

#[test]
fn the_file_that_uses_every_key_does() {
    static WHOLE: Kind = Kind::Record(&ROOT);
    let mut used = BTreeSet::new();
    keys_used(&tree(EVERYTHING), &WHOLE, &mut used);
    let mut shapes = Vec::new();
    collect(&ROOT, &mut shapes);
    let all = shapes.iter().flat_map(|it| it.fields.iter().map(|field| (it.title, field.key)));
    assert_eq!(used, all.collect());
    assert!(matches!(ROOT.field("people").unwrap().kind, Kind::Map(Keys::Ids, _)));
}

#[test]
fn titles_name_one_shape_each() {
    let mut shapes = Vec::new();
    collect(&ROOT, &mut shapes);
    let titles: BTreeSet<_> = shapes.iter().map(|it| it.title).collect();
    assert_eq!(titles.len(), shapes.len());
}

#[test]
fn the_reference_names_every_key() {
    let text = reference_markdown();
    let mut shapes = Vec::new();
    collect(&ROOT, &mut shapes);
    for shape in shapes {
        assert!(text.contains(&format!("\n## {}\n", shape.title)), "{}", shape.title);
        for field in shape.fields {
            assert!(text.contains(&format!("\n| `{}` | ", field.key)), "{}", field.key);
        }
    }
    insta::assert_snapshot!(text.lines().skip(10).take(19).collect::<Vec<_>>().join("\n"), @r"
    | key | holds | if left out | meaning |
    |---|---|---|---|
    | `org` | id | error | The id of the organisation. It may stand in several files if it says the same in each. |
    | `public-url` | URL | — | The address under which people reach this server; links in messages start with it. |
    | `people` | by id: [person](#person) | — | Everybody who can own, sign and be paged. |
    | `teams` | by id: [team](#team) | — | People who own things together. |
    | `sites` | by id: [site](#site) | — | Where people live, with the public holidays there. |
    | `services` | by id: [service](#service) | — | What we run. |
    | `suppliers` | by id: [supplier](#supplier) | — | What others run for us. Ids are shared with `services`. |
    | `features` | by id: [feature](#feature) | — | What users do, and what we promise them. |
    | `rotas` | by id: [rota](#rota) | — | Who is on duty when. |
    | `escalations` | by id: list: [step](#step), or [escalation](#escalation) | — | What happens while nobody answers: a list of steps, or the long form. A policy named like a team is that team's. |
    | `channels` | by id: [channel](#channel) | — | Ways out to people. The first of a medium, in order of `priority` and then of id, carries it. |
    | `replies` | by id: [replies](#replies) | — | What comes back through channels, by the id of the channel. |
    | `inbox` | [inbox](#inbox) | — | The mailbox that is read for replies to pages and for mail that came back. |
    | `sources` | by id: [source](#source) | — | Where samples come from. |
    | `heartbeats` | by id: [heartbeat](#heartbeat) | — | Signs of life that others owe us; their absence calls people. |
    | `maintenance` | by id: [maintenance](#maintenance) | — | Planned work, once or again and again, during which alerts that match call nobody. |
    | `exclusions` | by id: [exclusion](#exclusion) | — | Times that budgets do not count; what they hide stands beside every figure. |
    ");
}
