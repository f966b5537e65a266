//! Recurrence rules and calendars beside python-dateutil, icalendar and libical.
//!
//! Intuition: three programs by different hands read the same thousands of rules drawn at random; where
//! ours differs from one of them it is wrong, unless RFC 5545 says that the other is, and then it is said
//! below which and how often. Calendars go both ways: ours are read by them, theirs by us.
//!
//! Needs `python3-venv`, a package index, `libical-dev` and a C compiler; where one is missing this fails.
#![cfg(feature = "servers")]

use jiff::civil::Date;
use model::{Millis, Timestamp};
use oncall::feed::{Entry, Head, feed};
use oncall::ics::Calendar;
use oncall::{Recurrence, Zones};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// What the peers are, exactly. Time zones come along, so that the machine's own play no part.
const PACKAGES: [&str; 3] = ["python-dateutil==2.9.0.post0", "icalendar==7.3.0", "tzdata"];
const PYTHON: &str = include_str!("peers/peers.py");
const LIBICAL: &str = include_str!("peers/libical.c");

const SEED: u64 = 0x05_45_5e_ed;
const RULES: usize = 4_000;
/// Days of each rule that are compared, and the last year in which any is looked for.
const DAYS_MAX: usize = 12;
const YEAR_MAX: i16 = 2060;

/// Goal: of thousands of rules of every shape the first days are those of python-dateutil and libical.
#[test]
fn rules_name_the_days_that_dateutil_and_libical_name() {
    let peers = peers();
    let mut random = Random(SEED);
    let drawn: Vec<(String, Date)> = (0..RULES).map(|_| random.rule()).collect();
    let asked = drawn.iter().fold(String::new(), |mut text, (rule, first)| {
        let _ = writeln!(text, "{rule} {}", first.strftime("%Y%m%d"));
        text
    });
    let most = [DAYS_MAX.to_string(), YEAR_MAX.to_string()];
    let words = ["rules", &most[0], &most[1]];
    let dateutil = said(peers.python(&words), asked.as_bytes());
    // A rule without a day libical would follow to the year 2582: it is not asked for those.
    let worth = asked.lines().zip(dateutil.lines());
    let worth: String = worth
        .map(|(rule, days)| if days.is_empty() { "-\n".into() } else { format!("{rule}\n") })
        .collect();
    let libical = said(peers.libical(&words), worth.as_bytes());
    let (dateutil, libical): (Vec<&str>, Vec<&str>) =
        (dateutil.lines().collect(), libical.lines().collect());
    assert_eq!((dateutil.len(), libical.len()), (RULES, RULES));
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = vec![];
    for (index, (rule, first)) in drawn.iter().enumerate() {
        let verdict = match days(rule, *first) {
            Err(why) => refused(&why),
            Ok(ours) => judged(rule, *first, &ours, dateutil[index], libical[index])
                .unwrap_or_else(|| {
                    wrong.push(format!(
                        "{rule} from {first}\n  ours     {ours}\n  dateutil {}\n  libical  {}",
                        dateutil[index], libical[index]
                    ));
                    "WRONG"
                }),
        };
        *tally.entry(verdict).or_default() += 1;
    }
    println!("seed {SEED:#x}, {RULES} rules, the first {DAYS_MAX} days of each: {tally:#?}");
    let refused: usize = tally.iter().filter(|it| it.0.starts_with("refused")).map(|it| it.1).sum();
    assert!(refused * 10 < RULES && !tally.contains_key("refused: WRONG"), "{refused} refused");
    assert!(tally["equal in all three"] * 10 > RULES * 8, "too few of {RULES}");
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}

