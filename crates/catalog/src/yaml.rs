//! YAML as a tree in which every key and value knows where it stands.
//!
//! Intuition: the parser tells us events; we stack them up into nodes. An alias is not copied but
//! shared, so memory stays small; what we bound is the size of the tree *as walked*, with every
//! alias followed, because a few lines of aliases can otherwise stand for more nodes than there
//! is time to visit.
//!
//! Invariants:
//! - a tree is never deeper than [`DEPTH_MAX`], so that walking it may recurse;
//! - all trees of one file together have at most [`NODES_MAX`] nodes, aliases followed;
//! - keys of a map are plain text, and each occurs once: the second one is reported and dropped.

use crate::diagnostic::{Problem, Sink, Span, quote};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Tag};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Most nodes of one file, aliases followed.
pub(crate) const NODES_MAX: usize = 5_000_000;
/// Deepest nesting, aliases followed.
pub(crate) const DEPTH_MAX: usize = 64;

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) data: Data,
    size: usize,
    depth: usize,
}

/// What a value is.
#[derive(Debug)]
pub(crate) enum Data {
    Scalar(Scalar),
    List(Vec<Rc<Node>>),
    Map(Vec<Entry>),
}

/// A single value.
#[derive(Debug)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) class: Class,
}

/// What YAML 1.2 takes a single value for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Text,
    Null,
    Switch,
    Whole,
    Decimal,
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Rc<Node>,
}

impl Node {
    /// The value of `key`, if this is a map that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|it| it.key == key).map(|it| &*it.value)
    }

    /// The entries, if this is a map.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.data {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items, if this is a list.
    pub(crate) fn items(&self) -> &[Rc<Node>] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }

    /// The text, if this is text.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar(it) if it.class == Class::Text => Some(&it.text),
            _ => None,
        }
    }

    /// What to call it in a message.
    pub(crate) fn describe(&self) -> String {
        match &self.data {
            Data::Scalar(it) => match it.class {
                Class::Text => format!("the text {}", quote(&it.text)),
                Class::Null => "nothing".to_owned(),
                Class::Switch => format!("{}, a yes-or-no value", quote(&it.text)),
                Class::Whole | Class::Decimal => format!("the number {}", quote(&it.text)),
            },
            Data::List(_) => "a list".to_owned(),
            Data::Map(_) => "a map".to_owned(),
        }
    }
}

/// Reads every document of file number `file`. What cannot be read goes to `sink`; documents
/// before a syntax error are kept.
pub(crate) fn parse(file: usize, text: &str, sink: &mut Sink) -> Vec<Rc<Node>> {
    let options = granit_parser::options! {
        flow_nesting_limit: 255,
        block_nesting_limit: 255,
        emit_comments: false,
    };
    let mut builder = Builder::new(file, text, sink);
    for next in Parser::new_from_str_with_options(text, options) {
        let taken = match next {
            Ok((event, span)) => builder.take(event, span.byte_range()),
            Err(error) => Err(syntax_error(builder.clamp(error_at(&error, text)), &error)),
        };
        if let Err(problem) = taken {
            builder.sink.push_unread(problem);
            break;
        }
    }
    builder.documents
}

struct Builder<'a> {
    file: usize,
    text: &'a str,
    sink: &'a mut Sink,
    documents: Vec<Rc<Node>>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Rc<Node>>,
    nodes_count: usize,
}

/// A list or map whose end we have not seen.
struct Open {
    start: usize,
    anchor: usize,
    parts: Parts,
}

enum Parts {
    List(Vec<Rc<Node>>),
    Map { entries: Vec<Entry>, seen: BTreeMap<String, Span>, key: Option<Key> },
}

enum Key {
    Text(String, Span),
    /// Not fit to be a key, and reported: its value is dropped.
    Unfit,
}

