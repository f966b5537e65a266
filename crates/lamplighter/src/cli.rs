//! The command line: what may be typed, and the help that is shown.
//!
//! Every command has an example. Nothing here does anything.

mod beside;
mod duty;
mod kept;
mod studies;
mod truth;

pub(crate) use beside::*;
pub(crate) use kept::*;
pub(crate) use studies::*;
pub(crate) use truth::*;

use clap::{Args, Parser, Subcommand, ValueEnum};
pub(crate) use duty::{
    CalendarCommand, HandoverAccept, HandoverCommand, HandoverTodo, HandoverWrite, HoursOnDuty,
    Interrupted, Override, PlanChange, RotaCommand, RotaPropose, RotaSun, SwapCommand, TributeShow,
};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Keeps the promises a growing engineering team makes to its users.
#[derive(Debug, Parser)]
#[command(
    name = "lamplighter",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 all is well; 1 the answer is no, or errors were found; 2 the command \
                  line makes no sense; 3 something that is needed cannot be reached.\n\n\
                  Try it: lamplighter demo"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a sample organisation with live services that can be broken
    ///
    /// Everything is real except the world around it: emulated services are scraped, the journal is
    /// on disk, people are paged; their telephones and mailboxes are views. Nothing to install.
    #[command(after_help = "Example: lamplighter demo --speed 60   (an hour passes in a minute)")]
    Demo(Demo),
    /// Serve an organisation
    ///
    /// Reads the configuration, measures, pages, and answers over HTTP. SIGHUP reads the
    /// configuration again; SIGTERM stops without losing anything.
    #[command(after_help = "Example: lamplighter serve --config examples/solar --data ./data")]
    Serve(Serve),
    /// Check configuration and print every problem
    #[command(after_help = "Example: lamplighter check examples/solar\n\
                            Exit code 1 when there is an error; warnings do not count.")]
    Check(Check),
    /// Write a first configuration, asking a few questions
    #[command(after_help = "Example: lamplighter init --yes --out promise.yaml")]
    Init(Init),
    /// Show how every promise stands, and what is open
    #[command(after_help = "Example: lamplighter status --json")]
    Status(Status),
    /// Show one promise: budget, burn, signatures
    #[command(after_help = "Example: lamplighter feature light-on")]
    Feature(OneFeature),
    /// Show what a changed configuration does to duty, and would have done to budgets and calls
    ///
    /// With `--data`, changed promises and exclusions are tried on the minutes that are recorded there.
    #[command(
        after_help = "Examples: lamplighter plan new/ --against examples/solar --weeks 8\n          \
                            lamplighter plan new/ --against examples/solar --data ./data"
    )]
    Plan(PlanChange),
    /// Show who is on duty, or all shifts and gaps of a time
    #[command(after_help = "Examples: lamplighter oncall payments\n          \
                            lamplighter oncall --config examples/solar --at 2026-12-24T18:00:00Z\n          \
                            lamplighter oncall payments --config examples/solar --from \
                            2026-12-01T00:00:00Z --to 2027-01-01T00:00:00Z --json")]
    Oncall(Oncall),
    /// Change who is on duty for a while: add, remove or replace somebody
    #[command(after_help = "Example: lamplighter override payments --replace ana --by bo \
                            --from 2026-12-24T09:00:00Z --to 2026-12-26T09:00:00Z")]
    Override(Override),
    /// Addresses of calendars that phones subscribe to
    #[command(subcommand)]
    Calendar(CalendarCommand),
    /// Hours on duty, with nights, weekends, holidays and pay, as CSV
    #[command(
        after_help = "Example: lamplighter hours --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z"
    )]
    Hours(HoursOnDuty),
    /// Ask somebody to take a shift, and answer such requests
    #[command(subcommand)]
    Swap(SwapCommand),
    /// Note that you were interrupted, in a team whose `tribute` takes such things
    #[command(
        after_help = "Example: lamplighter interrupted 15 --kind question 'where is the invoice?'"
    )]
    Interrupted(Interrupted),
    /// Who takes the interruptions of each team, and how much goes past
    #[command(after_help = "Example: lamplighter tribute")]
    Tribute(TributeShow),
    /// What whoever ends a shift tells whoever begins one
    #[command(subcommand)]
    Handover(HandoverCommand),
    /// Propose rosters and layers; nothing is changed
    #[command(subcommand)]
    Rota(RotaCommand),
    /// Take a page or an incident
    #[command(after_help = "Example: lamplighter ack in_1")]
    Ack(OneId),
    /// Say that you are still at it
    ///
    /// Where the escalation policy sets an `ack-timeout`, a page that nobody renews goes back to
    /// everybody.
    #[command(after_help = "Example: lamplighter renew in_1")]
    Renew(OneId),
    /// Give back a page or an incident that was taken
    ///
    /// It is nobody's then. The next step is called at once; after the last one, calls begin again.
    #[command(after_help = "Example: lamplighter give-back in_1")]
    GiveBack(OneId),
    /// Hand a page or an incident to another person
    ///
    /// They are called. Until they take it, it stays with whoever has it.
    #[command(after_help = "Example: lamplighter hand in_1 bo")]
    Hand(Hand),
    /// Have a page or an incident come back later
    ///
    /// Calls stop until then. If it is not over by then, they begin from the first step.
    #[command(after_help = "Example: lamplighter snooze in_1 --minutes 60")]
    Snooze(Snooze),
    /// Call people now about what was held until the morning, or snoozed
    #[command(after_help = "Example: lamplighter wake in_1")]
    Wake(OneId),
    /// Make one incident of two
    ///
    /// The second goes on, with the alerts, pages and story of both. What would have joined the first
    /// joins it from now on.
    #[command(after_help = "Example: lamplighter merge in_2 in_1")]
    Merge(Merge),
    /// Say that an incident is over
    #[command(after_help = "Example: lamplighter resolve in_1")]
    Resolve(OneId),
    /// Write something down beside an incident
    #[command(after_help = "Example: lamplighter note in_1 \"the carrier says an hour\"")]
    Note(Note),
    /// Start the next step of a page now
    #[command(after_help = "Example: lamplighter escalate pg_1")]
    Escalate(OneId),
    /// Take an incident over from whoever has it
    #[command(after_help = "Example: lamplighter take in_1")]
    Take(OneId),
    /// Call for help by hand
    #[command(after_help = "Example: lamplighter page \"no lights in Kisumu\" --feature light-on")]
    Page(Page),
    /// Publish what a team learned from an incident
    #[command(after_help = "Example: lamplighter review in_1 --text - < review.md")]
    Review(Review),
    /// Set, list and end silences
    #[command(subcommand)]
    Silence(SilenceCommand),
    /// Show how people are reached, verify addresses, send tests, confirm a shift
    #[command(subcommand)]
    Contact(ContactCommand),
    /// List heartbeats, or give a sign of life
    #[command(subcommand)]
    Heartbeat(HeartbeatCommand),
    /// Report a change, or list those reported
    ///
    /// Changes are shown with every incident that begins within an hour.
    #[command(
        after_help = "Examples: lamplighter change \"payments-api 1.4\" --service payments-api\n          \
                            lamplighter change --list"
    )]
    Change(Change),
    /// Plan work during which alerts that match call nobody
    #[command(subcommand)]
    Maintenance(MaintenanceCommand),
    /// Compare with the pager that still calls, and end shadow mode
    #[command(subcommand)]
    Shadow(ShadowCommand),
    /// Show who had enough pages, who has the duty for them, and days noted
    #[command(after_help = "Example: lamplighter load")]
    Load(Status),
    /// Call people for an alert whatever holds it back: a limit, a list, a silence
    #[command(after_help = "Example: lamplighter anyway al_1")]
    Anyway(OneId),
    /// End a relief: the rota goes by its turns again
    #[command(after_help = "Example: lamplighter by-turns payments")]
    ByTurns(OneId),
    /// Sign a feature's objective as it stands
    #[command(after_help = "Example: lamplighter sign light-on --role product")]
    Sign(Sign),
    /// Say in your name why a promise is as it is, or that you looked at it again
    ///
    /// What you say stands beside the newest revision, and what the file says beside it as a claim. With
    /// `--next` an owner records the review, and nobody is asked again before that day.
    #[command(
        after_help = "Examples: lamplighter revise light-on --reason '99.5% costs two nights a month' \\\n            \
                            --evidence https://desk.example/reports/12\n          \
                            lamplighter revise light-on --reason 'still right' --next 2027-06-30"
    )]
    Revise(Revise),
    /// Show why somebody was, or was not, paged
    #[command(after_help = "Example: lamplighter why pg_1")]
    Why(OneId),
    /// Ask whether a feature's budget allows a deploy
    #[command(after_help = "Example: lamplighter gate light-on && ./deploy.sh\n\
                            Exit code 0: it does; 1: it does not, or nothing is known; 3: nobody \
                            could be asked.")]
    Gate(Gate),
    /// Answer for deploys going on though a budget is gone
    #[command(
        after_help = "Examples: lamplighter waive light-on --reason 'the mend itself' --hours 8\n          \
                            lamplighter waive light-on --end"
    )]
    Waive(Waive),
    /// Leave times out of budgets; what that hides stays visible
    #[command(subcommand)]
    Exclude(ExcludeCommand),
    /// What to mend, in order of the budget that it can be expected to bring back
    #[command(subcommand)]
    Backlog(BacklogCommand),
    /// Play recorded minutes back to alerts, and judge the calls they would have made
    ///
    /// Judged is by stretches that spent a share of the budget, or by what users reported; never by the
    /// incidents that alerts opened. Reads the minutes that a server keeps, also while it runs.
    #[command(
        after_help = "Examples: lamplighter backtest light-on --config examples/solar --data ./data\n          \
                            lamplighter backtest light-on --condition 5%/1h/5m --reports desk.tickets\n          \
                            lamplighter backtest light-on --sweep --svg front.svg"
    )]
    Backtest(Box<Backtest>),
    /// Push counts of an objective
    #[command(
        after_help = "Example: lamplighter push reports.nightly --key 2026-11-21 --bad 0 --total 1\n\
                            The same key counts once, however often it is pushed."
    )]
    Push(PushCounts),
    /// Write Prometheus rules, or OpenSLO, for objectives
    ///
    /// Reads files and folders of Sloth, OpenSLO and Pyrra, and our own configuration. What could not be
    /// carried over is reported on standard error.
    #[command(after_help = "Examples: lamplighter rules slos/ > rules.yml\n          \
                            lamplighter rules slo.yml --label env=prod --period 28d\n\
                            Exit code 1 when an objective had to be left out.")]
    Rules(Rules),
    /// Turn files of Sloth, OpenSLO and Pyrra, or the saved answers of another pager, into our configuration
    ///
    /// The configuration goes to standard output; what could not be carried over is reported on standard
    /// error. Answers of a pager bring people, teams, rotas, overrides and escalations; half an export is
    /// refused.
    #[command(
        after_help = "Examples: lamplighter import slos/ --org solar > lamplighter.yaml\n          \
                            lamplighter import --from pagerduty export/ --org solar > lamplighter.yaml\n\
                            Exit code 1 when an objective had to be left out, or when anything of a pager \
                            was refused or lost."
    )]
    Import(Import),
    /// Make, revoke and list tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Verify, replay and export a journal
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Make every text of a person unreadable, for good
    ///
    /// Destroys the person's key: addresses, names, notes and the password hash become unreadable in
    /// the journal and in snapshots. The chain of hashes still verifies. The server must not run.
    #[command(after_help = "Example: lamplighter erase ana --data ./data --yes")]
    Erase(Erase),
    /// Bring a store up to the form this release uses
    ///
    /// `serve` does this by itself; here it can be done ahead of time.
    #[command(after_help = "Example: lamplighter migrate --data ./data")]
    Migrate(Stored),
    /// Look at everything a person would otherwise have to remember
    #[command(after_help = "Example: lamplighter doctor --config examples/solar --data ./data")]
    Doctor(Doctor),
    /// Count how few people may leave before half of the files have nobody who knows them
    ///
    /// Reads git repositories through your `git`, or one exported log. Nothing is sent anywhere, and
    /// nobody is named unless you ask for a pairing. Beside the number stand its method, window, filter
    /// and identity rule, and what it would be if one of them were chosen differently.
    #[command(
        after_help = "Examples: lamplighter busfactor . --at 2026-01-01T00:00:00Z\n          \
                            lamplighter busfactor app ops --method jetbrains --json\n          \
                            lamplighter busfactor --log app.log --files app.files\n          \
                            lamplighter busfactor --evidence operations.csv\n\
                            Exit code 1 when nothing is known about any file."
    )]
    Busfactor(Busfactor),
    /// Judge a change in how people work like an experiment: designed before, reviewed once
    ///
    /// `design` says what effect the weeks up to the review can show at all, and gives the plan a
    /// fingerprint. `review` compares before and after, beside another team where there is one, and ends
    /// with what cannot be concluded. Both read an export of records or a table with a row a week.
    #[command(
        after_help = "Examples: lamplighter experiment design examples/experiment.yaml\n          \
                            lamplighter experiment review examples/experiment.yaml --json"
    )]
    Experiment(Experiment),
    /// Look at an export of tickets, pages or incidents: what it holds, and what it only seems to
    ///
    /// Reads a CSV with a row per piece of work, or a row per change. Shows arrivals, bursts, waits,
    /// hand-overs and ping-pong, what was left out and why, and whether times were typed or measured.
    /// Nobody is named.
    #[command(after_help = "Examples: lamplighter records tickets.csv\n          \
                            lamplighter records incidents.csv --times '%d-%m-%Y %H:%M' \
                            --timezone Europe/Berlin --column created=opened_at")]
    Records(Records),
    /// Try other ways of working on the arrivals a file describes
    ///
    /// Lives through the same weeks under each structure, many times, and shows the differences with
    /// their intervals. With `records` in the file the recorded past is foretold first, and nothing is
    /// compared (exit code 1) unless that works; without, results are what the inputs imply, and say so.
    #[command(
        after_help = "Example: lamplighter whatif --example question > question.yaml\n         \
                            lamplighter whatif question.yaml"
    )]
    Whatif(Whatif),
    /// Print completions for a shell
    #[command(after_help = "Example: lamplighter completions bash > \
                            /etc/bash_completion.d/lamplighter")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Serve the demo's emulated services alone, for trying `serve` with a real Prometheus
    #[command(after_help = "Example: lamplighter example-services --listen-base 9101 &\n         \
                            curl -X POST http://127.0.0.1:9105/break")]
    ExampleServices(ExampleServices),
    /// Write man pages
    #[command(hide = true)]
    Man(Out),
    /// Write the generated parts of the book
    #[command(hide = true)]
    Docs(Out),
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// How many times as fast as yours its time runs
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) speed: u32,
    /// Where it is kept [default: lamplighter/demo in your data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Where to listen, on this machine only [default: 127.0.0.1:8080, or any free port]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Seed of its history and traffic [default: 1]
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    #[command(flatten)]
    pub(crate) log: Log,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Configuration file or folder; may be repeated [default: lamplighter.yaml]
    #[arg(long, value_name = "PATH")]
    pub(crate) config: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) stored: Place,
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    #[command(flatten)]
    pub(crate) log: Log,
}

