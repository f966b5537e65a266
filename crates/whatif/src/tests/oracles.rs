//! What theory knows exactly, and the simulator beside it.
//!
//! The deterministic values are those of the reference (six digits). Simulated means must lie within
//! the 99 % interval of their replications (there are about twenty of them; at 95 % one would fail by
//! luck), and the interval must be narrow enough to mean something.

use crate::calendar::{Calendar, Span};
use crate::number::{HOUR_MS, float, from_hours, hours};
use crate::random::Length;
use crate::simulate;
use crate::statistics::{Estimate, percentile};
use crate::structure::{
    Assumptions, AtEnd, Dedication, Desk, OffHours, Order, Preempt, Structure, Target, Triage, Turn,
};
use crate::theory::{
    Pool, PriorityClass, general_wait, kingman_wait, lee_longton_wait, single_sojourn_quantile,
    sojourns_by_preemption, waits_by_priority,
};
use crate::world::{Arrivals, CLASSES, Class, Component, Draw, Organisation, Person, Source, draw};

#[test]
fn the_formulas_agree_to_six_digits() {
    let check = |name: &str, found: f64, exact: f64| {
        assert!((found - exact).abs() < 5e-7, "{name}: {found}, not {exact}");
    };
    let pool = |servers, arrivals, service| Pool { servers, arrivals, service };
    check("M/M/1 Wq", pool(1, 0.7, 1.0).mean_wait(), 2.333_333);
    check("M/M/1 p95 sojourn", single_sojourn_quantile(0.7, 1.0, 0.95), 9.985_774);
    check("M/M/2 C", pool(2, 1.6, 1.0).waits(), 0.711_111);
    check("M/M/2 Wq", pool(2, 1.6, 1.0).mean_wait(), 1.777_778);
    check("M/M/2 p90", pool(2, 1.6, 1.0).wait_quantile(0.9), 4.904_146);
    check("M/M/5 C", pool(5, 4.0, 1.0).waits(), 0.554_113);
    check("M/M/5 Wq", pool(5, 4.0, 1.0).mean_wait(), 0.554_113);
    check("M/M/5 p90", pool(5, 4.0, 1.0).wait_quantile(0.9), 1.712_198);
    check("M/M/6 C", pool(6, 0.8, 1.0).waits(), 0.000_189);
    check("M/M/6 Wq", pool(6, 0.8, 1.0).mean_wait(), 0.000_036);
    check("M/D/1 Wq", general_wait(0.8, 1.0, 0.0), 2.0);
    check("M/G/1 Wq", general_wait(0.8, 1.0, 4.0), 10.0);
    check("Kingman", kingman_wait(0.8, (1.0, 4.0), 1.0), 10.0);
    let classes = priority_classes();
    let waits = waits_by_priority(&classes);
    check("Cobham 1", waits[0], 0.935_294);
    check("Cobham 2", waits[1], 3.741_176);
    let sojourns = sojourns_by_preemption(&classes);
    check("preemptive 1", sojourns[0], 0.588_235);
    check("preemptive 2", sojourns[1], 5.152_941);
    let separate = [general_wait(0.8, 1.0, 1.0), general_wait(0.08, 10.0, 1.0)];
    check("separate", (separate[0] * 0.8 + separate[1] * 0.08) / 0.88, 7.272_727);
    // Both kinds at two people: mean 1.6/0.88, E[S²] = (0.8·2 + 0.08·200)/0.88.
    let mean: f64 = 1.6 / 0.88;
    let variation = (1.6 + 16.0) / 0.88 / (mean * mean) - 1.0;
    let pooled = lee_longton_wait(&pool(2, 0.88, 1.0 / mean), variation);
    check("Lee and Longton", pooled, 9.777_778);
    assert!(pool(1, 1.0, 1.0).mean_wait().is_infinite());
    assert!(pool(2, 3.0, 1.0).wait_quantile(0.9).is_infinite());
}

