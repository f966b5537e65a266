//! Two eras: the true pair of structures is foretold, a false one is not, and ranges narrow to the truth.

use super::company::{Company, company};
use crate::calendar::Span;
use crate::calibrate::{Case, Eras, Gate, Transfer, transfer};
use crate::compare::{PARAMETERS, Parameter, Sweep};
use crate::number::WEEK_MS;
use crate::presets::Preset;
use crate::random::Length;
use crate::records::Work;
use crate::signs::lives;
use crate::simulate;
use crate::structure::Assumptions;
use crate::world::{Class, Draw, draw};
use std::collections::BTreeMap;

/// A year of which one part was lived under one structure and the rest under another.
struct Past {
    company: Company,
    assumptions: Assumptions,
    works: Vec<Work>,
    lengths: BTreeMap<Class, Length>,
    switch_ms: i64,
}

const WEEKS: i64 = 44;
const SWITCH: i64 = 24;

impl Past {
    fn lived(first: Preset, second: Preset, slow_down: f64, seed: u64) -> Self {
        let mut company = company();
        (company.weeks, company.times) = (WEEKS, 0.6);
        let company = company.built();
        let experiment = company.experiment(&[first, second]);
        let assumptions = Assumptions { slow_down, ..experiment.assumptions };
        let sources: Vec<_> =
            experiment.sources.iter().filter(|it| it.class != Class::Roadmap).cloned().collect();
        let whole = company.organisation.within;
        let switch_ms = whole.from_ms + SWITCH * WEEK_MS;
        let eras = [Span { to_ms: switch_ms, ..whole }, Span { from_ms: switch_ms, ..whole }];
        let mut works = vec![];
        for (structure, era) in experiment.structures.iter().zip(eras) {
            let mut items = draw(&sources, whole, Draw { seed, replication: 0 });
            items.retain(|it| era.from_ms <= it.created_ms && it.created_ms < era.to_ms);
            let history = simulate(&company.organisation, &items, structure, &assumptions);
            for (life, record) in lives(&history).into_iter().zip(&history.records) {
                let about = &company.organisation.components[record.component].name;
                works.push(Work {
                    class: record.class,
                    about: Some(about.clone()),
                    created_ms: life.created_ms,
                    started_ms: life.started_ms,
                    finished_ms: life.finished_ms,
                    worked_ms: life.worked_ms,
                    people: vec![],
                    groups: vec![],
                    efforts: vec![],
                });
            }
        }
        let lengths = sources.iter().map(|it| (it.class, it.length)).collect();
        Self { company, assumptions, works, lengths, switch_ms }
    }

    fn carried(&self, first: Preset, second: Preset, assumptions: &Assumptions) -> Transfer {
        self.tried(first, second, assumptions).unwrap_or_else(|it| panic!("{it}"))
    }

    fn tried(
        &self,
        first: Preset,
        second: Preset,
        assumptions: &Assumptions,
    ) -> Result<Transfer, String> {
        let (first, second) = (self.company.structure(first), self.company.structure(second));
        let case = Case {
            organisation: &self.company.organisation,
            structure: &first,
            assumptions,
            works: &self.works,
            lengths: &self.lengths,
        };
        let eras = Eras { case, switch_ms: self.switch_ms, second: &second };
        let gate = Gate { replications: 60, ..Gate::usual(5) };
        let ends = [(1.0, 6.0), (0.0, 0.6), (1.0, 25.0)];
        let ranges = PARAMETERS.into_iter().zip(ends).map(|(it, (low, high))| (it, low, high));
        transfer(&eras, &gate, &Sweep { ranges: ranges.collect() })
    }
}

#[test]
fn the_true_pair_is_foretold_and_ranges_close_around_the_truth() {
    let (first, second) = (Preset::Tribute, Preset::ProductTeams);
    let mut passed = 0;
    for seed in 0..4 {
        let past = Past::lived(first, second, 2.0, 40 + seed);
        let found = past.carried(first, second, &past.assumptions);
        passed += usize::from(found.passed);
        let slow = found.left.iter().find(|it| it.parameter == Parameter::SlowDown);
        let slow = slow.expect("it was swept");
        if let Some((low, high)) = slow.range {
            assert!(low <= 2.0 && 2.0 <= high, "seed {seed}: the truth is 2: {slow:?}");
            assert!(high < 6.0, "seed {seed}: six times as slow was not ruled out: {slow:?}");
        }
        // Five values of what shows most, with three and with two of the others.
        let joint = &found.joint;
        assert_eq!((joint.visible.len(), joint.tried), (3, 30), "{joint:?}");
        // A combination is kept where its values are, and not everywhere they are.
        let values = |it: &crate::calibrate::Left| it.tried.iter().filter(|it| it.1).count();
        let corner: usize = found.left.iter().map(values).product();
        assert!(joint.kept < joint.tried && joint.kept <= corner, "{joint:?} in {:?}", found.left);
    }
    assert!(passed >= 3, "{passed} of 4 true pairs were foretold");
}

#[test]
fn a_false_pair_is_not_foretold() {
    // It went on as it had been, while everybody says that it was reorganised.
    let past = Past::lived(Preset::ProductTeams, Preset::Tribute, 3.0, 3);
    let found = past.carried(Preset::ProductTeams, Preset::ServiceCentre, &past.assumptions);
    assert!(!found.passed, "{found:?}");
    // The right structures, but strangers are believed to be as quick as anybody.
    let believed = Assumptions { slow_down: 1.0, ..past.assumptions };
    let found = past.carried(Preset::ProductTeams, Preset::Tribute, &believed);
    assert!(!found.passed, "{found:?}");
    let slow = &found.left[0];
    // Whatever the others are: with strangers as quick as anybody nothing foretells it.
    assert!(slow.tried[0] == (1.0, false) && slow.range.is_some(), "{slow:?}");
}

#[test]
fn what_cannot_be_tried_says_why() {
    let (first, second) = (Preset::Tribute, Preset::ProductTeams);
    let check = |bend: &dyn Fn(&mut Past), expect: &str| {
        let mut past = Past::lived(first, second, 2.0, 1);
        bend(&mut past);
        let found = past.tried(first, second, &past.assumptions);
        assert!(found.as_ref().is_err_and(|it| it.contains(expect)), "{expect}: {found:?}");
    };
    check(&|it| it.switch_ms -= 18 * WEEK_MS, "of the first era the records cover 6 whole weeks");
    check(&|it| it.switch_ms += 15 * WEEK_MS, "the second era has 5 whole weeks");
    check(
        &|it| {
            it.lengths.clear();
            it.works.iter_mut().for_each(|it| it.worked_ms = None);
        },
        "nothing in the first era says how long a",
    );
}