#[derive(Debug, Args)]
pub(crate) struct Log {
    /// Form of log lines [default: text on a terminal, otherwise json]
    #[arg(long, value_name = "FORM")]
    pub(crate) log: Option<LogForm>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LogForm {
    /// For people
    Text,
    /// For machines
    Json,
}

/// Where journal and samples are kept.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Data folder
    #[arg(long, value_name = "DIR", default_value = "./lamplighter-data")]
    pub(crate) data: PathBuf,
    /// PostgreSQL database instead of a data folder
    #[arg(long, value_name = "URL", env = "LAMPLIGHTER_DATABASE", hide_env_values = true)]
    pub(crate) database: Option<String>,
}

/// A store whose organisation must be known.
#[derive(Debug, Args)]
pub(crate) struct Stored {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Which organisation; a data folder knows it by itself
    #[arg(long)]
    pub(crate) org: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files and folders [default: lamplighter.yaml]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Calendar of leave, as PERSON=FILE.ics, or of public holidays, as ZONE=FILE.ics; may be repeated
    #[arg(long, value_name = "WHO=FILE", value_parser = crate::rota::calendar)]
    pub(crate) leave: Vec<(String, PathBuf)>,
    #[command(flatten)]
    pub(crate) form: Form,
}

#[derive(Debug, Args)]
pub(crate) struct Form {
    /// For programs
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Take the answers that are offered, without asking
    #[arg(long)]
    pub(crate) yes: bool,
    /// Which file to write
    #[arg(long, value_name = "FILE", default_value = "lamplighter.yaml")]
    pub(crate) out: PathBuf,
}

