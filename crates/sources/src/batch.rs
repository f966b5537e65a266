//! Questions that differ only in what one label must be are asked together.
//!
//! Intuition: a thousand services count their requests in one metric. A thousand questions would cost the
//! source a thousand times what a question costs at least (about two milliseconds in Prometheus 2.42);
//! `requests_total{service=~"a|b|c"}` costs it once for fifty of them, and each series of the answer says by
//! its label whom it belongs to.
//!
//! Invariants:
//! - each question gets exactly the series that it would have got alone;
//! - a batch that is too much for the source is halved until it is not, so that one member that is too large
//!   takes nothing from the others.

use crate::prometheus::{Answered, Question, share_out};
use slo::Series;
use slo::selector::{MatchOp, Matcher, Selector};
use std::collections::BTreeMap;

/// Questions in one batch.
const MEMBERS_MAX: usize = 50;

/// Bytes of the values that one batch asks for, before they are written as an address.
const VALUES_BYTES_MAX: usize = 2_000;

/// What is asked of the source at once.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// The question as it is asked.
    pub(crate) query: String,
    /// What the questions have in common, and the label that tells the answer apart; of a single one, none.
    kind: Option<Kind>,
    /// The questions, by what the label must be.
    members: BTreeMap<String, Question>,
}

/// What a question has in common with those that it can be asked with: itself without one matcher, and the
/// label of that.
type Kind = (Selector, String);

impl Batch {
    fn alone(question: Question) -> Self {
        let query = question.query.clone();
        Self { query, kind: None, members: BTreeMap::from([(String::new(), question)]) }
    }

    fn of(kind: &Kind, mut members: BTreeMap<String, Question>) -> Self {
        if members.len() == 1
            && let Some((_, question)) = members.pop_first()
        {
            return Self::alone(question);
        }
        let (mut common, label) = kind.clone();
        let values: Vec<String> = members.keys().map(|it| regex::escape(it)).collect();
        common.matchers.push(Matcher { label, op: MatchOp::Regex, value: values.join("|") });
        Self { query: common.to_string(), kind: Some(kind.clone()), members }
    }

    /// Its questions in two batches, where there are several.
    pub(crate) fn halves(&self) -> Option<[Self; 2]> {
        let kind = self.kind.as_ref()?;
        let mut first = self.members.clone();
        let middle = first.keys().nth(first.len() / 2)?.clone();
        let second = first.split_off(&middle);
        Some([first, second].map(|it| Self::of(kind, it)))
    }

    /// Shares the answer out among all selectors of all questions.
    pub(crate) fn share_out(&self, answered: Answered) -> BTreeMap<String, Vec<Series>> {
        let Some((_, label)) = &self.kind else {
            return self
                .members
                .values()
                .next()
                .map_or_else(BTreeMap::new, |it| share_out(it, answered));
        };
        let mut of: BTreeMap<&str, Answered> =
            self.members.keys().map(|it| (it.as_str(), Answered::default())).collect();
        for series in answered.series {
            let value = series.labels.get(label).map_or("", String::as_str);
            if let Some(member) = of.get_mut(value) {
                member.series.push(series);
            }
        }
        let shared =
            |(value, answered): (&str, Answered)| share_out(&self.members[value], answered);
        of.into_iter().flat_map(shared).collect()
    }
}

/// Puts together what can be asked together; in each batch the questions that have most in common.
pub(crate) fn batches(questions: Vec<Question>) -> Vec<Batch> {
    let kinds: Vec<Vec<(Kind, String)>> = questions.iter().map(kinds_of).collect();
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    let named = |(common, label): &Kind| format!("{common}\n{label}");
    for (kind, _) in kinds.iter().flatten() {
        *sizes.entry(named(kind)).or_default() += 1;
    }
    let size = |kind: &Kind| sizes[&named(kind)];
    let mut alone = vec![];
    let mut together: BTreeMap<String, (Kind, BTreeMap<String, Question>)> = BTreeMap::new();
    for (question, kinds) in questions.into_iter().zip(&kinds) {
        // The first of several that are alike, so that the same questions always give the same batches.
        let best = kinds.iter().rev().max_by_key(|(kind, _)| size(kind));
        match best {
            Some((kind, value)) if size(kind) > 1 => {
                let (_, members) =
                    together.entry(named(kind)).or_insert((kind.clone(), BTreeMap::new()));
                if let Some(before) = members.insert(value.clone(), question) {
                    alone.push(Batch::alone(before));
                }
            }
            _ => alone.push(Batch::alone(question)),
        }
    }
    let many = together.into_values().flat_map(|(kind, members)| cut(&kind, members));
    alone.into_iter().chain(many).collect()
}

/// Batches that are not too large.
fn cut(kind: &Kind, members: BTreeMap<String, Question>) -> Vec<Batch> {
    let mut parts: Vec<(usize, BTreeMap<String, Question>)> = vec![];
    for (value, question) in members {
        let bytes = value.len() + 1;
        match parts.last_mut() {
            Some((used, part)) if part.len() < MEMBERS_MAX && *used + bytes <= VALUES_BYTES_MAX => {
                *used += bytes;
                part.insert(value, question);
            }
            _ => parts.push((bytes, BTreeMap::from([(value, question)]))),
        }
    }
    parts.into_iter().map(|(_, part)| Batch::of(kind, part)).collect()
}

