//! Many objectives over one Prometheus: ours beside the rules that Sloth would write for the same ones.
//!
//! Intuition: a promise costs twice, in whoever judges it and in the Prometheus that is asked. So both
//! processes are charged: seconds of a core that they used, from the kernel's own books, for Prometheus less
//! what it uses for taking samples alone. Charged time is what it is on a machine that does other things as
//! well; only the time until history is read is by the clock.
//!
//! One month of two counters per objective, a reading a minute, is written into the Prometheus, which goes on
//! being fed while everybody is measured. The peer evaluates every rule once a minute; we read once a minute.

use crate::http::Connection;
use crate::process::{Process, new_folder, scratch};
use crate::remote_write::{Reading, write};
use crate::table::{Row, Table};
use crate::{binary, boards, growth};
use anyhow::{Context as _, Result, bail, ensure};
use driver::{Clock as _, SystemClock};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Where the table goes unless somebody says otherwise.
const OUTPUT: &str = "bench/results/promises.json";

/// Objectives measured over a Prometheus. Of fewer than about a hundred the cost drowns in what a Prometheus does
/// anyway.
const COUNTS: [usize; 2] = [100, 1_000];

/// Objectives measured without one.
const BOARDS: [usize; 3] = [1_000, 10_000, 100_000];

const DAYS: i64 = 28;

/// Every rule is evaluated so often while it is measured, and everything read so often, unless somebody says
/// otherwise.
const MINUTES: u64 = 3;

/// Readings in one request.
const BATCH: usize = 5_000;

/// Which halves are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Both,
    Boards,
    Sources,
}

/// What is measured over a Prometheus.
struct Plan {
    min: usize,
    max: usize,
    minutes: u64,
    part: Part,
}

/// `[--min COUNT] [--max COUNT] [--minutes COUNT] [--boards | --sources] [FILE]`.
pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let mut plan = Plan { min: 1, max: 1_000, minutes: MINUTES, part: Part::Both };
    let mut output = PathBuf::from(OUTPUT);
    while let Some(argument) = arguments.next() {
        let mut count = || arguments.next().with_context(|| format!("{argument} wants a count"));
        match argument.as_str() {
            "--min" => plan.min = count()?.parse()?,
            "--max" => plan.max = count()?.parse()?,
            "--minutes" => plan.minutes = count()?.parse()?,
            "--boards" => plan.part = Part::Boards,
            "--sources" => plan.part = Part::Sources,
            option if option.starts_with('-') => bail!("there is no option `{option}`"),
            file => output = file.into(),
        }
    }
    let folder = scratch()?;
    let mut table = Table::default();
    let measured = measure(&mut table, &plan);
    println!("{table}");
    let text = serde_json::to_string_pretty(&table.to_json(&folder))?;
    let _ = std::fs::remove_dir_all(&folder);
    measured?;
    if let Some(parent) = output.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(&output, text + "\n")?;
    eprintln!("written to {}", output.display());
    Ok(())
}

fn measure(table: &mut Table, plan: &Plan) -> Result<()> {
    if plan.part != Part::Sources {
        boards::attribution(table)?;
        for count in BOARDS {
            boards::ticks(table, count)?;
        }
    }
    if plan.part == Part::Boards {
        return Ok(());
    }
    let binary = binary()?;
    let counts: Vec<usize> =
        COUNTS.into_iter().filter(|it| (plan.min..=plan.max).contains(it)).collect();
    let most = *counts.last().context("there is no count between --min and --max")?;
    let series = Series::new(most);
    let mut data = new_folder("prometheus-month")?;
    data = {
        let prometheus = Process::prometheus_written(data, None)?;
        let begun = Instant::now();
        series.write_month(&prometheus.address)?;
        eprintln!("a month of {most} objectives written in {:.0} s", begun.elapsed().as_secs_f64());
        prometheus.stop()
    };
    let idle;
    (idle, data) = fed(&series, data, None, |prometheus| {
        // It puts what was written into blocks, for which it looks once a minute.
        at_rest(prometheus, Duration::from_secs(90))?;
        cpu_of(&[prometheus], plan.minutes)
    })?;
    let row =
        Row::alone("Prometheus, fed and asked by nobody: core time a minute", idle[0] * 1e3, "ms");
    table.add(row);
    for count in counts {
        let rules = rules(&binary, count)?;
        let theirs;
        (theirs, data) = fed(&series, data, Some(&rules), |prometheus| {
            // Rules begin within a minute, each at its own second.
            std::thread::sleep(Duration::from_mins(1));
            let used = cpu_of(&[prometheus], plan.minutes)?;
            ensure!(evaluated(prometheus)?, "Prometheus evaluated no rules");
            Ok(used)
        })?;
        let ours;
        (ours, data) = fed(&series, data, None, |prometheus| {
            judged(&binary, prometheus, count, plan.minutes)
        })?;
        add(table, count, &ours, theirs[0] - idle[0], idle[0]);
    }
    Ok(())
}

