//! YAML (and so JSON) as a tree that remembers its lines.
//!
//! Intuition: files of other systems are full of things we do not know, and the report must name
//! each with its line. So we read a tree and walk over it, instead of deriving readers that drop
//! in silence what they do not expect.
//!
//! Invariants:
//! - reading is bounded: at most [`NODES_MAX`] nodes with aliases followed, and [`DEPTH_MAX`]
//!   levels, so that walking a tree may recurse;
//! - two nodes are equal when they say the same, wherever they stand: lines are not compared, and
//!   numbers are compared as `f64`;
//! - keys are text, and none stands twice in a map.

use granit_parser::{Event, Parser, ScalarStyle};
use std::collections::BTreeMap;

/// Most nodes of one file, aliases followed.
pub const NODES_MAX: usize = 1_000_000;
/// Deepest nesting, aliases followed.
pub const DEPTH_MAX: usize = 64;

/// A value and the line on which it begins.
#[derive(Debug, Clone)]
pub struct Node {
    /// From 1; 0 for what was made and not read.
    pub line: usize,
    /// What it is.
    pub data: Data,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Nothing.
    Null,
    /// Yes or no.
    Switch(bool),
    /// A number, and how it was written.
    Number(Number),
    /// Text.
    Text(String),
    /// Values in order.
    List(Vec<Node>),
    /// Keys and values, in the order written.
    Map(Vec<(String, Node)>),
}

/// A number, and how it was written.
#[derive(Debug, Clone)]
pub struct Number {
    /// Its value.
    pub value: f64,
    /// How it is written.
    pub text: String,
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.value.total_cmp(&other.value).is_eq()
    }
}

/// Maps are equal whatever the order of their keys.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        match (&self.data, &other.data) {
            (Data::Map(a), Data::Map(b)) => {
                let of = |name: &String| b.iter().find(|(it, _)| it == name).map(|(_, it)| it);
                a.len() == b.len() && a.iter().all(|(key, value)| of(key) == Some(value))
            }
            (a, b) => a == b,
        }
    }
}

/// Why a text could not be read as YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl Node {
    /// A made node.
    #[must_use]
    pub fn new(data: Data) -> Self {
        Self { line: 0, data }
    }

    /// A made text.
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Self {
        Self::new(Data::Text(text.into()))
    }

    /// A made number, written as its shortest decimal.
    #[must_use]
    pub fn from_number(value: f64) -> Self {
        Self::new(Data::Number(Number { value, text: format!("{value}") }))
    }

    /// A made map.
    #[must_use]
    pub fn from_entries<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::new(Data::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect()))
    }

    /// The value of `key`, if this is a map that has it and it is not null.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let (_, value) = self.entries().iter().find(|(it, _)| it == key)?;
        if value.data == Data::Null { None } else { Some(value) }
    }

    /// The value at the end of a path of keys.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The entries, if this is a map; otherwise none.
    #[must_use]
    pub fn entries(&self) -> &[(String, Self)] {
        match &self.data {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items, if this is a list; otherwise none.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }

    /// The text, if this is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(it) => Some(it),
            _ => None,
        }
    }

    /// The text of a value where a reader of text would take a number or a switch for its text.
    #[must_use]
    pub fn scalar(&self) -> Option<String> {
        match &self.data {
            Data::Text(it) => Some(it.clone()),
            Data::Number(it) => Some(it.text.clone()),
            Data::Switch(it) => Some(it.to_string()),
            _ => None,
        }
    }

    /// The number, if this is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match &self.data {
            Data::Number(it) => Some(it.value),
            _ => None,
        }
    }

    /// The switch, if this is one.
    #[must_use]
    pub fn switch(&self) -> Option<bool> {
        match &self.data {
            Data::Switch(it) => Some(*it),
            // YAML 1.1, which many programs still read, has these too.
            Data::Text(it) => match it.as_str() {
                "yes" | "on" => Some(true),
                "no" | "off" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// What to call it in a message.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match self.data {
            Data::Null => "nothing",
            Data::Switch(_) => "a yes-or-no value",
            Data::Number(_) => "a number",
            Data::Text(_) => "text",
            Data::List(_) => "a list",
            Data::Map(_) => "a map",
        }
    }

    /// The node with all keys sorted, to whatever depth.
    #[must_use]
    pub fn sorted(&self) -> Self {
        let data = match &self.data {
            Data::Map(entries) => {
                let sorted: BTreeMap<_, _> = entries.iter().map(|(k, v)| (k, v.sorted())).collect();
                Data::Map(sorted.into_iter().map(|(key, value)| (key.clone(), value)).collect())
            }
            Data::List(items) => Data::List(items.iter().map(Self::sorted).collect()),
            other => other.clone(),
        };
        Self { line: self.line, data }
    }
}