/// Goal: what icalendar writes takes up the times that python-dateutil and `zoneinfo` say, to the second:
/// zones, whole days, ends and lengths, rules, ends of rules, exceptions, alarms, folded lines. Each event is
/// read by itself, and after libical has written it once more.
#[test]
fn calendars_that_others_write_are_read() {
    const EVENTS: usize = 400;
    let peers = peers();
    let said = said(peers.python(&["write", &SEED.to_string(), &EVENTS.to_string()]), b"");
    let mut expected: BTreeMap<usize, Vec<(Timestamp, Timestamp)>> = BTreeMap::new();
    for line in said.lines() {
        let numbers: Vec<i64> = line.split(' ').map(|it| it.parse().expect("a number")).collect();
        let at = |it: i64| Timestamp(it * 1_000);
        let number = usize::try_from(numbers[0]).expect("a count");
        expected.entry(number).or_default().push((at(numbers[1]), at(numbers[2])));
    }
    let written = std::fs::read(peers.home.join("calendar.ics")).expect("written");
    let copied = said_by_libical("copy", &written);
    for (by, text) in
        [("icalendar", String::from_utf8(written).expect("UTF-8")), ("libical", copied)]
    {
        let events: Vec<&str> = text.split("BEGIN:VEVENT").skip(1).collect();
        assert_eq!(events.len(), EVENTS, "{by}");
        let mut wrong = vec![];
        for (number, event) in events.iter().enumerate() {
            let event = format!("BEGIN:VEVENT{event}");
            let calendar = Calendar::read(event.as_bytes(), &Zones::bundled());
            let (from, to) = (Timestamp(0), Timestamp(4_000_000_000_000));
            let ours = calendar.times("Africa/Nairobi", from, to, &Zones::bundled());
            let theirs = merged(expected.get(&number).cloned().unwrap_or_default());
            if ours != theirs || !calendar.problems.is_empty() {
                wrong.push(format!("{event}\n{ours:?}\n{theirs:?}\n{:?}", calendar.problems));
            }
        }
        println!(
            "{by}: {EVENTS} events, {} occurrences",
            expected.values().map(Vec::len).sum::<usize>()
        );
        assert!(
            wrong.is_empty(),
            "{by}: {}\n{}",
            wrong.len(),
            wrong[..wrong.len().min(5)].join("\n")
        );
    }
}

fn said_by_libical(what: &str, text: &[u8]) -> String {
    said(peers().libical(&[what]), text)
}

/// The same times without overlap, in order.
fn merged(mut times: Vec<(Timestamp, Timestamp)>) -> Vec<(Timestamp, Timestamp)> {
    times.sort_unstable();
    let mut kept: Vec<(Timestamp, Timestamp)> = vec![];
    for (starts, ends) in times {
        match kept.last_mut() {
            Some(last) if starts <= last.1 => last.1 = last.1.max(ends),
            _ => kept.push((starts, ends)),
        }
    }
    kept
}

/// Goal: a feed of ours says the same beginnings, ends, alarms, names and titles to icalendar and to
/// libical as it was made of; and what libical writes of it is read by ours.
#[test]
fn our_feeds_are_read_by_others() {
    let mut random = Random(SEED);
    let mut starts = Timestamp::parse_rfc3339("2026-01-05T08:00:00Z").expect("a time");
    let titles =
        ["On call: payments; Ana, Réyes", "Dienst \\ wach \"jetzt\"", "当番 🔔 nights, weekends"];
    let entries: Vec<Entry> = (0..300)
        .map(|number| {
            let ends = starts.plus(Millis::from_mins(1 + random.below(20_000)));
            let title =
                titles[usize::try_from(random.below(3)).expect("small")].repeat(1 + number % 4);
            let about = title.repeat(number % 3);
            let entry =
                Entry { rota: "payments".into(), person: "ana".into(), starts, ends, title, about };
            starts = ends;
            entry
        })
        .collect();
    let alarms = [Millis::from_hours(24), Millis::from_mins(15)];
    let head =
        Head { name: "Duty; of Ana", host: "lamp.example", made_at: starts, alarms: &alarms };
    let text = feed(&head, &entries);
    let secs = |it: Timestamp| it.0 / 1_000;
    let expected: Vec<String> = entries
        .iter()
        .map(|it| {
            let uid = format!("payments-ana-{}@lamp.example", it.starts.0);
            let (starts, ends) = (secs(it.starts), secs(it.ends));
            format!("{uid} {starts} {ends} {} {} {}", starts - 86_400, starts - 900, it.title)
        })
        .collect();
    let theirs = [
        ("icalendar", said(peers().python(&["events"]), text.as_bytes())),
        ("libical", said_by_libical("events", text.as_bytes())),
    ];
    for (by, said) in theirs {
        let said: Vec<&str> = said.lines().collect();
        let differs = expected.iter().zip(&said).find(|(ours, theirs)| ours != *theirs);
        assert_eq!((differs, said.len()), (None, expected.len()), "{by}");
    }
    let copied =
        Calendar::read(said_by_libical("copy", text.as_bytes()).as_bytes(), &Zones::bundled());
    assert_eq!(copied.problems, []);
    let read = copied.times("UTC", Timestamp(0), Timestamp(i64::MAX), &Zones::bundled());
    assert_eq!(read, [(entries[0].starts, starts)]);
}