#[test]
fn waits_of_pools_are_those_of_theory() {
    for (servers, arrivals) in [(1, 0.7), (2, 1.6), (5, 4.0), (6, 0.8)] {
        let pool = Pool { servers, arrivals, service: 1.0 };
        let rare = pool.waits() < 0.01;
        // Where one item in five thousand waits, it takes many runs to see one.
        let replications = if rare { 60 } else { 10 };
        let bench = Bench::new(servers).replications(replications);
        let runs = bench.source(Class::Page, arrivals, exponential(1.0)).runs();
        let name = format!("M/M/{servers} at {arrivals}");
        let wide = if rare { 0.2 } else { 0.05 };
        runs.check(&format!("{name} C"), pool.waits(), wide, Waits::share_waiting);
        if !rare {
            runs.check(&format!("{name} Wq"), pool.mean_wait(), 0.08, Waits::mean);
            let p90 = pool.wait_quantile(0.9);
            runs.check(&format!("{name} p90 wait"), p90, 0.10, |it| it.quantile(0.9));
        }
        if servers == 1 {
            let exact = single_sojourn_quantile(arrivals, 1.0, 0.95);
            runs.check("M/M/1 p95 sojourn", exact, 0.08, |it| it.stay_quantile(0.95));
        }
    }
}

#[test]
fn waits_for_lengths_of_other_kinds_are_those_of_theory() {
    let fixed = Length::Fixed { mean_ms: HOUR_MS };
    let runs = Bench::new(1).source(Class::Page, 0.8, fixed).runs();
    runs.check("M/D/1", general_wait(0.8, 1.0, 0.0), 0.05, Waits::mean);
    let long_tail = Length::LogNormal { mean_ms: HOUR_MS, variation: 4.0 };
    let runs = Bench::new(1).source(Class::Page, 0.8, long_tail).replications(24).runs();
    runs.check("M/G/1", general_wait(0.8, 1.0, 4.0), 0.10, Waits::mean);
}

#[test]
fn waits_by_priority_are_those_of_theory() {
    let bench = Bench::new(1).source(Class::Page, 0.3, exponential(0.5)).source(
        Class::Ticket,
        0.5,
        exponential(1.2),
    );
    let exact = waits_by_priority(&priority_classes());
    let calm = bench.clone().order(Order::ByClass, Preempt::Never).runs();
    calm.check("Cobham 1", exact[0], 0.05, |it| it.mean_of(Class::Page));
    calm.check("Cobham 2", exact[1], 0.08, |it| it.mean_of(Class::Ticket));
    let exact = sojourns_by_preemption(&priority_classes());
    let urgent = bench.order(Order::ByClass, Preempt::ForHigherClass).runs();
    urgent.check("preemptive 1", exact[0], 0.05, |it| it.stay_of(Class::Page));
    urgent.check("preemptive 2", exact[1], 0.08, |it| it.stay_of(Class::Ticket));
}

/// Kleinrock's conservation law: an order that breaks nothing off moves waiting from one class to
/// another and makes none, `Σ ρ(k) Wq(k)` is the same.
#[test]
fn orders_that_break_nothing_off_conserve_weighted_waits() {
    let exact = {
        let waits = waits_by_priority(&priority_classes());
        0.15 * waits[0] + 0.6 * waits[1]
    };
    let bench = Bench::new(1).source(Class::Page, 0.3, exponential(0.5)).source(
        Class::Ticket,
        0.5,
        exponential(1.2),
    );
    let weighted = |it: &Waits| 0.15 * it.mean_of(Class::Page) + 0.6 * it.mean_of(Class::Ticket);
    for order in [Order::FirstCome, Order::ByClass, Order::ShortFirst, Order::CostRate] {
        let runs = bench.clone().order(order, Preempt::Never).runs();
        runs.check(&format!("{order:?}"), exact, 0.08, weighted);
    }
}

