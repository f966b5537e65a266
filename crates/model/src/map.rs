//! A sorted map of which a copy costs nothing.
//!
//! Intuition: a card index in drawers. A copy of the index is a second label on the same cabinet; only
//! who changes a card gets that card, its drawer and the way to it for himself, and shares the rest.
//! So a reader, a snapshot or a step back holds a whole state still for the price of one pointer.
//!
//! It is a B+ tree whose nodes are shared until one of their holders writes ([`Arc::make_mut`]). The
//! copy-on-write maps that exist would do as well; this one is small, has the names of
//! [`std::collections::BTreeMap`], and fills its leaves when keys come in ascending order, as ids do.
//!
//! Invariants:
//! - keys ascend, within a leaf and from leaf to leaf, and all leaves are equally deep;
//! - no node but the root is empty, and `len` of a node counts what is below it;
//! - `low` of a child is not above any key in it and above every key in the child before; only that of
//!   a first child says nothing.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Bound, Index, RangeBounds};
use std::sync::Arc;

mod iter;
mod set;
#[cfg(test)]
mod tests;

pub use iter::Iter;
pub use set::Set;

/// Most entries of a leaf, and most children of a node above.
const WIDTH_MAX: usize = 32;

/// Below so many, a node looks for a neighbour to move in with.
const WIDTH_LOW: usize = 8;

/// A sorted map; see the [module](self).
pub struct Map<K, V> {
    root: Arc<Node<K, V>>,
}

struct Node<K, V> {
    len: usize,
    kind: Kind<K, V>,
}

enum Kind<K, V> {
    Leaf(Vec<Arc<Entry<K, V>>>),
    Inner(Vec<Child<K, V>>),
}

#[derive(Clone)]
struct Entry<K, V> {
    key: K,
    value: V,
}

struct Child<K, V> {
    low: Arc<K>,
    node: Arc<Node<K, V>>,
}

impl<K, V> Map<K, V> {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        Self { root: Arc::new(Node { len: 0, kind: Kind::Leaf(vec![]) }) }
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.root.len
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether both are the same in memory. Equal maps need not be.
    #[must_use]
    pub fn is_shared_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.root, &other.root)
    }

    /// Every entry in ascending order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter::between(&self.root, 0, 0)
    }

    /// Every key in ascending order.
    #[must_use]
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator {
        self.iter().map(|(key, _)| key)
    }

    /// Every value in the order of the keys.
    #[must_use]
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator {
        self.iter().map(|(_, value)| value)
    }

    /// The first entry.
    #[must_use]
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        self.iter().next()
    }

    /// The last entry.
    #[must_use]
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        self.iter().next_back()
    }

    /// Throws everything out.
    pub fn clear(&mut self) {
        *self = Self::new();
    }
}

impl<K: Ord, V> Map<K, V> {
    /// The value under `key`.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let mut node = &*self.root;
        loop {
            match &node.kind {
                Kind::Inner(children) => node = &children[child_for(children, key)].node,
                Kind::Leaf(entries) => {
                    let at = place_of(entries, key).ok()?;
                    return Some(&entries[at].value);
                }
            }
        }
    }

    /// Whether `key` has a value.
    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// The entries whose keys are in `range`.
    pub fn range<Q: Ord + ?Sized>(&self, range: impl RangeBounds<Q>) -> Iter<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let before = match range.start_bound() {
            Bound::Unbounded => 0,
            Bound::Included(key) => self.count(|it| it < key, key),
            Bound::Excluded(key) => self.count(|it| it <= key, key),
        };
        let upto = match range.end_bound() {
            Bound::Unbounded => self.len(),
            Bound::Included(key) => self.count(|it| it <= key, key),
            Bound::Excluded(key) => self.count(|it| it < key, key),
        };
        Iter::between(&self.root, before, self.len() - upto.max(before))
    }

    /// How many keys are `below`, which parts them at `key`.
    fn count<Q: Ord + ?Sized>(&self, below: impl Fn(&Q) -> bool, key: &Q) -> usize
    where
        K: Borrow<Q>,
    {
        let (mut node, mut count) = (&*self.root, 0);
        loop {
            match &node.kind {
                Kind::Inner(children) => {
                    let at = child_for(children, key);
                    count += children[..at].iter().map(|it| it.node.len).sum::<usize>();
                    node = &children[at].node;
                }
                Kind::Leaf(entries) => {
                    return count + entries.partition_point(|it| below(it.key.borrow()));
                }
            }
        }
    }
}

