//! Tests over whole texts: conformance, own samples, damage.

mod damage;
mod importing;
mod openslo;
mod own;
mod pyrra;
mod roundtrip;
mod sloth;

use crate::yaml::{Data, Node};
use std::path::{Path, PathBuf};

/// The folder of conformance cases called `name`, if this checkout has it: it lies beside the
/// checkout, and a worktree is one level deeper.
fn conformance(name: &str) -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found =
        here.ancestors().map(|it| it.join("shared/conformance").join(name)).find(|it| it.is_dir());
    if found.is_none() {
        println!("left out: there is no shared/conformance/{name}; own samples carry this test");
    }
    found
}

fn text_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The one document in `text`.
#[track_caller]
fn one(text: &str) -> Node {
    let mut documents = crate::yaml::parse(text).unwrap();
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

/// Asserts that two texts say the same, and shows the first difference.
#[track_caller]
fn same(actual: &[Node], expected: &[Node], name: &str) {
    assert_eq!(actual.len(), expected.len(), "{name}: number of documents");
    for (index, (a, b)) in actual.iter().zip(expected).enumerate() {
        if let Some(difference) = difference(a, b, &format!("[{index}]")) {
            panic!("{name}: {difference}");
        }
    }
}

/// Where two trees differ. Texts are compared with the numbers in them taken as `f64`.
fn difference(a: &Node, b: &Node, path: &str) -> Option<String> {
    match (&a.data, &b.data) {
        (Data::Map(x), Data::Map(y)) => {
            let keys = |it: &[(String, Node)]| {
                it.iter().map(|(key, _)| key.clone()).collect::<std::collections::BTreeSet<_>>()
            };
            if keys(x) != keys(y) {
                return Some(format!("{path}: keys {:?} and {:?}", keys(x), keys(y)));
            }
            x.iter().find_map(|(key, value)| {
                let (_, other) = y.iter().find(|(it, _)| it == key)?;
                difference(value, other, &format!("{path}.{key}"))
            })
        }
        (Data::List(x), Data::List(y)) if x.len() == y.len() => x
            .iter()
            .zip(y)
            .enumerate()
            .find_map(|(index, (a, b))| difference(a, b, &format!("{path}[{index}]"))),
        (Data::Text(x), Data::Text(y)) if pieces(x) == pieces(y) => None,
        (x, y) if x == y => None,
        (x, y) => Some(format!("{path}:\n{x:?}\n{y:?}")),
    }
}

#[derive(Debug, PartialEq)]
enum Piece {
    Text(String),
    Number(f64),
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let is_digit = |it: char| it.is_ascii_digit();
        let words = rest.find(is_digit).unwrap_or(rest.len());
        pieces.push(Piece::Text(rest[..words].to_owned()));
        rest = &rest[words..];
        let end = (0..=rest.len())
            .rev()
            .find(|end| rest.is_char_boundary(*end) && rest[..*end].parse::<f64>().is_ok());
        let Some(end) = end else { continue };
        pieces.push(Piece::Number(rest[..end].parse().unwrap()));
        rest = &rest[end..];
    }
    pieces
}

#[test]
fn the_comparison_sees_a_changed_digit() {
    let check = |a: &str, b: &str| difference(&one(a), &one(b), "").is_none();
    assert!(check("a: vector(0.10)", "a: vector(1e-1)"));
    assert!(check("{a: 1, b: x}", "{b: x, a: 1.0}"));
    assert!(!check("a: vector(0.1)", "a: vector(0.10000000000000002)"));
    assert!(!check("a: x1", "a: x2"));
    assert!(!check("a: '1'", "a: 1"));
    assert!(!check("a: [1]", "a: [1, 2]"));
    assert!(!check("a: 1", "{a: 1, b: 1}"));
}