/// Reads every document of `text`. Empty documents are left out.
pub fn parse(text: &str) -> Result<Vec<Node>, Unreadable> {
    let options = granit_parser::options! {
        flow_nesting_limit: 255,
        block_nesting_limit: 255,
        emit_comments: false,
    };
    let mut builder = Builder::new(text);
    for next in Parser::new_from_str_with_options(text, options) {
        match next {
            Ok((event, span)) => {
                let at = span.byte_range().map_or(0, |it| it.start);
                builder.take(event, at)?;
            }
            Err(error) => {
                let mut message = error.info();
                message.retain(|it| !it.is_control());
                return Err(Unreadable { line: error.marker().line().max(1), message });
            }
        }
    }
    Ok(builder.documents)
}

struct Builder {
    line_starts: Vec<usize>,
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Extent>,
    nodes_count: usize,
}

/// A complete node with its size, which aliases count again.
#[derive(Clone)]
struct Extent {
    node: Node,
    size: usize,
    depth: usize,
}

/// A list or map whose end we have not seen.
struct Open {
    line: usize,
    anchor: usize,
    size: usize,
    depth: usize,
    parts: Parts,
}

enum Parts {
    List(Vec<Node>),
    Map(Vec<(String, Node)>, std::collections::BTreeSet<String>, Option<String>),
}