fn days(rule: &str, first: Date) -> Result<String, String> {
    let days: Vec<String> = Recurrence::parse(rule)?
        .dates(first)
        .take_while(|it| it.year() <= YEAR_MAX)
        .take(DAYS_MAX)
        .map(|it| it.strftime("%Y%m%d").to_string())
        .collect();
    Ok(days.join(","))
}

/// Why ours did not read a rule, without its particulars.
fn refused(why: &str) -> &'static str {
    let reasons = [
        ("BYHOUR", "refused: BYHOUR, since a shift says its time of day itself"),
        ("BYMINUTE", "refused: BYMINUTE, likewise"),
        ("BYYEARDAY", "refused: BYYEARDAY"),
        ("BYMONTHDAY does not go with", "refused, as RFC 5545 has it: BYMONTHDAY under WEEKLY"),
        ("BYSETPOS goes with", "refused: BYSETPOS under DAILY or WEEKLY"),
        ("needs FREQ=MONTHLY", "refused, as RFC 5545 has it: a numbered day under DAILY or WEEKLY"),
    ];
    reasons.iter().find(|it| why.contains(it.0)).map_or("refused: WRONG", |it| it.1)
}

/// Which of the three agree, and by what mistake of libical it does not; `None`: ours is wrong.
fn judged(
    rule: &str,
    first: Date,
    ours: &str,
    dateutil: &str,
    libical: &str,
) -> Option<&'static str> {
    let has = |part: &str| rule.contains(part);
    // To libical a rule that it finds no day for is no rule.
    let libical = if libical == "refused" { "" } else { libical };
    match (ours == dateutil, ours == libical) {
        (true, true) if ours.is_empty() => Some("no day in ours and in dateutil"),
        (true, true) => Some("equal in all three"),
        (true, false) if has("YEARLY") && has("BYMONTHDAY") && !has("BYMONTH=") => {
            Some("libical keeps to the month of the first day where BYMONTHDAY names days of all")
        }
        (true, false) if has("DAILY") && has("BYMONTHDAY") && has("-") => {
            Some("libical leaves out days counted from the end of the month under DAILY")
        }
        // RFC 5545 §3.8.5.3: a first day that its own rule does not name is not defined. Ours and
        // dateutil count weeks from the one with that day in it.
        (true, false) if has("WEEKLY") && has("INTERVAL") && !begins(ours, first) => {
            Some("RFC 5545 leaves open: every n-th week, from a day that the rule does not name")
        }
        _ => None,
    }
}

fn begins(days: &str, first: Date) -> bool {
    days.starts_with(&first.strftime("%Y%m%d").to_string())
}

/// A virtual environment and a C program, made once for all tests here.
struct Peers {
    home: PathBuf,
}

fn peers() -> &'static Peers {
    static PEERS: OnceLock<Peers> = OnceLock::new();
    PEERS.get_or_init(|| {
        let home = std::env::temp_dir().join(format!("oncall-peers-{}", std::process::id()));
        std::fs::create_dir_all(&home).expect("a folder for the test");
        let write =
            |name: &str, text: &str| std::fs::write(home.join(name), text).expect("written");
        write("peers.py", PYTHON);
        write("libical.c", LIBICAL);
        run(Command::new("cc").current_dir(&home).args(["-o", "libical", "libical.c", "-lical"]));
        run(Command::new("python3").args(["-m", "venv"]).arg(home.join("venv")));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        run(Command::new(home.join("venv/bin/python")).args(pip).args(PACKAGES));
        Peers { home }
    })
}

impl Peers {
    fn python(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.home.join("venv/bin/python"));
        command.arg(self.home.join("peers.py")).args(words).current_dir(&self.home);
        command.env("PYTHONTZPATH", "").env("PYTHONUTF8", "1");
        command
    }

    fn libical(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.home.join("libical"));
        command.args(words);
        command
    }
}