/// What we did with one count.
struct Ours {
    backfill_s: f64,
    /// Core seconds of history, ours and of Prometheus.
    backfill_cpu: [f64; 2],
    /// Core seconds a minute afterwards.
    tick_cpu: [f64; 2],
    resident_mb: f64,
}

fn add(table: &mut Table, count: usize, ours: &Ours, theirs: f64, idle: f64) {
    let each = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let theirs = theirs / each * 1e3;
    let source = ((ours.tick_cpu[1] - idle) / each * 1e3).max(0.0);
    let own = ours.tick_cpu[0] / each * 1e3;
    let peer = "Sloth's rules in Prometheus";
    let row = |what: &str, value: f64, unit| {
        Row::alone(format!("{count} objectives: {what}"), value, unit)
    };
    // Below what a Prometheus uses for nothing there is nothing to compare with.
    let beside = |row: Row, value: f64| if theirs > 0.0 { row.beside(peer, value) } else { row };
    let cost = row("core time a minute for one, the source's part included", own + source, "ms");
    table.add(beside(cost, theirs));
    table.add(row("of it in our process", own, "ms"));
    table.add(row("of it in Prometheus", source, "ms"));
    let per_core = |ms: f64| 60e3 / ms;
    let kept = row("objectives kept by one core", per_core(own + source), "objectives");
    table.add(beside(kept.more_is_better(), per_core(theirs)));
    table.add(row("28 days of history read, by the clock", ours.backfill_s, "s"));
    table.add(row("28 days of history, core time of ours", ours.backfill_cpu[0], "s"));
    table.add(row("28 days of history, core time of Prometheus", ours.backfill_cpu[1], "s"));
    table.add(row("resident memory of ours after", ours.resident_mb, "MB"));
}

/// Our server over `prometheus`: reads history, then keeps up.
fn judged(binary: &Path, prometheus: &Process, count: usize, minutes: u64) -> Result<Ours> {
    let folder = new_folder("promises")?;
    std::fs::write(folder.join("lamplighter.yaml"), config(count, &prometheus.address))?;
    let before = prometheus.cpu_s()?;
    let begun = Instant::now();
    let server = Process::serve(binary, folder)?;
    let key = growth::door_key(&server)?;
    while !is_read(&server, &key)? {
        ensure!(begun.elapsed() < Duration::from_hours(1), "history was not read within an hour");
        std::thread::sleep(Duration::from_secs(1));
    }
    let backfill_s = begun.elapsed().as_secs_f64();
    // The last chunk is still being stored.
    at_rest(&server, Duration::from_secs(5))?;
    let backfill_cpu = [server.cpu_s()?, prometheus.cpu_s()? - before];
    let used = cpu_of(&[&server, prometheus], minutes)?;
    let spent = features_with_budget(&server, &key)?;
    ensure!(spent == count, "{spent} of {count} budgets are known");
    Ok(Ours {
        backfill_s,
        backfill_cpu,
        tick_cpu: [used[0], used[1]],
        resident_mb: server.resident_mb()?,
    })
}

/// Waits until a process is at rest: until it uses less than a fiftieth of a core for so long.
fn at_rest(process: &Process, length: Duration) -> Result<()> {
    let begun = Instant::now();
    loop {
        let before = process.cpu_s()?;
        std::thread::sleep(length);
        if process.cpu_s()? - before < length.as_secs_f64() / 50.0 {
            return Ok(());
        }
        ensure!(begun.elapsed() < Duration::from_mins(20), "a server does not come to rest");
    }
}

/// Core seconds a minute that each used over so many minutes.
fn cpu_of(processes: &[&Process], minutes: u64) -> Result<Vec<f64>> {
    let books = || processes.iter().map(|it| it.cpu_s()).collect::<Result<Vec<f64>>>();
    let (before, begun) = (books()?, Instant::now());
    std::thread::sleep(Duration::from_mins(minutes));
    let passed = begun.elapsed().as_secs_f64() / 60.0;
    Ok(books()?.iter().zip(before).map(|(after, before)| (after - before) / passed).collect())
}

fn metrics(server: &Process, headers: &str) -> Result<String> {
    let answer = Connection::open(&server.address)?.get("/metrics", headers)?;
    ensure!(answer.status == 200, "/metrics answered {}", answer.status);
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}

/// Whether all history is read that is to be read.
fn is_read(server: &Process, key: &str) -> Result<bool> {
    let text = metrics(server, key)?;
    let mut left =
        text.lines().filter(|it| it.starts_with("lamplighter_history_to_read_seconds{")).peekable();
    Ok(left.peek().is_some() && left.all(|it| it.ends_with(" 0") || it.ends_with(" 0.0")))
}

fn features_with_budget(server: &Process, key: &str) -> Result<usize> {
    let text = metrics(server, key)?;
    Ok(text.lines().filter(|it| it.starts_with("lamplighter_feature_budget_spent_ratio{")).count())
}

