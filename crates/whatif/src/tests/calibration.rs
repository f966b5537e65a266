//! The gate: it lets a true model pass about as often as it says, and stops false ones.

use super::company::{Company, company};
use crate::calibrate::{Case, Gate, SPAN_MAX, Verdict, calibrate};
use crate::number::WEEK_MS;
use crate::presets::Preset;
use crate::random::Length;
use crate::records::Work;
use crate::signs::{Life, Sign, lives};
use crate::simulate;
use crate::structure::{Assumptions, Structure};
use crate::world::{Class, Draw, draw};
use std::collections::BTreeMap;

/// Seven tenths of the usual load: a desk that is nearly full can be followed by anything.
const TIMES: f64 = 0.7;

/// A recorded past: what a ticket system would have kept of a simulated year.
struct Past {
    company: Company,
    assumptions: Assumptions,
    works: Vec<Work>,
    lengths: BTreeMap<Class, Length>,
}

impl Past {
    fn lived(preset: Preset, seed: u64) -> Self {
        let mut company = company();
        company.weeks = 40;
        company.times = TIMES;
        let company = company.built();
        let experiment = company.experiment(&[preset]);
        let organisation = &company.organisation;
        let sources: Vec<_> =
            experiment.sources.iter().filter(|it| it.class != Class::Roadmap).cloned().collect();
        let which = Draw { seed, replication: 0 };
        let items = draw(&sources, organisation.within, which);
        let assumptions = experiment.assumptions;
        let history = simulate(organisation, &items, &experiment.structures[0], &assumptions);
        let work = |(life, record): (Life, &crate::history::Record)| Work {
            class: record.class,
            about: Some(organisation.components[record.component].name.clone()),
            created_ms: life.created_ms,
            started_ms: life.started_ms,
            finished_ms: life.finished_ms,
            worked_ms: life.worked_ms,
            people: vec![],
            groups: vec![],
            efforts: vec![],
        };
        let works = lives(&history).into_iter().zip(&history.records).map(work).collect();
        let lengths = sources.iter().map(|it| (it.class, it.length)).collect();
        Self { company, assumptions, works, lengths }
    }

    fn without_worked(mut self) -> Self {
        for work in &mut self.works {
            work.worked_ms = None;
        }
        self
    }

    fn judged(&self, structure: &Structure) -> Verdict {
        let case = Case {
            organisation: &self.company.organisation,
            structure,
            assumptions: &self.assumptions,
            works: &self.works,
            lengths: &self.lengths,
        };
        let gate = Gate { replications: 100, ..Gate::usual(5) };
        calibrate(&case, &gate).unwrap_or_else(|it| panic!("{it}"))
    }
}

/// 90 % are aimed at. Of 160 pasts, these forty and 120 that follow, 133 lay inside: lengths that are fitted
/// are known less well than the lives believe.
#[test]
fn a_true_model_stays_inside_about_as_often_as_it_says() {
    let runs = 40;
    let inside = (0..runs).filter(|seed| {
        let past = Past::lived(Preset::Tribute, 100 + seed);
        past.judged(&past.company.structure(Preset::Tribute)).off().is_empty()
    });
    let inside = inside.count();
    assert!((30..40).contains(&inside), "{inside} of {runs} true models stayed inside");
}

/// What is far from the truth; what looks alike from outside, such as ad hoc and tribute while a desk
/// has time, no export can tell apart.
#[test]
fn a_false_model_is_stopped() {
    let past = Past::lived(Preset::Tribute, 7);
    let verdict = past.judged(&past.company.structure(Preset::AdHoc));
    assert!(!verdict.passed && !verdict.off().is_empty(), "{verdict:?}");
    // Twice as much comes from the first origin on.
    let mut past = Past::lived(Preset::Tribute, 7);
    let from_ms = past.company.organisation.within.from_ms + 28 * WEEK_MS;
    let again: Vec<Work> =
        past.works.iter().filter(|it| it.created_ms >= from_ms).cloned().collect();
    past.works.extend(again);
    past.works.sort_by_key(|it| it.created_ms);
    let verdict = past.judged(&past.company.structure(Preset::Tribute));
    let off: Vec<Sign> = verdict.off().iter().map(|it| it.1.sign).collect();
    assert!(!verdict.passed && off.contains(&Sign::Arrivals), "{verdict:?}");
}

#[test]
fn a_band_that_could_not_have_refused_opens_nothing() {
    let mut past = Past::lived(Preset::Tribute, 4);
    // A tenth of the tickets, and no record of how long anything took.
    let mut number = 0;
    past.works.retain(|_| {
        number += 1;
        number % 6 == 0
    });
    let verdict = past.without_worked();
    let verdict = verdict.judged(&verdict.company.structure(Preset::Tribute));
    assert!(verdict.span > SPAN_MAX && !verdict.passed, "span {}", verdict.span);
}

#[test]
fn lengths_that_nobody_recorded_are_found_from_waits() {
    let mut past = Past::lived(Preset::Tribute, 3).without_worked();
    for length in past.lengths.values_mut() {
        if let Length::LogNormal { mean_ms, .. } = length {
            // Whoever typed them in thought everything takes half as long.
            *mean_ms /= 2;
        }
    }
    let verdict = past.judged(&past.company.structure(Preset::Tribute));
    assert!((verdict.imputed - 1.0).abs() < 1e-12, "all lengths are imputed");
    for block in &verdict.blocks {
        assert!((1.4..=2.9).contains(&block.factor), "the factor is 2: {}", block.factor);
    }
}

#[test]
fn the_same_seed_gives_the_same_verdict() {
    let past = Past::lived(Preset::ProductTeams, 1);
    let structure = past.company.structure(Preset::ProductTeams);
    assert_eq!(past.judged(&structure), past.judged(&structure));
}

#[test]
fn what_cannot_be_held_against_anything_is_refused() {
    let past = Past::lived(Preset::Tribute, 2);
    let structure = past.company.structure(Preset::Tribute);
    let check = |works: &[Work], weeks: i64, lengths: &BTreeMap<Class, Length>, expect: &str| {
        let mut organisation = past.company.organisation.clone();
        organisation.within.to_ms = organisation.within.from_ms + weeks * WEEK_MS;
        let assumptions = &past.assumptions;
        let case = Case {
            organisation: &organisation,
            structure: &structure,
            assumptions,
            works,
            lengths,
        };
        let found = calibrate(&case, &Gate::usual(1));
        assert!(found.as_ref().is_err_and(|it| it.contains(expect)), "{expect}: {found:?}");
    };
    check(&past.works, 11, &past.lengths, "cover 11 whole weeks");
    check(&past.works[..30], 40, &past.lengths, "hold 30 pieces of work");
    let bare = |it: &Work| Work { started_ms: None, finished_ms: None, ..it.clone() };
    let bare: Vec<Work> = past.works.iter().map(bare).collect();
    check(&bare, 40, &past.lengths, "neither when work began nor when it was over");
    let unworked = Past::lived(Preset::Tribute, 2).without_worked();
    check(&unworked.works, 40, &BTreeMap::new(), "nothing says how long a");
}
