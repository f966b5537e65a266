//! The table of codes: what each kind of problem is called, and what it means.
//!
//! Invariant: a code keeps its meaning for ever. One that is no longer used stays unused.

use crate::diagnostic::Severity;
use std::fmt::Write as _;

/// What a code stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeInfo {
    /// Such as `LL040`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it is, in a few words.
    pub title: &'static str,
    /// When it occurs and what to do, in a sentence or two.
    pub about: &'static str,
}

/// Every code, in order.
#[must_use]
pub fn codes() -> &'static [CodeInfo] {
    CODES
}

/// The table of codes as a chapter of the book.
#[must_use]
pub fn codes_markdown() -> String {
    let mut text = String::from(
        "# Codes of `lamplighter check`\n\n\
         Each problem has a code. A code keeps its meaning for ever.\n\n\
         | code | severity | problem | meaning |\n|---|---|---|---|\n",
    );
    for it in CODES {
        let severity = match it.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let about = it.about.replace('|', "\\|");
        writeln!(text, "| {} | {severity} | {} | {about} |", it.code, it.title)
            .expect("a string takes what is written to it");
    }
    text
}

pub(crate) fn code_info(code: &str) -> &'static CodeInfo {
    CODES.iter().find(|it| it.code == code).expect("every code that is used stands in the table")
}

const fn error(code: &'static str, title: &'static str, about: &'static str) -> CodeInfo {
    CodeInfo { code, severity: Severity::Error, title, about }
}

const fn warning(code: &'static str, title: &'static str, about: &'static str) -> CodeInfo {
    CodeInfo { code, severity: Severity::Warning, title, about }
}

const fn note(code: &'static str, title: &'static str, about: &'static str) -> CodeInfo {
    CodeInfo { code, severity: Severity::Note, title, about }
}

