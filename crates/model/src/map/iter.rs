//! Walking through a [`Map`] from both ends.
//!
//! Invariant: `left` counts what neither end has given yet, so that the two never pass each other.

use super::{Child, Entry, Kind, Map, Node};
use std::fmt;
use std::sync::Arc;

/// The entries of a [`Map`] or of a part of it, in order.
pub struct Iter<'a, K, V> {
    front: End<'a, K, V>,
    back: End<'a, K, V>,
    left: usize,
}

/// Where one end stands: what it has not given yet, from the top to a leaf.
struct End<'a, K, V> {
    above: Vec<&'a [Child<K, V>]>,
    leaf: &'a [Arc<Entry<K, V>>],
}

impl<'a, K, V> Iter<'a, K, V> {
    /// Without the first `before` and the last `behind` entries of `root`.
    pub(super) fn between(root: &'a Node<K, V>, before: usize, behind: usize) -> Self {
        let mut front = End { above: vec![], leaf: &[] };
        let mut back = End { above: vec![], leaf: &[] };
        let left = root.len - before - behind;
        if left > 0 {
            front.enter_from_left(root, before);
            back.enter_from_right(root, behind);
        }
        Self { front, back, left }
    }
}

impl<'a, K, V> End<'a, K, V> {
    fn enter_from_left(&mut self, mut node: &'a Node<K, V>, mut skip: usize) {
        loop {
            match &node.kind {
                Kind::Leaf(entries) => {
                    self.leaf = &entries[skip..];
                    return;
                }
                Kind::Inner(children) => {
                    let mut at = 0;
                    while skip >= children[at].node.len {
                        skip -= children[at].node.len;
                        at += 1;
                    }
                    self.above.push(&children[at + 1..]);
                    node = &children[at].node;
                }
            }
        }
    }

    fn enter_from_right(&mut self, mut node: &'a Node<K, V>, mut skip: usize) {
        loop {
            match &node.kind {
                Kind::Leaf(entries) => {
                    self.leaf = &entries[..entries.len() - skip];
                    return;
                }
                Kind::Inner(children) => {
                    let mut at = children.len() - 1;
                    while skip >= children[at].node.len {
                        skip -= children[at].node.len;
                        at -= 1;
                    }
                    self.above.push(&children[..at]);
                    node = &children[at].node;
                }
            }
        }
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        loop {
            if let Some((first, rest)) = self.front.leaf.split_first() {
                self.front.leaf = rest;
                return Some((&first.key, &first.value));
            }
            let children = self.front.above.pop().expect("something is left");
            if let Some((first, rest)) = children.split_first() {
                self.front.above.push(rest);
                self.front.enter_from_left(&first.node, 0);
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        loop {
            if let Some((last, rest)) = self.back.leaf.split_last() {
                self.back.leaf = rest;
                return Some((&last.key, &last.value));
            }
            let children = self.back.above.pop().expect("something is left");
            if let Some((last, rest)) = children.split_last() {
                self.back.above.push(rest);
                self.back.enter_from_right(&last.node, 0);
            }
        }
    }
}

impl<K, V> ExactSizeIterator for Iter<'_, K, V> {}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Self { front: self.front.clone(), back: self.back.clone(), left: self.left }
    }
}

impl<K, V> Clone for End<'_, K, V> {
    fn clone(&self) -> Self {
        Self { above: self.above.clone(), leaf: self.leaf }
    }
}

impl<K, V> fmt::Debug for Iter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} entries of a {}", self.left, std::any::type_name::<Map<K, V>>())
    }
}