impl<'a> Builder<'a> {
    fn new(file: usize, text: &'a str, sink: &'a mut Sink) -> Self {
        Self {
            file,
            text,
            sink,
            documents: Vec::new(),
            open: Vec::new(),
            anchors: BTreeMap::new(),
            nodes_count: 0,
        }
    }

    /// A span that lies inside the file and between characters, whatever the parser said.
    fn clamp(&self, (start, end): (usize, usize)) -> Span {
        let floor = |at: usize| self.text.floor_char_boundary(at.min(self.text.len()));
        let start = floor(start);
        Span { file: self.file, start, end: floor(end).max(start) }
    }

    fn take(
        &mut self,
        event: Event<'_>,
        range: Option<std::ops::Range<usize>>,
    ) -> Result<(), Problem> {
        let range = range.unwrap_or(0..0);
        let span = self.clamp((range.start, range.end));
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::Alias(id) => {
                let Some(target) = self.anchors.get(&id).cloned() else {
                    let problem = Problem::at(span, "LL004", "an alias inside what it stands for");
                    return Err(problem.hint("write the value out"));
                };
                self.count(target.size, span)?;
                self.place(target, span);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let class = self.class_of(&text, style, tag.as_deref(), span);
                let scalar = Scalar { text: text.into_owned(), class };
                let span = self.trimmed(span);
                self.finish(span, Data::Scalar(scalar), anchor)?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), span);
                self.open.push(Open { start: span.start, anchor, parts: Parts::List(Vec::new()) });
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), span);
                let parts = Parts::Map { entries: Vec::new(), seen: BTreeMap::new(), key: None };
                self.open.push(Open { start: span.start, anchor, parts });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let open = self.open.pop().expect("the parser balances starts and ends");
                let data = match open.parts {
                    Parts::List(items) => Data::List(items),
                    Parts::Map { entries, .. } => Data::Map(entries),
                };
                let span = self.trimmed(Span { start: open.start, ..span });
                self.finish(span, data, open.anchor)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, span: Span) -> Result<(), Problem> {
        self.nodes_count = self.nodes_count.saturating_add(nodes);
        if self.nodes_count <= NODES_MAX {
            return Ok(());
        }
        let message = format!("more than {NODES_MAX} values, counting those behind aliases");
        Err(Problem::at(span, "LL005", message).hint("split the file, and use fewer aliases"))
    }

    /// A node is complete: remember its anchor and put it where it belongs.
    fn finish(&mut self, span: Span, data: Data, anchor: usize) -> Result<(), Problem> {
        self.count(1, span)?;
        let (size, depth) = match &data {
            Data::Scalar(_) => (0, 0),
            Data::List(items) => extent(items.iter()),
            Data::Map(entries) => extent(entries.iter().map(|it| &it.value)),
        };
        if depth >= DEPTH_MAX {
            let message = format!("nested deeper than {DEPTH_MAX} levels");
            return Err(Problem::at(span, "LL005", message).hint("nothing here needs such depth"));
        }
        let node = Rc::new(Node { span, data, size: size.saturating_add(1), depth: depth + 1 });
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.place(node, span);
        Ok(())
    }

    fn place(&mut self, node: Rc<Node>, used_at: Span) {
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return;
        };
        match &mut open.parts {
            Parts::List(items) => items.push(node),
            Parts::Map { key: key @ None, .. } => {
                *key = Some(if let Data::Scalar(it) = &node.data {
                    Key::Text(it.text.clone(), used_at)
                } else {
                    let problem = Problem::at(used_at, "LL018", "a key must be plain text");
                    self.sink.push(problem.hint("a list or a map cannot be a key here"));
                    Key::Unfit
                });
            }
            Parts::Map { entries, seen, key } => {
                let Some(Key::Text(key, key_span)) = key.take() else { return };
                if let Some(first) = seen.get(&key) {
                    let problem =
                        Problem::at(key_span, "LL007", format!("{} is written twice", quote(&key)))
                            .hint("keep one of the two, or rename one")
                            .related(*first, "first written here");
                    self.sink.push(problem);
                } else {
                    seen.insert(key.clone(), key_span);
                    entries.push(Entry { key, key_span, value: node });
                }
            }
        }
    }

    fn class_of(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Span) -> Class {
        let is_text_tag = tag.is_some_and(|it| it.is_yaml_core_schema_tag("str"));
        if !is_text_tag {
            self.refuse_tag(tag, at);
        }
        if style == ScalarStyle::Plain && !is_text_tag { plain_class(text) } else { Class::Text }
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, span: Span) {
        if let Some(tag) = tag {
            let message = format!("the tag {} has no meaning here", quote(&tag.to_string()));
            self.sink.push(Problem::at(span, "LL018", message).hint("leave the tag out"));
        }
    }

    /// `span` without white space at its end: blocks end where the next thing starts.
    fn trimmed(&self, span: Span) -> Span {
        let text = self.text.get(span.start..span.end).unwrap_or_default();
        Span { end: span.start + text.trim_end().len(), ..span }
    }
}