impl Builder {
    fn new(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, it)| *it == b'\n').map(|(at, _)| at + 1);
        Self {
            line_starts: std::iter::once(0).chain(breaks).collect(),
            documents: Vec::new(),
            open: Vec::new(),
            anchors: BTreeMap::new(),
            nodes_count: 0,
        }
    }

    fn take(&mut self, event: Event<'_>, at: usize) -> Result<(), Unreadable> {
        let line = self.line_starts.partition_point(|it| *it <= at);
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::Alias(id) => {
                let Some(target) = self.anchors.get(&id).cloned() else {
                    return unreadable(line, "an alias inside what it stands for");
                };
                self.count(target.size, line)?;
                return self.place(target, line);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let forced = tag.as_deref().is_some_and(|it| it.is_yaml_core_schema_tag("str"));
                let plain = style == ScalarStyle::Plain && !forced;
                let data = if plain { plain_data(&text) } else { Data::Text(text.into_owned()) };
                return self.finish(Node { line, data }, anchor, (1, 1));
            }
            Event::SequenceStart(_, anchor, _) => self.begin(line, anchor, Parts::List(vec![])),
            Event::MappingStart(_, anchor, _) => {
                self.begin(
                    line,
                    anchor,
                    Parts::Map(vec![], std::collections::BTreeSet::new(), None),
                );
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let open = self.open.pop().expect("the parser balances starts and ends");
                let data = match open.parts {
                    Parts::List(items) => Data::List(items),
                    Parts::Map(entries, ..) => Data::Map(merged(entries)),
                };
                let extent = (open.size + 1, open.depth + 1);
                return self.finish(Node { line: open.line, data }, open.anchor, extent);
            }
            _ => {}
        }
        Ok(())
    }

    fn begin(&mut self, line: usize, anchor: usize, parts: Parts) {
        self.open.push(Open { line, anchor, size: 0, depth: 0, parts });
    }

    fn finish(
        &mut self,
        node: Node,
        anchor: usize,
        (size, depth): (usize, usize),
    ) -> Result<(), Unreadable> {
        let line = node.line;
        self.count(1, line)?;
        let extent = Extent { node, size, depth };
        if anchor > 0 {
            // An anchored node is kept twice, so it counts twice.
            self.count(size, line)?;
            self.anchors.insert(anchor, extent.clone());
        }
        self.place(extent, line)
    }

    fn count(&mut self, nodes: usize, line: usize) -> Result<(), Unreadable> {
        self.nodes_count = self.nodes_count.saturating_add(nodes);
        if self.nodes_count > NODES_MAX {
            return unreadable(line, "more values than can be read, counting those behind aliases");
        }
        Ok(())
    }

    fn place(&mut self, it: Extent, line: usize) -> Result<(), Unreadable> {
        if it.depth + self.open.len() > DEPTH_MAX {
            return unreadable(line, "nested deeper than 64 levels");
        }
        let Some(open) = self.open.last_mut() else {
            if it.node.data != Data::Null {
                self.documents.push(it.node);
            }
            return Ok(());
        };
        open.size = open.size.saturating_add(it.size);
        open.depth = open.depth.max(it.depth);
        match &mut open.parts {
            Parts::List(items) => items.push(it.node),
            Parts::Map(entries, seen, key) => {
                if let Some(key) = key.take() {
                    entries.push((key, it.node));
                    return Ok(());
                }
                let Some(name) = it.node.scalar() else {
                    return unreadable(line, "a key must be plain text");
                };
                if !seen.insert(name.clone()) {
                    return unreadable(line, &format!("`{name}` is written twice"));
                }
                *key = Some(name);
            }
        }
        Ok(())
    }
}

fn unreadable<T>(line: usize, message: &str) -> Result<T, Unreadable> {
    Err(Unreadable { line, message: message.to_owned() })
}

/// The entries with what `<<` brings in: a key that is written out goes before one merged in.
fn merged(entries: Vec<(String, Node)>) -> Vec<(String, Node)> {
    let Some(at) = entries.iter().position(|(key, _)| key == "<<") else { return entries };
    let mut entries = entries;
    let (_, brought) = entries.remove(at);
    let maps = match brought.data {
        Data::List(items) => items,
        _ => vec![brought],
    };
    for (key, value) in maps.iter().flat_map(Node::entries) {
        if !entries.iter().any(|(it, _)| it == key) {
            entries.push((key.clone(), value.clone()));
        }
    }
    entries
}

/// What YAML 1.2's core schema takes an unquoted value for.
pub(crate) fn plain_data(text: &str) -> Data {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Data::Null,
        "true" | "True" | "TRUE" => return Data::Switch(true),
        "false" | "False" | "FALSE" => return Data::Switch(false),
        _ => {}
    }
    number_of(text).map_or_else(
        || Data::Text(text.to_owned()),
        |value| Data::Number(Number { value, text: text.to_owned() }),
    )
}

fn number_of(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(digits) = text.strip_prefix("0x") {
        return u32::from_str_radix(digits, 16).ok().map(f64::from);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return u32::from_str_radix(digits, 8).ok().map(f64::from);
    }
    match unsigned.to_ascii_lowercase().as_str() {
        ".inf" if text.starts_with('-') => return Some(f64::NEG_INFINITY),
        ".inf" => return Some(f64::INFINITY),
        ".nan" => return Some(f64::NAN),
        _ => {}
    }
    // Rust reads `inf` and `nan` as numbers, YAML does not.
    let begins = unsigned.starts_with(|it: char| it.is_ascii_digit() || it == '.');
    let fits = unsigned.bytes().all(|it| it.is_ascii_digit() || b".eE+-".contains(&it));
    if begins && fits { text.parse().ok() } else { None }
}