fn evaluated(prometheus: &Process) -> Result<bool> {
    let text = metrics(prometheus, "")?;
    let name = "prometheus_rule_evaluations_total{";
    let counts =
        text.lines().filter(|it| it.starts_with(name)).filter_map(|it| it.rsplit_once(' '));
    Ok(counts.into_iter().any(|it| it.1.parse::<f64>().is_ok_and(|it| it > 0.0)))
}

/// Runs `measured` over a Prometheus that takes a reading of every series each minute.
fn fed<T>(
    series: &Series,
    data: PathBuf,
    rules: Option<&Path>,
    measured: impl FnOnce(&Process) -> Result<T>,
) -> Result<(T, PathBuf)> {
    let prometheus = Process::prometheus_written(data, rules)?;
    let (is_over, address) = (AtomicBool::new(false), prometheus.address.clone());
    let found = std::thread::scope(|scope| {
        let feeding = scope.spawn(|| series.feed(&address, &is_over));
        let found = measured(&prometheus);
        is_over.store(true, Ordering::Relaxed);
        feeding.join().map_err(|_| anyhow::anyhow!("the feeder broke"))??;
        found
    })?;
    Ok((found, prometheus.stop()))
}

/// Sloth's rules, as `lamplighter rules` writes them.
fn rules(binary: &Path, count: usize) -> Result<PathBuf> {
    let folder = new_folder("rules")?;
    let config = folder.join("lamplighter.yaml");
    std::fs::write(&config, self::config(count, "127.0.0.1:1"))?;
    let made = Command::new(binary).arg("rules").arg(&config).output()?;
    ensure!(made.status.success(), "rules: {}", String::from_utf8_lossy(&made.stderr));
    let file = folder.join("rules.yml");
    std::fs::write(&file, made.stdout)?;
    Ok(file)
}

fn config(count: usize, prometheus: &str) -> String {
    let mut text = "org: bench\npeople: { ana: { timezone: UTC } }\nteams: { us: { members: [ana] } }\nservices:\n".to_owned();
    for number in 0..count {
        let _ = writeln!(
            text,
            "  s{number}:\n    team: us\n    slos: {{ up: {{ objective: 99.9%, window: {DAYS}d, ratio: {{ bad: \
             'errors_total{{service=\"s{number}\"}}', total: 'requests_total{{service=\"s{number}\"}}' }} }} }}"
        );
    }
    text.push_str("features:\n");
    for number in 0..count {
        let _ = writeln!(
            text,
            "  f{number}: {{ question: Does it work?, team: us, objective: 99.9%, window: {DAYS}d, needs: s{number}.up }}"
        );
    }
    let _ = writeln!(
        text,
        "sources: {{ prometheus: {{ prometheus: {{ url: 'http://{prometheus}', interval: 1m }} }} }}"
    );
    text
}

/// Two counters of each objective.
struct Series {
    services: Vec<String>,
    /// The first minute.
    first: i64,
    now: i64,
}

impl Series {
    fn new(count: usize) -> Self {
        let now = SystemClock.now().minute();
        let services = (0..count).map(|it| format!("s{it}")).collect();
        Self { services, first: now - DAYS * 24 * 60, now }
    }

    /// Every minute of the month up to the present.
    fn write_month(&self, address: &str) -> Result<()> {
        let mut connection = Connection::open(address)?;
        for minute in self.first..self.now {
            self.write_minute(&mut connection, minute)?;
            if (minute - self.first) % (24 * 60) == 0 {
                eprintln!("day {} of {DAYS}", (minute - self.first) / (24 * 60) + 1);
            }
        }
        Ok(())
    }

    /// Writes what is missing, and then a reading a minute until it is over.
    fn feed(&self, address: &str, is_over: &AtomicBool) -> Result<()> {
        let mut connection = Connection::open(address)?;
        let mut written = SystemClock.now().minute() - 1;
        while !is_over.load(Ordering::Relaxed) {
            let now = SystemClock.now().minute();
            if now > written {
                written = now;
                self.write_minute(&mut connection, now)?;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    fn write_minute(&self, connection: &mut Connection, minute: i64) -> Result<()> {
        let at_ms = minute * 60_000;
        let passed = f64::from(u32::try_from(minute - self.first)?);
        let all: Vec<_> = self
            .services
            .iter()
            .flat_map(|service| {
                [("errors_total", passed.div_euclid(40.0)), ("requests_total", passed * 60.0)].map(
                    |(name, value)| ([("__name__", name), ("service", service.as_str())], value),
                )
            })
            .collect();
        let readings: Vec<Reading<'_>> =
            all.iter().map(|(labels, value)| Reading { labels, at_ms, value: *value }).collect();
        readings.chunks(BATCH).try_for_each(|it| write(connection, it))
    }
}
