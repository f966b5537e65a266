//! Beside a `BTreeMap`, through random changes, with copies that must not notice them.

use super::{Kind, Map, Node, Set, WIDTH_MAX};
use std::collections::BTreeMap;
use std::ops::Bound;

/// `SplitMix64`.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }
}

#[test]
fn it_is_a_map_through_random_changes_and_copies_do_not_notice() {
    for seed in 0..40 {
        let mut dice = Dice(seed);
        let keys = [40, 400, 4_000][usize::try_from(seed % 3).expect("small")];
        let (mut map, mut truth) = (Map::new(), BTreeMap::new());
        let mut copies = vec![];
        // Grows, shrinks to nothing, and grows again.
        for (steps, inserts_of_10) in [(6_000, 8), (9_000, 1), (3_000, 7)] {
            for _ in 0..steps {
                let key = dice.below(keys);
                change(&mut map, &mut truth, key, dice.below(10) < inserts_of_10, &mut dice);
                if dice.below(500) == 0 {
                    copies.push((map.clone(), truth.clone()));
                }
            }
            check(&map, &truth, &mut dice, seed);
        }
        for (map, truth) in &copies {
            check(map, truth, &mut dice, seed);
        }
    }
}

fn change(
    map: &mut Map<u64, String>,
    truth: &mut BTreeMap<u64, String>,
    key: u64,
    insert: bool,
    dice: &mut Dice,
) {
    let value = dice.below(1_000).to_string();
    match (insert, dice.below(12)) {
        (true, 0..9) => assert_eq!(map.insert(key, value.clone()), truth.insert(key, value)),
        (true, _) => {
            let (ours, theirs) = (map.get_mut(&key), truth.get_mut(&key));
            assert_eq!(ours, theirs);
            if let (Some(ours), Some(theirs)) = (ours, theirs) {
                ours.push('!');
                theirs.push('!');
            }
        }
        (false, 0) => assert_eq!(map.pop_first(), truth.pop_first()),
        (false, 1) => assert_eq!(map.pop_last(), truth.pop_last()),
        (false, _) => assert_eq!(map.remove(&key), truth.remove(&key)),
    }
    assert_eq!(map.get(&key), truth.get(&key));
}

#[track_caller]
fn check(map: &Map<u64, String>, truth: &BTreeMap<u64, String>, dice: &mut Dice, seed: u64) {
    assert_eq!(map.len(), truth.len(), "seed {seed}");
    assert!(map.iter().eq(truth.iter()), "seed {seed}");
    assert!(map.iter().rev().eq(truth.iter().rev()), "seed {seed}");
    let (from, to) = (dice.below(4_000), dice.below(4_000));
    let (from, to) = (from.min(to), from.max(to));
    for range in [
        (Bound::Included(from), Bound::Excluded(to)),
        (Bound::Excluded(from), Bound::Included(to + 1)),
        (Bound::Unbounded, Bound::Included(to)),
        (Bound::Included(from), Bound::Unbounded),
    ] {
        assert!(map.range(range).eq(truth.range(range)), "seed {seed}, {range:?}");
        assert!(map.range(range).rev().eq(truth.range(range).rev()), "seed {seed}, {range:?}");
    }
    // From both ends in turns.
    let mut ends = map.iter();
    let mut count = 0;
    while ends.next().is_some() && ends.next_back().is_some() {
        count += 2;
    }
    assert_eq!(count, map.len() / 2 * 2, "seed {seed}");
    let depth = depth(&map.root, true);
    assert!(depth <= 6, "seed {seed}: {depth} levels for {}", map.len());
}

/// The depth of every leaf, with what must hold of each node.
fn depth(node: &Node<u64, String>, is_root: bool) -> usize {
    assert!(is_root || node.width() > 0, "an empty node");
    assert!(node.width() <= WIDTH_MAX, "a node too wide");
    assert_eq!(node.len, node.counted());
    match &node.kind {
        Kind::Leaf(_) => 1,
        Kind::Inner(children) => {
            for pair in children.windows(2) {
                assert!(*pair[1].low <= *pair[1].node.first_key().expect("not empty"));
                let Kind::Leaf(before) = &pair[0].node.kind else { continue };
                assert!(before.last().is_some_and(|it| it.key < *pair[1].low));
            }
            let depths: Vec<usize> = children.iter().map(|it| depth(&it.node, false)).collect();
            assert!(depths.windows(2).all(|it| it[0] == it[1]), "leaves at different depths");
            depths[0] + 1
        }
    }
}

fn leaves(node: &Node<u64, u64>) -> usize {
    match &node.kind {
        Kind::Leaf(_) => 1,
        Kind::Inner(children) => children.iter().map(|it| leaves(&it.node)).sum(),
    }
}

#[test]
fn ascending_keys_fill_the_leaves() {
    let map: Map<u64, u64> = (0..10_000).map(|it| (it, it)).collect();
    let leaves = leaves(&map.root);
    assert!(leaves * WIDTH_MAX < 10_000 * 5 / 4, "{leaves} leaves");
}

#[test]
fn it_reads_and_writes_like_a_map_and_a_set_like_a_list() {
    let map: Map<u64, &str> = [(2, "b"), (1, "a")].into_iter().collect();
    let text = serde_json::to_string(&map).expect("maps serialise");
    assert_eq!(text, r#"{"1":"a","2":"b"}"#);
    assert_eq!(serde_json::from_str::<Map<u64, &str>>(&text).expect("read back"), map);
    let set: Set<u64> = [3, 1, 3].into_iter().collect();
    let text = serde_json::to_string(&set).expect("sets serialise");
    assert_eq!(text, "[1,3]");
    assert_eq!(serde_json::from_str::<Set<u64>>(&text).expect("read back"), set);
    assert_eq!((set.len(), set.first(), set.contains(&3)), (2, Some(&1), true));
}

#[test]
fn a_value_is_copied_only_by_who_changes_it() {
    let mut map: Map<u64, Vec<u8>> = (0..1_000).map(|it| (it, vec![1])).collect();
    let copy = map.clone();
    assert!(map.is_shared_with(&copy));
    map.get_mut(&500).expect("there").push(2);
    assert!(map.get_mut(&5_000).is_none());
    assert_eq!((&map[&500], &copy[&500]), (&vec![1, 2], &vec![1]));
    let same = map.iter().zip(copy.iter()).filter(|(a, b)| std::ptr::eq(a.1, b.1)).count();
    assert_eq!(same, 999);
}