static CODES: &[CodeInfo] = &[
    error("LL001", "unreadable file", "A file or folder does not exist or may not be read."),
    error(
        "LL002",
        "file too large",
        "A file is larger than 16 MiB. Split it into several files of one folder.",
    ),
    error("LL003", "not text", "A file is not UTF-8."),
    error(
        "LL004",
        "not YAML",
        "The syntax is broken. What follows in the same document cannot be judged.",
    ),
    error(
        "LL005",
        "too much",
        "More than 5 000 000 values, counting those behind aliases, or more than 64 levels.",
    ),
    error("LL006", "no configuration", "None of the files read is configuration of Lamplighter."),
    error(
        "LL007",
        "key written twice",
        "The same key stands twice in one map. YAML would drop one of the two.",
    ),
    note(
        "LL008",
        "foreign file",
        "A file belongs to another system, such as Prometheus, and was skipped.",
    ),
    note(
        "LL009",
        "more problems",
        "Only the first 1000 errors, and as many warnings and notes, are shown.",
    ),
    error("LL010", "unknown key", "A key is not known here: misspelt, or in the wrong place."),
    error("LL011", "missing key", "A key that must be there is not."),
    error(
        "LL012",
        "wrong type",
        "A list, a map, a number or text is needed, and something else is there.",
    ),
    error("LL013", "empty", "A key has no value, or a list, a map or a text has nothing in it."),
    error("LL014", "not exactly one", "Exactly one of several keys must be there."),
    error(
        "LL015",
        "id defined twice",
        "Two things of one kind have the same id, perhaps in two files. Services and suppliers share their ids.",
    ),
    error("LL016", "listed twice", "The same name stands twice in a list in which once is enough."),
    error(
        "LL017",
        "not an id",
        "Ids are 1 to 64 lower-case letters, digits, `-` and `_`, and begin with a letter or digit.",
    ),
    error(
        "LL018",
        "YAML that has no meaning here",
        "Tags, and keys that are lists or maps, are not used.",
    ),
    error(
        "LL019",
        "keys that do not fit together",
        "One key makes sense only with, or only without, another.",
    ),
    error(
        "LL020",
        "impossible objective",
        "An objective is a percentage above 0% and below 100%, with at most seven decimals.",
    ),
    error(
        "LL021",
        "not a length of time",
        "Lengths of time are whole numbers with units: `28d`, `5m`, `1h30m`; units are w, d, h, m, s.",
    ),
    error(
        "LL022",
        "length of time out of range",
        "Windows last 1 hour to 366 days, waits 10 seconds to 1 day, intervals 1 second to 10 minutes.",
    ),
    error(
        "LL023",
        "unknown time zone",
        "Time zones are names of the IANA database, such as `Africa/Nairobi`.",
    ),
    error("LL024", "not a day", "Days are written `YYYY-MM-DD` and must exist."),
    error(
        "LL025",
        "not a hand-over time",
        "Hand-over is written `mon 09:00`; only turns of days may leave the day out.",
    ),
    error(
        "LL026",
        "not a turn",
        "Turns are `1h` to `168h`, `1d` to `366d`, `1w` to `52w`, or `1mo` to `12mo`.",
    ),
    error("LL027", "not an e-mail address", "It does not have the shape of one."),
    error(
        "LL028",
        "not a telephone number",
        "Telephone numbers are written in E.164: `\"+254700000001\"`.",
    ),
    error(
        "LL029",
        "not a URL",
        "URLs begin with `http://` or `https://`, name a host and contain no white space.",
    ),
    error(
        "LL030",
        "not a selector",
        "A counter is selected by a metric and labels, without functions: `http_requests_total{code=~\"5..\"}`.",
    ),
    error(
        "LL031",
        "secret in the clear",
        "Secrets stay outside of configuration: write `env:NAME` or `file:/path`. The text is not shown.",
    ),
    error(
        "LL032",
        "not a reference to a secret",
        "After `env:` comes the name of a variable, after `file:` an absolute path.",
    ),
    error("LL033", "text too long", "The text has more characters than there is room for."),
    error("LL034", "number out of range", "The number is too small or too large."),
    error("LL035", "not one of the choices", "Only certain words are possible here."),
    error(
        "LL036",
        "nobody to page",
        "A step pages `rota ID`, `team ID`, `person ID` or `channel ID`.",
    ),
    error("LL037", "malformed", "A host, a topic or an HTTP header is not written as such."),
    error(
        "LL038",
        "not a need",
        "A need is `service.slo`, `feature ID`, or a map with `all`, `any`, `quorum` or `routes`.",
    ),
    error("LL040", "unknown name", "Something is named that is not defined."),
    error("LL041", "circle", "Features need each other in a circle."),
    error(
        "LL042",
        "no source",
        "There are objectives, and nothing from which they could be measured.",
    ),
    error(
        "LL043",
        "unclear source",
        "An objective names no source, there are several, and none is called `default`.",
    ),
    error(
        "LL044",
        "needs too much",
        "With the features it needs put in, a feature has more than 1000 objectives or 32 levels.",
    ),
    error(
        "LL045",
        "said differently",
        "Two files disagree on something that can be said only once.",
    ),
    error(
        "LL046",
        "channel that cannot be paged",
        "Only a webhook or a room of a chat can be paged by itself; other channels need somebody's address.",
    ),
    error(
        "LL047",
        "too many ways",
        "The sums of the shares of all routes of a feature multiply to more than 10 000, or their combinations to more than 256.",
    ),
    warning("LL050", "nobody is paged", "A feature has no escalation, and neither has its team."),
    warning(
        "LL051",
        "not acted upon yet",
        "It is accepted, and makes no difference in this version.",
    ),
    warning(
        "LL052",
        "out of reach",
        "Somebody can be paged and has no address that a channel delivers to.",
    ),
    warning("LL053", "no channel", "There are escalations and no channel to carry pages."),
    error("LL061", "not a state of a budget", "A budget is `below 10%`, or `spent`."),
    warning(
        "LL062",
        "more wanted than called",
        "A step wants more people to take the page than it and the steps before it can call.",
    ),
    warning("LL063", "step never taken", "A step is for tickets only, and tickets call nobody."),
    error(
        "LL064",
        "not hours",
        "Hours are written `mon-fri 09:00-17:00`; the days may be left out, and hours may pass midnight.",
    ),
    error(
        "LL065",
        "days that cannot be read",
        "Days that come again are written `mon-thu`, `daily`, or as an RRULE with FREQ, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, WKST, COUNT, UNTIL.",
    ),
    error(
        "LL066",
        "apart in a circle",
        "Rotas keep apart from each other in a circle, so that neither can give way.",
    ),
    error("LL067", "layer without turns", "A layer needs a `turn` or `shifts`, and not both."),
    error("LL068", "not a pair", "A pair that must not be on duty together has two people."),
    warning(
        "LL069",
        "nobody can",
        "A rota wants a skill that nobody in it has at level 2 or more.",
    ),
    error(
        "LL070",
        "not a time of planned work",
        "It is a day or days and a time: `2026-12-24 22:00`, `tue,thu 02:00`, `monthly last sun 02:00`.",
    ),
    error(
        "LL071",
        "not matchers",
        "Matchers are `name=\"value\"` with =, !=, =~ or !~, several with commas, and must not match everything.",
    ),
    error(
        "LL072",
        "name of the product's own",
        "A channel or an escalation may not be called `lamplighter-synthetic`: synthetic pages go there.",
    ),
    error(
        "LL080",
        "not hours of the day",
        "Hours are written `22:00-07:00`, by the clock of the person they are about; both ends differ.",
    ),
    warning(
        "LL081",
        "rule without address",
        "A person's rule names an address they do not have. It is passed over; when no rule of theirs reaches them, every address is used.",
    ),
    error(
        "LL090",
        "not days, and no calendar",
        "Leave and holidays are written `2026-12-24`, `2026-12-24..2027-01-02` or as the name of a calendar that ends with `.ics`.",
    ),
    error(
        "LL091",
        "calendar unreadable",
        "A calendar of leave or of public holidays cannot be read. Its name is meant from the folder of the file that names it.",
    ),
    warning(
        "LL092",
        "event left out",
        "An event of a calendar cannot be read. It is left out; the others count.",
    ),
    error(
        "LL093",
        "not an amount",
        "What an hour is paid is written `250/h`, `2.5/h` or `2.50/h`.",
    ),
    error(
        "LL100",
        "not a comparison",
        "What a gauge must be is a sign and a number: `<= 300`, `== 1`.",
    ),
    error("LL101", "not a bound", "The bound of a latency is `300ms`, `1.5s`, or a plain number."),
    error(
        "LL102",
        "not a histogram",
        "A histogram is written by its name, without the label `le`: the bound stands in `under`.",
    ),
    error(
        "LL103",
        "two sets of conditions",
        "`set` names the usual conditions, `page` and `ticket` hold your own: only one of them can hold.",
    ),
    error(
        "LL104",
        "not a share of a budget",
        "How much of a budget is left is written as a percentage, from `0.1%` to `90%`.",
    ),
    error(
        "LL105",
        "exhaustion beyond the window",
        "A rolling budget comes back as it goes, and one that follows the calendar begins anew: only a time shorter than the window says anything.",
    ),
    error(
        "LL110",
        "query that cannot be asked",
        "A bracket or a quote in the PromQL is not closed, or it is longer than 4000 bytes. The rest is judged by the server at the first read.",
    ),
    error(
        "LL111",
        "query without Prometheus",
        "A `query` is answered by a Prometheus. A source that we scrape ourselves has nobody to answer it.",
    ),
    error(
        "LL112",
        "window that is not open",
        "`per: window` divides by the window that stands for `{{.window}}`; without the placeholder there is none.",
    ),
    warning(
        "LL120",
        "reason of an earlier revision",
        "A promise changed while the `revision` beside it stayed the same: it tells why an earlier change was made.",
    ),
    warning(
        "LL121",
        "review overdue",
        "The day by which the owners of a feature wanted to look at its promise again has passed, as the file says.",
    ),
    error(
        "LL122",
        "not to be divided",
        "`segments` divides one objective that is read from a source: what is measured end to end, the only objective needed, or the one named with `of`.",
    ),
    error(
        "LL123",
        "not a segment",
        "A segment is a value of a label: letters, digits, spaces and `-_.+/`, at most 40 characters.",
    ),
    error("LL124", "too many segments", "A feature is divided into at most 50 parts."),
    error(
        "LL130",
        "exclusion without times",
        "An exclusion is `during` planned work, or has `when`, `timezone` and `lasts` of its own; not both.",
    ),
    error(
        "LL131",
        "unknown objective",
        "An exclusion names a service objective that there is not.",
    ),
    error(
        "LL132",
        "exclusion of nothing",
        "An exclusion names neither a feature nor a service objective.",
    ),
    error(
        "LL133",
        "unknown planned work",
        "An exclusion is `during` planned work that there is not.",
    ),
    error(
        "LL134",
        "not to be narrowed",
        "`only` narrows an objective of a service by more labels or by counters of its own; pushed counts have no labels.",
    ),
    error(
        "LL135",
        "narrowed twice",
        "One feature narrows the same objective twice; which of the two it means could not be said afterwards.",
    ),
    error(
        "LL136",
        "not a condition",
        "A condition is a share of the budget, a long and a short window: `2%/1h/5m`; the short one is shorter.",
    ),
    error(
        "LL137",
        "condition that never fires",
        "Even a total outage would not fulfil this condition, or it looks back further than the promise. The message says by how much.",
    ),
    warning(
        "LL138",
        "budget that wakes nobody",
        "The conditions of a feature only make tickets: a total outage would wake nobody, unless another alert does.",
    ),
    error(
        "LL139",
        "native histogram without Prometheus",
        "Native histograms are read through the API of a Prometheus. Our own scraping reads text, which has none.",
    ),
];