/// Every way in which a question can be part of a batch.
fn kinds_of(question: &Question) -> Vec<(Kind, String)> {
    let Some(selector) = Selector::parse(&question.query).ok().filter(|it| it.name.is_some())
    else {
        return vec![];
    };
    if !question.natives.is_empty() {
        return vec![];
    }
    let on = |label: &str| selector.matchers.iter().filter(|it| it.label == label).count();
    let mut kinds = vec![];
    for (place, it) in selector.matchers.iter().enumerate() {
        if it.op != MatchOp::Equal || it.value.is_empty() || on(&it.label) > 1 {
            continue;
        }
        let mut common = selector.clone();
        common.matchers.remove(place);
        let key = |it: &Matcher| (it.label.clone(), it.op.to_string(), it.value.clone());
        common.matchers.sort_by_key(key);
        kinds.push(((common, it.label.clone()), it.value.clone()));
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prometheus::plan;
    use model::Labels;
    use std::collections::BTreeSet;

    fn asked(selectors: &[&str]) -> Vec<Batch> {
        let selectors: BTreeSet<String> = selectors.iter().map(|it| (*it).to_owned()).collect();
        let (questions, problems) = plan(&selectors);
        assert_eq!(problems, []);
        batches(questions)
    }

    #[track_caller]
    fn check(selectors: &[&str], expected: &[&str]) {
        let found: Vec<String> = asked(selectors).into_iter().map(|it| it.query).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_differs_in_one_label_is_asked_together() {
        check(&["x{a=\"1\"}", "x{a=\"2\"}", "y{a=\"1\"}"], &["y{a=\"1\"}", "x{a=~\"1|2\"}"]);
        check(&["x{a=\"1\",code=~\"5..\"}", "x{a=\"1\"}", "x{a=\"2\"}"], &["x{a=~\"1|2\"}"]);
        // Of two labels the one that puts more together.
        check(
            &[
                "x{a=\"1\",b=\"1\"}",
                "x{a=\"1\",b=\"2\"}",
                "x{a=\"1\",b=\"3\"}",
                "x{a=\"2\",b=\"1\"}",
            ],
            &["x{a=\"1\",b=~\"1|2|3\"}", "x{a=\"2\",b=\"1\"}"],
        );
        check(
            &["x{a=\"1\"}", "x{a!=\"2\"}", "x{a=\"\"}"],
            &["x{a!=\"2\"}", "x{a=\"\"}", "x{a=\"1\"}"],
        );
        check(&["{a=\"1\"}", "{a=\"2\"}"], &["{a=\"1\"}", "{a=\"2\"}"]);
        check(&["x{a=\"p.q\"}", "x{a=\"\\\"\"}"], &["x{a=~\"\\\"|p\\\\.q\"}"]);
    }

    #[test]
    fn batches_are_bounded() {
        let selectors: Vec<String> = (0..120).map(|it| format!("x{{a=\"{it:03}\"}}")).collect();
        let selectors: Vec<&str> = selectors.iter().map(String::as_str).collect();
        let sizes: Vec<usize> = asked(&selectors).iter().map(|it| it.members.len()).collect();
        assert_eq!(sizes, [50, 50, 20]);
        let long: Vec<String> =
            (0..3).map(|it| format!("x{{a=\"{it}{}\"}}", "v".repeat(900))).collect();
        let long: Vec<&str> = long.iter().map(String::as_str).collect();
        let sizes: Vec<usize> = asked(&long).iter().map(|it| it.members.len()).collect();
        assert_eq!(sizes, [2, 1]);
    }

    /// Goal: asked together, each selector gets the series it would have got alone. Method: seeded selectors
    /// over few labels and values, and every series there can be.
    #[test]
    fn together_is_what_each_is_alone() {
        let values = ["", "1", "1.", "2|3"];
        let mut random = 0x5eed_u64;
        let mut next = |below: u64| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from((random >> 33) % below).unwrap()
        };
        let series: Vec<Series> = values
            .iter()
            .flat_map(|a| values.iter().map(move |b| (*a, *b)))
            .map(|(a, b)| {
                let labels = [("__name__", "x"), ("a", a), ("b", b)];
                let there = labels.into_iter().filter(|it| !it.1.is_empty());
                let labels: Labels = there.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
                Series { labels, samples: vec![] }
            })
            .collect();
        let answer = |query: &str| {
            let matching = crate::Matching::new(&Selector::parse(query).unwrap()).unwrap();
            let series = series.iter().filter(|it| matching.matches(&it.labels)).cloned().collect();
            Answered { series, ..Answered::default() }
        };
        let mut batched = 0;
        for round in 0..1_000 {
            let mut selectors = BTreeSet::new();
            for _ in 0..6 {
                let mut matchers = vec![];
                for label in ["a", "b"] {
                    if next(3) > 0 {
                        let op = ["=", "=", "!="][next(3)];
                        matchers.push(format!("{label}{op}\"{}\"", values[next(4)]));
                    }
                }
                selectors.insert(format!("x{{{}}}", matchers.join(",")).replace("x{}", "x"));
            }
            let (questions, _) = plan(&selectors);
            let all = batches(questions);
            batched += all.iter().filter(|it| it.members.len() > 1).count();
            let mut shared = BTreeMap::new();
            for batch in &all {
                shared.extend(batch.share_out(answer(&batch.query)));
            }
            assert_eq!(shared.keys().collect::<Vec<_>>(), selectors.iter().collect::<Vec<_>>());
            for (selector, found) in shared {
                assert_eq!(found, answer(&selector).series, "round {round}: {selector}");
            }
        }
        assert!(batched > 100, "{batched} batches");
    }
}
