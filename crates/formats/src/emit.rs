//! A tree as YAML or JSON text.
//!
//! Intuition: what we write is read by programs with YAML 1.1 rules as well as 1.2, and by people
//! in a review. Text stands bare only when nobody could take it for anything else; text of several
//! lines stands as a block, so that a query reads as it was written.
//!
//! Invariant: reading what was written gives the same tree (a property test holds this).

use crate::yaml::{Data, Node, plain_data};
use std::fmt::Write as _;

/// One document of YAML, ending with a line break.
#[must_use]
pub fn to_yaml(node: &Node) -> String {
    let mut out = String::new();
    match &node.data {
        Data::Map(entries) if !entries.is_empty() => write_map(entries, 0, "", &mut out),
        Data::List(items) if !items.is_empty() => write_list(items, 0, &mut out),
        _ => {
            write_scalar(node, 0, &mut out);
            out.push('\n');
        }
    }
    out
}

/// JSON with an indentation of two, ending with a line break.
#[must_use]
pub fn to_json(node: &Node) -> String {
    let mut out = String::new();
    write_json(node, 0, &mut out);
    out.push('\n');
    out
}

fn indent(level: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", level));
}

/// `first` is what already stands before the first key on its line, such as `- `.
fn write_map(entries: &[(String, Node)], level: usize, first: &str, out: &mut String) {
    for (index, (key, value)) in entries.iter().enumerate() {
        if index == 0 && !first.is_empty() {
            out.push_str(first);
        } else {
            indent(level, out);
        }
        write_text(key, level, false, out);
        out.push(':');
        match &value.data {
            Data::Map(entries) if !entries.is_empty() => {
                out.push('\n');
                write_map(entries, level + 1, "", out);
            }
            Data::List(items) if !items.is_empty() => {
                out.push('\n');
                write_list(items, level, out);
            }
            _ => {
                out.push(' ');
                write_scalar(value, level, out);
                out.push('\n');
            }
        }
    }
}

fn write_list(items: &[Node], level: usize, out: &mut String) {
    for item in items {
        indent(level, out);
        match &item.data {
            Data::Map(entries) if !entries.is_empty() => write_map(entries, level + 1, "- ", out),
            Data::List(nested) if !nested.is_empty() => {
                out.push_str("-\n");
                write_list(nested, level + 1, out);
            }
            _ => {
                out.push_str("- ");
                write_scalar(item, level, out);
                out.push('\n');
            }
        }
    }
}

fn write_scalar(node: &Node, level: usize, out: &mut String) {
    match &node.data {
        Data::Null => out.push_str("null"),
        Data::Switch(it) => out.push_str(if *it { "true" } else { "false" }),
        Data::Number(it) => out.push_str(&it.text),
        Data::Text(it) => write_text(it, level, true, out),
        Data::List(_) => out.push_str("[]"),
        Data::Map(_) => out.push_str("{}"),
    }
}

fn write_text(text: &str, level: usize, may_block: bool, out: &mut String) {
    if may_block && is_block(text) {
        write_block(text, level + 1, out);
    } else if is_bare(text) {
        out.push_str(text);
    } else if text.chars().any(char::is_control) || text.contains('\u{feff}') {
        write_quoted(text, out);
    } else {
        let _ = write!(out, "'{}'", text.replace('\'', "''"));
    }
}

/// Several lines that a block can hold: nothing but printable text, and a first line that shows
/// the indentation.
fn is_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let printable = |it: char| it == '\n' || !(it.is_control() || it == '\u{feff}');
    let odd_breaks = ['\u{85}', '\u{2028}', '\u{2029}'];
    body.contains('\n')
        && !body.starts_with([' ', '\n', '\t'])
        && !body.ends_with('\n')
        && body.chars().all(|it| printable(it) && !odd_breaks.contains(&it))
        && body.lines().all(|it| it.is_empty() || !it.trim_matches(' ').is_empty())
}

fn write_block(text: &str, level: usize, out: &mut String) {
    let (mark, body) = match text.strip_suffix('\n') {
        Some(body) => ("|", body),
        None => ("|-", text),
    };
    out.push_str(mark);
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            indent(level, out);
            out.push_str(line);
        }
    }
}

/// Words that YAML 1.1 takes for a switch.
const OLD_SWITCHES: [&str; 8] = ["y", "yes", "n", "no", "on", "off", "true", "false"];

fn is_bare(text: &str) -> bool {
    let begins = text.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_' || it == '/')
        // `30d` is text to everybody, `30` and `1e3` are not; `12:30` is a number in YAML 1.1.
        || (text.starts_with(|it: char| it.is_ascii_digit())
            && text.bytes().all(|it| it.is_ascii_alphanumeric())
            && text.ends_with(|it: char| it.is_ascii_lowercase() && it != 'e')
            && !text.starts_with("0x")
            && !text.starts_with("0o"));
    begins
        && matches!(plain_data(text), Data::Text(_))
        && !OLD_SWITCHES.contains(&text.to_ascii_lowercase().as_str())
        && text.chars().all(|it| {
            it.is_ascii_alphanumeric() || " _-./:()=~+*;|$<>,@%{}[]\"'!?&^\\".contains(it)
        })
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
}

fn write_quoted(text: &str, out: &mut String) {
    out.push('"');
    for it in text.chars() {
        match it {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Beyond the first 65 536, nothing is a control character.
            it if it.is_control() || it == '\u{feff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(it));
            }
            it => out.push(it),
        }
    }
    out.push('"');
}

fn write_json(node: &Node, level: usize, out: &mut String) {
    match &node.data {
        Data::Text(it) => write_quoted(it, out),
        // Not every number of YAML is one of JSON: `+1`, `.5`, `0x1f`.
        Data::Number(it) if it.value.is_finite() => {
            let _ = write!(out, "{}", it.value);
        }
        Data::Number(_) => out.push_str("null"),
        Data::List(items) if !items.is_empty() => {
            out.push_str("[\n");
            for (index, item) in items.iter().enumerate() {
                indent(level + 1, out);
                write_json(item, level + 1, out);
                out.push_str(if index + 1 < items.len() { ",\n" } else { "\n" });
            }
            indent(level, out);
            out.push(']');
        }
        Data::Map(entries) if !entries.is_empty() => {
            out.push_str("{\n");
            for (index, (key, value)) in entries.iter().enumerate() {
                indent(level + 1, out);
                write_quoted(key, out);
                out.push_str(": ");
                write_json(value, level + 1, out);
                out.push_str(if index + 1 < entries.len() { ",\n" } else { "\n" });
            }
            indent(level, out);
            out.push('}');
        }
        _ => write_scalar(node, level, out),
    }
}