impl<K: Ord + Clone, V: Clone> Map<K, V> {
    /// The value under `key`, to be changed; shared with no copy from here on.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        // Nothing is unshared for a key that is not there.
        if !self.contains_key(key) {
            return None;
        }
        let mut node = Arc::make_mut(&mut self.root);
        loop {
            match &mut node.kind {
                Kind::Inner(children) => {
                    let at = child_for(children, key);
                    node = Arc::make_mut(&mut children[at].node);
                }
                Kind::Leaf(entries) => {
                    let at = place_of(entries, key).expect("it was found above");
                    return Some(&mut Arc::make_mut(&mut entries[at]).value);
                }
            }
        }
    }

    /// Puts `value` under `key`; what was there before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let (before, split) = Arc::make_mut(&mut self.root).insert(key, value);
        if let Some(right) = split {
            let left = Arc::clone(&self.root);
            let low = Arc::new(left.first_key().expect("a split node is not empty").clone());
            let len = left.len + right.node.len;
            let children = vec![Child { low, node: left }, right];
            self.root = Arc::new(Node { len, kind: Kind::Inner(children) });
        }
        before.map(owned)
    }

    /// Takes `key` out; its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if !self.contains_key(key) {
            return None;
        }
        let entry = Arc::make_mut(&mut self.root).remove(key);
        while let Kind::Inner(children) = &self.root.kind
            && let [only] = &children[..]
        {
            self.root = Arc::clone(&only.node);
        }
        Some(owned(entry))
    }

    /// Takes the first entry out.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        let key = self.first_key_value()?.0.clone();
        let value = self.remove(&key).expect("it was just there");
        Some((key, value))
    }

    /// Takes the last entry out.
    pub fn pop_last(&mut self) -> Option<(K, V)> {
        let key = self.last_key_value()?.0.clone();
        let value = self.remove(&key).expect("it was just there");
        Some((key, value))
    }

    /// Leaves only what `keep` says. What stays is not touched.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        let gone: Vec<K> = self
            .iter()
            .filter(|(key, value)| !keep(key, value))
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            self.remove(&key);
        }
    }

    /// The value under `key`, made by `new` when there is none.
    pub fn get_or_insert_with(&mut self, key: &K, new: impl FnOnce() -> V) -> &mut V {
        if !self.contains_key(key) {
            self.insert(key.clone(), new());
        }
        self.get_mut(key).expect("it was just put there")
    }

    /// Every value, to be changed. Unshares the whole map.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.iter_mut().map(|(_, value)| value)
    }

    /// Every entry, its value to be changed. Unshares the whole map.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        let mut all = Vec::with_capacity(self.len());
        Arc::make_mut(&mut self.root).all_mut(&mut all);
        all.into_iter()
    }
}

impl<K, V> Node<K, V> {
    fn first_key(&self) -> Option<&K> {
        match &self.kind {
            Kind::Leaf(entries) => entries.first().map(|it| &it.key),
            Kind::Inner(children) => children.first()?.node.first_key(),
        }
    }

    fn width(&self) -> usize {
        match &self.kind {
            Kind::Leaf(entries) => entries.len(),
            Kind::Inner(children) => children.len(),
        }
    }
}

type Inserted<K, V> = (Option<Arc<Entry<K, V>>>, Option<Child<K, V>>);

impl<K: Ord + Clone, V: Clone> Node<K, V> {
    /// What was under `key`, and the right half when this node had to be split.
    fn insert(&mut self, key: K, value: V) -> Inserted<K, V> {
        let before = match &mut self.kind {
            Kind::Leaf(entries) => match place_of(entries, &key) {
                Ok(at) => {
                    let entry = Arc::new(Entry { key, value });
                    return (Some(std::mem::replace(&mut entries[at], entry)), None);
                }
                Err(at) => {
                    entries.insert(at, Arc::new(Entry { key, value }));
                    None
                }
            },
            Kind::Inner(children) => {
                let at = child_for(children, &key);
                let (before, split) = Arc::make_mut(&mut children[at].node).insert(key, value);
                if let Some(right) = split {
                    children.insert(at + 1, right);
                }
                before
            }
        };
        self.len += usize::from(before.is_none());
        (before, (self.width() > WIDTH_MAX).then(|| self.split()))
    }

    /// Parts with the right half. At the right edge, where keys come in ascending order, that is one.
    fn split(&mut self) -> Child<K, V> {
        let kind = match &mut self.kind {
            Kind::Leaf(entries) => Kind::Leaf(entries.split_off(cut(entries.len()))),
            Kind::Inner(children) => Kind::Inner(children.split_off(cut(children.len()))),
        };
        let mut right = Self { len: 0, kind };
        right.len = right.counted();
        self.len -= right.len;
        let low = Arc::new(right.first_key().expect("half of a full node").clone());
        Child { low, node: Arc::new(right) }
    }

    fn counted(&self) -> usize {
        match &self.kind {
            Kind::Leaf(entries) => entries.len(),
            Kind::Inner(children) => children.iter().map(|it| it.node.len).sum(),
        }
    }

    /// `key` is here.
    fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Arc<Entry<K, V>>
    where
        K: Borrow<Q>,
    {
        self.len -= 1;
        match &mut self.kind {
            Kind::Leaf(entries) => entries.remove(place_of(entries, key).expect("it is here")),
            Kind::Inner(children) => {
                let at = child_for(children, key);
                let entry = Arc::make_mut(&mut children[at].node).remove(key);
                tidy(children, at);
                entry
            }
        }
    }