fn run(command: &mut Command) {
    let done = command.output().unwrap_or_else(|why| panic!("{command:?}: {why}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// What `command` says when it is told `input`.
fn said(mut command: Command, input: &[u8]) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("started");
    let mut stdin = child.stdin.take().expect("piped");
    let done = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).expect("read by the other side"));
        child.wait_with_output().expect("ended")
    });
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("UTF-8")
}

/// `SplitMix64`, as in `roster`.
struct Random(u64);

impl Random {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        it ^ (it >> 31)
    }

    fn below(&mut self, count: i64) -> i64 {
        let wide = u128::from(self.draw()) * u128::from(count.unsigned_abs());
        i64::try_from(wide >> 64).expect("below a count")
    }

    fn one_in(&mut self, count: i64) -> bool {
        self.below(count) == 0
    }

    /// One to three of what `item` draws, each once.
    fn few(&mut self, mut item: impl FnMut(&mut Self) -> String) -> String {
        let mut found: Vec<String> = vec![];
        for _ in 0..=self.below(3) {
            let it = item(self);
            if !found.contains(&it) {
                found.push(it);
            }
        }
        found.join(",")
    }

    /// A number from 1 to `most`, or counted from the end.
    fn place(&mut self, most: i64) -> String {
        let number = 1 + self.below(most);
        if self.one_in(3) { format!("-{number}") } else { number.to_string() }
    }

    /// A rule and the day from which it is followed.
    fn rule(&mut self) -> (String, Date) {
        const NAMES: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
        let name = |it: &mut Self| NAMES[usize::try_from(it.below(7)).expect("small")];
        let every = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
            [usize::try_from(self.below(4)).expect("small")];
        let mut parts = vec![format!("FREQ={every}")];
        if self.one_in(2) {
            parts.push(format!("INTERVAL={}", 1 + self.below(5)));
        }
        let months = self.one_in(3);
        if months {
            parts.push(format!("BYMONTH={}", self.few(|it| (1 + it.below(12)).to_string())));
        }
        let numbered = match every {
            "MONTHLY" => self.one_in(2),
            "YEARLY" => self.one_in(2) && (months || self.one_in(3)),
            _ => self.one_in(60),
        };
        let by_day = self.one_in(2);
        if by_day {
            let most = if every == "YEARLY" && !months { 53 } else { 5 };
            let it = self.few(|it| {
                let nth = if numbered { it.place(most) } else { String::new() };
                format!("{nth}{}", name(it))
            });
            parts.push(format!("BYDAY={it}"));
        }
        let by_month_day = match every {
            "WEEKLY" => self.one_in(60),
            _ => !(by_day && numbered) && self.one_in(3),
        };
        if by_month_day {
            // Under DAILY libical does not know them, and looks for them for long.
            let signed = every != "DAILY" || self.one_in(8);
            let day = |it: &mut Self| {
                if signed { it.place(31) } else { (1 + it.below(31)).to_string() }
            };
            parts.push(format!("BYMONTHDAY={}", self.few(day)));
        }
        let positions = match every {
            "MONTHLY" | "YEARLY" => (by_day || by_month_day || months) && self.one_in(3),
            _ => (by_day || by_month_day) && self.one_in(20),
        };
        if positions {
            // Of few days hardly any is the fourth.
            let most = if numbered || by_month_day { 2 } else { 4 };
            parts.push(format!("BYSETPOS={}", self.few(|it| it.place(most))));
        }
        for (one_in, part, most) in
            [(60, "BYHOUR", 23), (60, "BYMINUTE", 59), (80, "BYYEARDAY", 366)]
        {
            if self.one_in(one_in) {
                parts.push(format!("{part}={}", 1 + self.below(most)));
            }
        }
        if self.one_in(3) {
            parts.push(format!("WKST={}", name(self)));
        }
        let first = Date::constant(2019, 1, 1);
        let first = first.saturating_add(jiff::Span::new().days(self.below(3_000)));
        match self.below(4) {
            0 => parts.push(format!("COUNT={}", 1 + self.below(20))),
            1 => {
                let last = first.saturating_add(jiff::Span::new().days(self.below(4_000)));
                parts.push(format!("UNTIL={}", last.strftime("%Y%m%d")));
            }
            _ => {}
        }
        (parts.join(";"), first)
    }
}