fn extent<'a>(children: impl Iterator<Item = &'a Rc<Node>>) -> (usize, usize) {
    children.fold((0, 0), |(size, depth): (usize, usize), it| {
        (size.saturating_add(it.size), depth.max(it.depth))
    })
}

/// What YAML 1.2's core schema takes an unquoted value for.
fn plain_class(text: &str) -> Class {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = |it: &str| !it.is_empty() && it.bytes().all(|it| it.is_ascii_digit());
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Class::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Class::Switch,
        _ if digits(unsigned) => Class::Whole,
        _ if is_prefixed_number(text) => Class::Whole,
        _ if is_decimal(unsigned) => Class::Decimal,
        _ => Class::Text,
    }
}

fn is_prefixed_number(text: &str) -> bool {
    let hexadecimal = text.strip_prefix("0x").map(|it| (it, 16));
    let octal = text.strip_prefix("0o").map(|it| (it, 8));
    hexadecimal
        .or(octal)
        .is_some_and(|(it, radix)| !it.is_empty() && it.chars().all(|it| it.is_digit(radix)))
}

fn is_decimal(unsigned: &str) -> bool {
    let lower = unsigned.to_ascii_lowercase();
    let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let number = digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && !exponent.is_empty()
        && digits(exponent);
    number || matches!(lower.as_str(), ".inf" | ".nan")
}

/// The character at which the parser gave up.
fn error_at(error: &ScanError, text: &str) -> (usize, usize) {
    let marker = error.marker();
    let from_chars = || text.char_indices().nth(marker.index()).map_or(text.len(), |it| it.0);
    let start = marker.byte_offset().unwrap_or_else(from_chars).min(text.len());
    let start = text.floor_char_boundary(start);
    let length = text[start..].chars().next().filter(|it| *it != '\n').map_or(0, char::len_utf8);
    (start, start + length)
}

fn syntax_error(span: Span, error: &ScanError) -> Problem {
    let hint: Cow<'_, str> = match error.kind() {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabAtBlockScalarStart => "indent with spaces, not tabs".into(),
        ErrorKind::UnknownAnchor => "define the anchor with `&name` before using `*name`".into(),
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::MismatchedFlowCollectionEnd { .. }
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator => {
            "look for a missing `,`, `}` or `]`, here or some lines above".into()
        }
        ErrorKind::UnclosedQuotedScalar => "look for a missing quotation mark".into(),
        ErrorKind::RecursionLimitExceeded => "nothing here needs such depth".into(),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidMappingValueWhitespace => {
            "put text that contains `: ` in quotes, and check the indentation".into()
        }
        _ => "check the indentation, and put text with special characters in quotes".into(),
    };
    let mut info = error.info();
    info.retain(|it| !it.is_control());
    Problem::at(span, "LL004", format!("this is not YAML: {info}")).hint(hint)
}