    fn absorb(&mut self, right: Self, low: Arc<K>) {
        self.len += right.len;
        match (&mut self.kind, right.kind) {
            (Kind::Leaf(ours), Kind::Leaf(theirs)) => ours.extend(theirs),
            (Kind::Inner(ours), Kind::Inner(mut theirs)) => {
                // A first child may hold keys below its own `low`, which nobody asks for until now.
                theirs[0].low = low;
                ours.extend(theirs);
            }
            _ => unreachable!("neighbours are equally deep"),
        }
    }

    fn all_mut<'a>(&'a mut self, all: &mut Vec<(&'a K, &'a mut V)>) {
        match &mut self.kind {
            Kind::Leaf(entries) => {
                for entry in entries {
                    let Entry { key, value } = Arc::make_mut(entry);
                    all.push((key, value));
                }
            }
            Kind::Inner(children) => {
                for child in children {
                    Arc::make_mut(&mut child.node).all_mut(all);
                }
            }
        }
    }
}

/// Removes the child at `at` when it is empty, and moves it in with a neighbour when both are small.
fn tidy<K: Ord + Clone, V: Clone>(children: &mut Vec<Child<K, V>>, at: usize) {
    let width = children[at].node.width();
    if width == 0 {
        children.remove(at);
        return;
    }
    if width >= WIDTH_LOW || children.len() == 1 {
        return;
    }
    let left = if at + 1 < children.len() { at } else { at - 1 };
    if children[left].node.width() + children[left + 1].node.width() <= WIDTH_MAX {
        let Child { low, node } = children.remove(left + 1);
        Arc::make_mut(&mut children[left].node).absorb(Arc::unwrap_or_clone(node), low);
    }
}

/// Where a node that has become one too wide is cut: leaves that are filled from the left stay full.
fn cut(width: usize) -> usize {
    width - width / 8
}

fn child_for<K: Borrow<Q>, V, Q: Ord + ?Sized>(children: &[Child<K, V>], key: &Q) -> usize {
    children[1..].partition_point(|it| (*it.low).borrow() <= key)
}

fn place_of<K: Borrow<Q>, V, Q: Ord + ?Sized>(
    entries: &[Arc<Entry<K, V>>],
    key: &Q,
) -> Result<usize, usize> {
    entries.binary_search_by(|it| it.key.borrow().cmp(key))
}

fn owned<K: Clone, V: Clone>(entry: Arc<Entry<K, V>>) -> V {
    Arc::unwrap_or_clone(entry).value
}

impl<K, V> Clone for Map<K, V> {
    fn clone(&self) -> Self {
        Self { root: Arc::clone(&self.root) }
    }
}

impl<K, V> Clone for Child<K, V> {
    fn clone(&self) -> Self {
        Self { low: Arc::clone(&self.low), node: Arc::clone(&self.node) }
    }
}

impl<K, V> Clone for Node<K, V> {
    fn clone(&self) -> Self {
        // Who writes to a copy mostly adds to it.
        let kind = match &self.kind {
            Kind::Leaf(entries) => Kind::Leaf(with_room(entries)),
            Kind::Inner(children) => Kind::Inner(with_room(children)),
        };
        Self { len: self.len, kind }
    }
}

fn with_room<T: Clone>(items: &[T]) -> Vec<T> {
    let mut copy = Vec::with_capacity(items.len() + 1);
    copy.extend_from_slice(items);
    copy
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for Map<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.is_shared_with(other) || (self.len() == other.len() && self.iter().eq(other.iter()))
    }
}

impl<K: Eq, V: Eq> Eq for Map<K, V> {}

impl<K: Borrow<Q> + Ord, V, Q: Ord + ?Sized> Index<&Q> for Map<K, V> {
    type Output = V;

    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("whoever writes `map[key]` knows that it is there")
    }
}

impl<'a, K, V> IntoIterator for &'a Map<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

impl<K: Ord + Clone, V: Clone> Extend<(K, V)> for Map<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord + Clone, V: Clone> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::new();
        map.extend(entries);
        map
    }
}

impl<K: Serialize, V: Serialize> Serialize for Map<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de, K, V> Deserialize<'de> for Map<K, V>
where
    K: Deserialize<'de> + Ord + Clone,
    V: Deserialize<'de> + Clone,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

struct Entries<K, V>(PhantomData<(K, V)>);

impl<'de, K, V> Visitor<'de> for Entries<K, V>
where
    K: Deserialize<'de> + Ord + Clone,
    V: Deserialize<'de> + Clone,
{
    type Value = Map<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Map<K, V>, A::Error> {
        let mut map = Map::new();
        while let Some((key, value)) = access.next_entry()? {
            map.insert(key, value);
        }
        Ok(map)
    }
}