/// Which server is asked, and as whom.
#[derive(Debug, Args)]
pub(crate) struct Remote {
    /// Address of the server
    #[arg(long, env = "LAMPLIGHTER_URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) url: String,
    /// API token, from the Access view
    #[arg(long, env = "LAMPLIGHTER_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    #[command(flatten)]
    pub(crate) form: Form,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct OneFeature {
    /// Which feature
    pub(crate) feature: String,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct Gate {
    /// Which feature
    pub(crate) feature: String,
    /// Take "nothing is known" for a yes
    #[arg(long)]
    pub(crate) allow_unknown: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct Rules {
    /// Files and folders [default: lamplighter.yaml]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// What to write
    #[arg(long, value_name = "FORMAT", default_value = "prometheus")]
    pub(crate) format: RuleFormat,
    /// Label added to every recording rule, as NAME=VALUE; may be repeated
    #[arg(long = "label", value_name = "NAME=VALUE", value_parser = crate::rules::label)]
    pub(crate) labels: Vec<(String, String)>,
    /// Period of objectives that name none
    #[arg(long, value_name = "LENGTH", default_value = "30d", value_parser = crate::rules::length)]
    pub(crate) period: model::Millis,
    /// Version of Sloth that the rules name
    #[arg(long, value_name = "TEXT", default_value = "dev")]
    pub(crate) sloth_version: String,
    /// File with sets of alert windows, as Sloth reads them; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) windows: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RuleFormat {
    /// Prometheus rules as Sloth names and shapes them, all in one document
    Prometheus,
    /// The same, a document for each that was read, as Sloth writes them
    Sloth,
    /// OpenSLO v1
    Openslo,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Files and folders
    #[arg(value_name = "PATH", required_unless_present = "token")]
    pub(crate) paths: Vec<PathBuf>,
    /// Ask the pager's API instead of reading files, as whoever this secret lets in: `env:NAME` or `file:PATH`
    #[arg(long, value_name = "SECRET", requires = "from", conflicts_with = "paths")]
    pub(crate) token: Option<String>,
    /// Where its API is [default: where its makers document it]
    #[arg(long, value_name = "URL", requires = "token")]
    pub(crate) url: Option<String>,
    /// The pager whose answers they are [default: as the files look]
    #[arg(long, value_name = "PAGER", value_parser = crate::moves::system)]
    pub(crate) from: Option<moves::System>,
    /// From when on the rotas of a pager must hold, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Write nothing: list every time in which this configuration calls other people than the pager
    /// renders; may be repeated
    #[arg(long, value_name = "PATH", requires = "from")]
    pub(crate) against: Vec<PathBuf>,
    /// Id of your organisation
    #[arg(long, default_value = "imported")]
    pub(crate) org: String,
    /// The Prometheus that holds the counters
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090")]
    pub(crate) prometheus: String,
    /// How often that Prometheus scrapes: its `scrape_interval`
    #[arg(long, value_name = "LENGTH", default_value = "1m", value_parser = crate::rules::length)]
    pub(crate) interval: model::Millis,
    /// Window of objectives that name none
    #[arg(long, value_name = "LENGTH", default_value = "30d", value_parser = crate::rules::length)]
    pub(crate) period: model::Millis,
}

#[derive(Debug, Args)]
pub(crate) struct Oncall {
    /// Which team's rota, or which rota [default: all]
    pub(crate) team: Option<String>,
    /// When, as in 2026-12-24T18:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// List all shifts and gaps from then on, RFC 3339; with --to
    #[arg(long, value_name = "TIME", requires = "to", conflicts_with = "at")]
    pub(crate) from: Option<String>,
    /// Up to when
    #[arg(long, value_name = "TIME", requires = "from")]
    pub(crate) to: Option<String>,
    /// List every time in which a calendar (iCalendar: a file, or the address of a feed) names other people
    #[arg(long, value_name = "FILE|URL", requires_all = ["from", "config", "team"])]
    pub(crate) against: Option<String>,
    /// Read configuration instead of asking a server; may be repeated
    #[arg(long, value_name = "PATH")]
    pub(crate) config: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct OneId {
    #[arg(help = "Such as in_1, pg_1, al_1, no_1, tk_1 or si_1")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct Hand {
    #[arg(help = "Such as in_1 or pg_1")]
    pub(crate) id: String,
    /// To whom
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct Snooze {
    #[arg(help = "Such as in_1 or pg_1")]
    pub(crate) id: String,
    /// For how many minutes from now
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=1_440))]
    pub(crate) minutes: u32,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// The incident that is to be no more
    pub(crate) id: String,
    /// The one that goes on
    pub(crate) into: String,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct Page {
    /// What is wrong, in a few words
    pub(crate) title: String,
    /// What it is about
    #[arg(long)]
    pub(crate) feature: Option<String>,
    /// Whom to call, where no feature says so
    #[arg(long)]
    pub(crate) team: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct Review {
    /// Of which incident
    pub(crate) id: String,
    /// What was learned; `-` reads standard input
    #[arg(long)]
    pub(crate) text: String,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// Which feature
    pub(crate) feature: String,
    /// On whose behalf
    #[arg(long)]
    pub(crate) role: SignRole,
    /// What you believe you sign [default: what the server says]
    #[arg(long, value_name = "PERCENT")]
    pub(crate) objective: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct Revise {
    /// Which feature
    pub(crate) feature: String,
    /// Why the promise is as it is
    #[arg(long)]
    pub(crate) reason: String,
    /// What shows that users need this level and no more: words, a link, or both
    #[arg(long, conflicts_with = "next")]
    pub(crate) evidence: Option<String>,
    /// You looked at it again and it stays; the day of the next look
    #[arg(long, value_name = "DAY")]
    pub(crate) next: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SignRole {
    /// For product
    Product,
    /// For engineering
    Engineering,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SilenceCommand {
    /// Let alerts that match call nobody for a while
    ///
    /// They are kept, and what still fires when the silence ends is heard then. Calls by hand are never
    /// silenced.
    #[command(
        after_help = "Example: lamplighter silence set 'alertname=\"TooSlow\", mast=~\"7|8\"' \
                      --minutes 120 --comment \"the mast is being painted\""
    )]
    Set(SilenceSet),
    /// List silences to come, in force and recently ended
    #[command(after_help = "Example: lamplighter silence list")]
    List(Status),
    /// End a silence now
    #[command(after_help = "Example: lamplighter silence end si_1")]
    End(OneId),
}

#[derive(Debug, Subcommand)]
pub(crate) enum HeartbeatCommand {
    /// List every heartbeat with when it was last heard
    #[command(after_help = "Example: lamplighter heartbeat list\n\
                            Exit code 1 when one is missed.")]
    List(Status),
    /// Give a sign of life
    #[command(after_help = "Example: backup.sh && lamplighter heartbeat ping nightly-backup")]
    Ping(OneId),
}

#[derive(Debug, Args)]
pub(crate) struct Change {
    /// What was changed, in one line
    #[arg(required_unless_present = "list")]
    pub(crate) summary: Option<String>,
    /// The service it touches
    #[arg(long, value_name = "ID")]
    pub(crate) service: Option<String>,
    /// The feature it touches
    #[arg(long, value_name = "ID")]
    pub(crate) feature: Option<String>,
    /// The team that did it
    #[arg(long, value_name = "ID")]
    pub(crate) team: Option<String>,
    /// Which system reports it [default: you]
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// Where more stands
    #[arg(long, value_name = "URL")]
    pub(crate) link: Option<String>,
    /// When it was made, as 2026-11-21T03:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// List the most recent changes instead
    #[arg(long, conflicts_with = "summary")]
    pub(crate) list: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MaintenanceCommand {
    /// Plan work, once or again and again
    #[command(
        after_help = "Examples: lamplighter maintenance plan patches 'service=\"payments-db\"' \\\n            \
                            --when \"tue,thu 02:00\" --minutes 120 --reason \"patches\"\n          \
                            lamplighter maintenance plan move 'team=\"ops\"' --when \"2026-12-24 22:00\" \\\n            \
                            --timezone Africa/Nairobi --minutes 300 --reason \"the rack moves\""
    )]
    Plan(Plan),
    /// List planned work, with when it comes next
    #[command(after_help = "Example: lamplighter maintenance list")]
    List(Status),
    /// Cancel planned work; a silence it has set goes on until its end
    #[command(after_help = "Example: lamplighter maintenance cancel patches")]
    Cancel(OneId),
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// What it is called; planned again under the same name it replaces the former
    pub(crate) name: String,
    /// Which alerts: all of these labels must match
    pub(crate) matchers: String,
    /// `2026-12-24 22:00`, `daily 02:00`, `tue,thu 02:00`, `monthly 15 02:00`, `monthly last sun 02:00`
    #[arg(long)]
    pub(crate) when: String,
    /// The zone in which that is meant [default: yours]
    #[arg(long, value_name = "ZONE")]
    pub(crate) timezone: Option<String>,
    /// For how many minutes
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=44_640))]
    pub(crate) minutes: u32,
    /// Who answers for it [default: you]
    #[arg(long, value_name = "PERSON")]
    pub(crate) owner: Option<String>,
    /// Why; whoever finds the silence at night will ask
    #[arg(long)]
    pub(crate) reason: String,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct SilenceSet {
    /// Labels that must all match: name="value" with =, !=, =~ or !~, several with commas
    pub(crate) matchers: String,
    /// For how many minutes from now
    #[arg(long)]
    pub(crate) minutes: u32,
    /// Why; whoever finds the silence at night will ask
    #[arg(long)]
    pub(crate) comment: String,
    #[command(flatten)]
    pub(crate) remote: Remote,
}
