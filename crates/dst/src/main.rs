//! `cargo run --release -p dst -- --days 10000 --seed 1`: lives organisation after organisation, from
//! `--seed` on, until `--days` have been lived.

use dst::{Bug, DAYS_PER_SEED};
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str =
    "usage: dst [--seed N] [--days N] [--days-per-seed N] [--bug NAME] [--quiet] [--trace]";

fn main() -> ExitCode {
    let (mut seed, mut days, mut days_per_seed) = (1, u64::from(DAYS_PER_SEED), DAYS_PER_SEED);
    let (mut bug, mut quiet, mut trace) = (None, false, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().and_then(|it| it.parse::<u64>().ok());
        let understood = match name.as_str() {
            "--seed" => value().map(|it| seed = it),
            "--days" => value().map(|it| days = it),
            "--days-per-seed" => {
                value().and_then(|it| u32::try_from(it).ok()).map(|it| days_per_seed = it)
            }
            "--bug" => arguments.next().and_then(|it| Bug::parse(&it)).map(|it| bug = Some(it)),
            "--quiet" => {
                quiet = true;
                Some(())
            }
            "--trace" => {
                trace = true;
                Some(())
            }
            _ => None,
        };
        if understood.is_none() {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    let started = Instant::now();
    let mut lived = 0;
    while lived < days {
        let lived_through = if trace {
            dst::run_watched(seed, days_per_seed, bug, |it| {
                println!("{} {} {:?}", it.at, it.seq, it.event);
            })
        } else {
            dst::run(seed, days_per_seed, bug)
        };
        match lived_through {
            Ok(report) => {
                if !quiet {
                    println!("{report}");
                }
            }
            Err(violation) => {
                eprintln!("{violation}");
                return ExitCode::FAILURE;
            }
        }
        lived += u64::from(days_per_seed);
        seed += 1;
    }
    println!("{lived} days in {:.1?}: every property held", started.elapsed());
    ExitCode::SUCCESS
}