/// Two people, 80 % busy, one-hour and ten-hour jobs: pooling makes the average job wait longer,
/// unless whoever sorts them knows which are short. Without a formula for the pooled cases, the
/// intervals of an independent program (Ciw 3.2.7: 9.066 ± 0.402, 4.470 ± 0.192, short jobs 3.234 ±
/// 0.084) stand in for one.
#[test]
fn pooling_helps_only_with_triage() {
    let jobs = |bench: Bench| {
        bench
            .source(Class::Page, 0.8, exponential(1.0))
            .source(Class::Ticket, 0.08, exponential(10.0))
            .replications(48)
    };
    let separate = jobs(Bench::new(2).separate()).runs();
    separate.check("separate", 7.272_727, 0.12, Waits::mean);
    let pooled = jobs(Bench::new(2)).runs().estimate(Waits::mean);
    assert!((pooled.mean - 9.066).abs() < 0.402, "pooled, first come: {pooled:?}");
    let sorted = jobs(Bench::new(2)).order(Order::ShortFirst, Preempt::Never).runs();
    let mean = sorted.estimate(Waits::mean);
    assert!((mean.mean - 4.470).abs() < 0.192 + mean.half_width, "pooled, short first: {mean:?}");
    let short = sorted.estimate(|it| it.mean_of(Class::Page));
    assert!((short.mean - 3.234).abs() < 0.084 + short.half_width, "its short jobs: {short:?}");
    assert!(mean.high() < 7.27 && 7.27 < pooled.low(), "{mean:?} < 7.27 < {pooled:?}");
}

/// One desk and people who know everything: the simulator reduced to what theory covers.
#[derive(Clone)]
struct Bench {
    servers: u32,
    sources: Vec<Source>,
    order: Order,
    preempt: Preempt,
    separate: bool,
    replications: u32,
}

/// How long one run is, in hours; the first tenth is not measured.
const LENGTH_HOURS: f64 = 60_000.0;

impl Bench {
    fn new(servers: u32) -> Self {
        let (order, preempt) = (Order::FirstCome, Preempt::Never);
        Self { servers, sources: vec![], order, preempt, separate: false, replications: 10 }
    }

    fn source(mut self, class: Class, per_hour: f64, length: Length) -> Self {
        let during = Calendar::always(arrivals());
        let arrivals = Arrivals::Poisson { gap_ms: float(HOUR_MS) / per_hour, during };
        self.sources.push(Source {
            class,
            components: vec![0],
            arrivals,
            length,
            due_after_ms: None,
            cost_per_hour: if class == Class::Page { 1.0 } else { 2.0 },
        });
        self
    }

    fn order(mut self, order: Order, preempt: Preempt) -> Self {
        (self.order, self.preempt) = (order, preempt);
        self
    }

    /// A desk per class with one person each.
    fn separate(mut self) -> Self {
        self.separate = true;
        self
    }

    fn replications(mut self, replications: u32) -> Self {
        self.replications = replications;
        self
    }

    /// Lives through all replications.
    fn runs(&self) -> Runs {
        Runs((0..self.replications).map(|it| self.run(it)).collect())
    }

    fn run(&self, replication: u32) -> Waits {
        let people = (0..self.servers).map(|it| always(&format!("p{it}"))).collect();
        let components = vec![Component { name: "it".to_owned(), owner: None }];
        let organisation = Organisation { within: within(), people, teams: vec![], components };
        let items = draw(&self.sources, arrivals(), Draw { seed: 6, replication });
        let structure = self.structure();
        let history = simulate(&organisation, &items, &structure, &Assumptions::NONE);
        history.audit(&organisation, &items, &structure).unwrap();
        let from_ms = from_hours(LENGTH_HOURS / 10.0);
        let late = history.records.iter().filter(|it| it.created_ms >= from_ms);
        let all = late.map(|it| {
            let wait = hours(it.started_ms.unwrap() - it.created_ms);
            (it.class, wait, hours(it.finished_ms.unwrap() - it.created_ms))
        });
        Waits { all: all.collect() }
    }

