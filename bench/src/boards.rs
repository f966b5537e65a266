//! What a minute costs by itself: boards of many objectives without a source.
//!
//! Intuition: a tick writes one minute of every objective, composes every feature, and asks every feature's
//! conditions. Nothing else is in the process, so what grows is what the engine costs.

use crate::table::{Row, Table};
use anyhow::{Context as _, Result};
use model::{Catalogue, FeatureId, Millis, Need, Objective, ServiceId, SloId};
use slo::composition::ValueFunction;
use slo::{Board, Slice};
use std::hint::black_box;
use std::time::Instant;

const TICKS: i64 = 10;

/// The minute at which everything ends; any will do.
const END: i64 = 29_000_000;

const DAYS: i64 = 28;

pub(crate) const CONFIG: &str = "org: bench\npeople: { me: { timezone: UTC } }\nteams: { us: { members: [me] } }\n\
services:\n  s:\n    team: us\n    slos: { up: { objective: 99.9%, window: 28d, ratio: { bad: 'errors_total{s=\"s\"}', total: 'requests_total{s=\"s\"}' } } }\n\
features: { f: { question: Does it work?, team: us, objective: 99.9%, window: 28d, needs: s.up } }\n\
sources: { prometheus: { prometheus: { url: 'http://127.0.0.1:1' } } }\n";

/// Cost per tick and memory with so many objectives, each with a feature of its own.
pub(crate) fn ticks(table: &mut Table, count: usize) -> Result<()> {
    let catalogue = catalogue(count)?;
    let before = resident_bytes()?;
    let mut board = Board::new(&catalogue);
    let slos: Vec<SloId> = catalogue.slos().map(|it| it.0).collect();
    let features: Vec<&FeatureId> = catalogue.features.keys().collect();
    // A window that is not empty: an hour of minutes, and one in each hour of the days before.
    let past = (1..DAYS * 24).rev().map(|it| END - it * 60).chain(END - 59..=END);
    for minute in past {
        for slo in &slos {
            board.record(slo, minute, Slice::known(u64::from(minute % 700 == 0), 100));
        }
        board.close_minute(minute);
    }
    let bytes = resident_bytes()? - before;
    let begun = Instant::now();
    for minute in END + 1..=END + TICKS {
        for slo in &slos {
            board.record(slo, minute, Slice::known(0, 100));
        }
        board.close_minute(minute);
        for feature in &features {
            black_box(board.assess_feature(feature, minute));
        }
    }
    let tick_ms = begun.elapsed().as_secs_f64() * 1e3 / float(TICKS.unsigned_abs());
    let each = float(count as u64);
    let what = format!("{count} objectives and features: one minute written, composed, judged");
    table.add(Row::alone(what, tick_ms, "ms"));
    let what = format!("{count} objectives and features: the same, each");
    table.add(Row::alone(what, tick_ms * 1e3 / each, "us"));
    let what = format!("{count} objectives and features: memory of both, each");
    table.add(Row::alone(what, bytes / each / 1024.0, "KiB"));
    Ok(())
}

/// Who spent the budget of a feature of twenty members in groups, over four weeks.
pub(crate) fn attribution(table: &mut Table) -> Result<()> {
    const MEMBERS: usize = 20;
    let mut catalogue = catalogue(MEMBERS)?;
    let slos: Vec<SloId> = catalogue.slos().map(|it| it.0).collect();
    let leaves = |range: std::ops::Range<usize>| -> Vec<Need> {
        slos[range].iter().cloned().map(Need::Slo).collect()
    };
    let feature = catalogue.features.keys().next().context("there is a feature")?.clone();
    let nested = Need::All(
        leaves(0..8)
            .into_iter()
            .chain([
                Need::Any(leaves(8..11)),
                Need::Quorum { works_min: 2, of: leaves(11..14) },
                Need::Any(vec![Need::All(leaves(14..17)), Need::All(leaves(17..20))]),
            ])
            .collect(),
    );
    catalogue.features.retain(|id, _| *id == feature);
    for (name, needs) in
        [("20 members of one `all`", Need::All(leaves(0..20))), ("20 members, nested", nested)]
    {
        catalogue.features.get_mut(&feature).context("there is one")?.needs = needs;
        let mut board = Board::new(&catalogue);
        for minute in END - DAYS * 24 * 60 + 1..=END {
            for (number, slo) in slos.iter().enumerate() {
                let number = i64::try_from(number)?;
                let bad = u64::from((minute + number * 37) % (200 + 11 * number) == 0) * 7;
                board.record(slo, minute, Slice::known(bad, 100));
            }
            board.close_minute(minute);
        }
        let begun = Instant::now();
        let mut rounds = 0;
        while rounds == 0 || begun.elapsed().as_secs_f64() < 1.0 {
            let found =
                board.composite(&feature, Millis::from_days(DAYS), END, ValueFunction::Overlapping);
            let found = found.context("it can be composed")?;
            anyhow::ensure!(found.attribution.is_some(), "{name} cannot be attributed");
            black_box(found);
            rounds += 1;
        }
        let ms = begun.elapsed().as_secs_f64() * 1e3 / float(rounds);
        table.add(Row::alone(format!("attribution of {name}, 28 days"), ms, "ms"));
    }
    Ok(())
}

/// So many services, each with an objective and a feature.
fn catalogue(count: usize) -> Result<Catalogue> {
    let loaded = catalog::load_str(&[("lamplighter.yaml", CONFIG)]);
    let mut catalogue = loaded.catalogue.context("the configuration is sound")?;
    let (_, service) = catalogue.services.pop_first().context("there is a service")?;
    let (_, feature) = catalogue.features.pop_first().context("there is a feature")?;
    for number in 0..count {
        let id = ServiceId::from(format!("s{number}").as_str());
        let mut feature = feature.clone();
        feature.objective = Objective::parse("99.9%")?;
        feature.needs = Need::Slo(SloId { service: id.clone(), name: "up".to_owned() });
        catalogue.services.insert(id, service.clone());
        catalogue.features.insert(FeatureId::from(format!("f{number}").as_str()), feature);
    }
    Ok(catalogue)
}

fn resident_bytes() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages: f64 = text.split(' ').nth(1).context("no resident pages")?.parse()?;
    Ok(pages * 4096.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of this size fit")]
fn float(it: u64) -> f64 {
    it as f64
}