    fn structure(&self) -> Structure {
        let everybody: Vec<usize> = (0..self.servers as usize).collect();
        let desks = if self.separate {
            everybody.iter().map(|it| self.desk(&[*it])).collect()
        } else {
            vec![self.desk(&everybody)]
        };
        let routes = (0..CLASSES.len()).map(|it| Target::Desk(it.min(desks.len() - 1))).collect();
        Structure {
            name: "bench".to_owned(),
            desks,
            personal: Order::FirstCome,
            personal_preempt: Preempt::Never,
            routes,
            priorities: [0, 1, 2, 3, 4],
            triage: Triage { delay_ms: 0, error_share: 0.0, bounce_ms: 0 },
            at_end: AtEnd::Keep,
        }
    }

    fn desk(&self, people: &[usize]) -> Desk {
        Desk {
            name: "desk".to_owned(),
            turns: people.iter().map(|it| Turn { person: *it, span: within() }).collect(),
            order: self.order,
            preempt: self.preempt,
            overflow: None,
            dedicated: Dedication::Full,
            off_hours: OffHours::Wait,
        }
    }
}

/// What all replications came to.
struct Runs(Vec<Waits>);

impl Runs {
    fn check(&self, name: &str, exact: f64, relative: f64, measure: impl Fn(&Waits) -> f64) {
        let found = self.estimate(measure);
        assert!(found.holds(exact), "{name}: {found:?} does not hold {exact}");
        let wide = found.half_width / exact;
        assert!(wide < relative, "{name}: {found:?} is too wide to say anything ({wide})");
    }

    fn estimate(&self, measure: impl Fn(&Waits) -> f64) -> Estimate {
        let runs: Vec<f64> = self.0.iter().map(measure).collect();
        Estimate::of(&runs, 0.99)
    }
}

/// Class, wait and stay of each item, in hours.
struct Waits {
    all: Vec<(Class, f64, f64)>,
}

impl Waits {
    fn mean(&self) -> f64 {
        average(self.all.iter().map(|it| it.1))
    }

    fn mean_of(&self, class: Class) -> f64 {
        average(self.all.iter().filter(|it| it.0 == class).map(|it| it.1))
    }

    fn stay_of(&self, class: Class) -> f64 {
        average(self.all.iter().filter(|it| it.0 == class).map(|it| it.2))
    }

    fn share_waiting(&self) -> f64 {
        average(self.all.iter().map(|it| if it.1 > 0.0 { 1.0 } else { 0.0 }))
    }

    fn quantile(&self, quantile: f64) -> f64 {
        sorted_quantile(self.all.iter().map(|it| it.1), quantile)
    }

    fn stay_quantile(&self, quantile: f64) -> f64 {
        sorted_quantile(self.all.iter().map(|it| it.2), quantile)
    }
}

fn average(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = numbers.fold((0.0, 0.0), |(sum, n), it| (sum + it, n + 1.0));
    sum / n
}

fn sorted_quantile(numbers: impl Iterator<Item = f64>, quantile: f64) -> f64 {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_by(f64::total_cmp);
    percentile(&sorted, quantile).unwrap()
}

fn exponential(mean_hours: f64) -> Length {
    Length::Exponential { mean_ms: from_hours(mean_hours) }
}

fn priority_classes() -> [PriorityClass; 2] {
    [(0.3, 0.5), (0.5, 1.2)].map(|(arrivals, mean)| PriorityClass {
        arrivals,
        mean,
        variation: 1.0,
    })
}

fn always(name: &str) -> Person {
    let calendar = Calendar::always(within());
    let night = Calendar::of(vec![]);
    Person { name: name.to_owned(), calendar, night, team: 0, skills: vec![1.0] }
}

/// Arrivals stop long before time is up, so that runs end empty.
fn arrivals() -> Span {
    Span { from_ms: 0, to_ms: from_hours(LENGTH_HOURS) }
}

fn within() -> Span {
    Span { from_ms: 0, to_ms: from_hours(LENGTH_HOURS * 2.0) }
}
