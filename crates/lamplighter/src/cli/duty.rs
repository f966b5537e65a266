//! What may be typed about duty: overrides, swaps, rosters, plans.

use super::{OneId, Remote, Status};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct PlanChange {
    /// The changed configuration: files and folders
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// The configuration in force; may be repeated
    #[arg(long, value_name = "PATH", required = true)]
    pub(crate) against: Vec<PathBuf>,
    /// From when on, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// How many weeks to look at
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=104))]
    pub(crate) weeks: u16,
    /// Data folder of a server: try changed promises on what it recorded
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) form: super::Form,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("change").required(true)
    .args(["add", "remove", "replace", "end"]))]
pub(crate) struct Override {
    /// In which rota
    #[arg(required_unless_present = "end")]
    pub(crate) rota: Option<String>,
    /// Who is on duty beside the others
    #[arg(long, value_name = "PERSON")]
    pub(crate) add: Option<String>,
    /// Who is not on duty
    #[arg(long, value_name = "PERSON")]
    pub(crate) remove: Option<String>,
    /// Whose duty somebody else has; with --by
    #[arg(long, value_name = "PERSON", requires = "by")]
    pub(crate) replace: Option<String>,
    /// Who has it
    #[arg(long, value_name = "PERSON")]
    pub(crate) by: Option<String>,
    /// From when, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Until when, RFC 3339
    #[arg(long, value_name = "TIME", required_unless_present = "end")]
    pub(crate) to: Option<String>,
    /// Take back an override instead, by its id
    #[arg(long, value_name = "ID")]
    pub(crate) end: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HandoverCommand {
    /// List handovers, newest first, and what is to do
    #[command(after_help = "Example: lamplighter handover list")]
    List(Status),
    /// Show one: what was written, what is to do, what the product knows
    #[command(after_help = "Example: lamplighter handover show ho_3")]
    Show(OneId),
    /// Write into one; what was written before is replaced
    #[command(after_help = "Example: lamplighter handover write ho_3 --status 'mast 4 is slow' \
                            --if 'the queue passes 500' --then 'restart the worker' --publish")]
    Write(HandoverWrite),
    /// Hand over before the shift changes
    #[command(after_help = "Example: lamplighter handover publish ho_3")]
    Publish(OneId),
    /// Say in your own words what you take over
    #[command(
        after_help = "Example: lamplighter handover accept ho_3 'mast 4 again, watch the queue'"
    )]
    Accept(HandoverAccept),
    /// Note something to do; it is in every handover of the rota until it is done
    #[command(
        after_help = "Example: lamplighter handover todo payments 'call the carrier' --owner bo"
    )]
    Todo(HandoverTodo),
    /// Say that it is done
    #[command(after_help = "Example: lamplighter handover done td_4")]
    Done(OneId),
}

#[derive(Debug, Args)]
pub(crate) struct Interrupted {
    /// How long, in minutes
    pub(crate) minutes: u32,
    /// What about
    pub(crate) text: Vec<String>,
    /// By what: question, ticket, request, trouble, other
    #[arg(long, default_value = "other")]
    pub(crate) kind: String,
    /// Who was interrupted [default: you]
    #[arg(long, value_name = "PERSON")]
    pub(crate) who: Option<String>,
    /// Of which team [default: theirs]
    #[arg(long)]
    pub(crate) team: Option<String>,
    /// It is for whoever has the tribute from here on
    #[arg(long)]
    pub(crate) hand: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct TributeShow {
    /// As a table of weeks
    #[arg(long)]
    pub(crate) csv: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct HandoverWrite {
    /// Which
    pub(crate) id: String,
    /// How things stand
    #[arg(long, default_value = "")]
    pub(crate) status: String,
    /// What happened
    #[arg(long, default_value = "")]
    pub(crate) happened: String,
    /// What may happen; may be repeated, each with its --then
    #[arg(long = "if", value_name = "TEXT")]
    pub(crate) happens: Vec<String>,
    /// What to do then
    #[arg(long, value_name = "TEXT")]
    pub(crate) then: Vec<String>,
    /// Hand over at once
    #[arg(long)]
    pub(crate) publish: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct HandoverAccept {
    /// Which
    pub(crate) id: String,
    /// In your own words
    #[arg(required = true)]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct HandoverTodo {
    /// In which rota
    pub(crate) rota: String,
    /// What
    #[arg(required = true)]
    pub(crate) text: Vec<String>,
    /// Who does it [default: whoever is on duty]
    #[arg(long, value_name = "PERSON")]
    pub(crate) owner: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CalendarCommand {
    /// Make an address that phones subscribe to: your shifts, and each rota
    #[command(after_help = "Example: lamplighter calendar new")]
    New(Status),
    /// List your addresses
    #[command(after_help = "Example: lamplighter calendar list")]
    List(Status),
    /// Close one
    #[command(after_help = "Example: lamplighter calendar revoke tk_7")]
    Revoke(OneId),
}

#[derive(Debug, Args)]
pub(crate) struct HoursOnDuty {
    /// Only this rota
    pub(crate) rota: Option<String>,
    /// From when on, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub(crate) from: String,
    /// Until when, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub(crate) to: String,
    /// Read files instead of asking a server; may be repeated
    #[arg(long, value_name = "PATH")]
    pub(crate) config: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SwapCommand {
    /// Ask somebody to take your shift, or exchange it for one of theirs
    #[command(after_help = "Example: lamplighter swap ask payments --at 2026-12-24T18:00:00Z \
                            --with bo --for 2027-01-07T18:00:00Z")]
    Ask(SwapAsk),
    /// Take the shift that somebody asks you to take
    #[command(after_help = "Example: lamplighter swap accept sw_1")]
    Accept(OneId),
    /// Do not take it, or take back your own request
    #[command(after_help = "Example: lamplighter swap decline sw_1")]
    Decline(OneId),
    /// Show requests and overrides
    #[command(after_help = "Example: lamplighter swap list")]
    List(Status),
}

#[derive(Debug, Args)]
pub(crate) struct SwapAsk {
    /// In which rota
    pub(crate) rota: String,
    /// A time in the shift that is given, RFC 3339
    #[arg(long, value_name = "TIME")]
    pub(crate) at: String,
    /// Who is to take it
    #[arg(long, value_name = "PERSON")]
    pub(crate) with: String,
    /// A time in the shift of theirs that is taken in exchange
    #[arg(long = "for", value_name = "TIME")]
    pub(crate) exchange: Option<String>,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RotaCommand {
    /// Propose a roster that keeps the rota's rules and shares nights and weekends fairly
    #[command(after_help = "Example: lamplighter rota propose payments --config examples/solar \
                            --from 2027-01-04T00:00:00Z --weeks 13\n\
                            Exit code 1 when a shift stays empty; the rules in the way are named.")]
    Propose(RotaPropose),
    /// List proposed rosters on a server, with what they would change
    #[command(after_help = "Example: lamplighter rota proposals")]
    Proposals(Status),
    /// Publish a proposed roster: its changes become overrides, and whoever they touch is told
    #[command(after_help = "Example: lamplighter rota publish ro_1")]
    Publish(OneId),
    /// Put a proposed roster aside
    #[command(after_help = "Example: lamplighter rota discard ro_1")]
    Discard(OneId),
    /// Propose layers that follow the sun, from people's declared hours
    #[command(after_help = "Example: lamplighter rota sun --config examples/solar\n\
                            Exit code 1 when an hour of some day is nobody's.")]
    Sun(RotaSun),
}

#[derive(Debug, Args)]
pub(crate) struct RotaPropose {
    /// Which rota
    pub(crate) rota: String,
    /// Files and folders; may be repeated [default: lamplighter.yaml]
    #[arg(long, value_name = "PATH")]
    pub(crate) config: Vec<PathBuf>,
    /// From when on, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// How many weeks
    #[arg(long, default_value_t = 13, value_parser = clap::value_parser!(u16).range(1..=104))]
    pub(crate) weeks: u16,
    /// Change as little as possible of what the rota says, and be fair only after that
    #[arg(long)]
    pub(crate) repair: bool,
    /// Calendar of leave, as PERSON=FILE.ics, or of public holidays, as ZONE=FILE.ics; may be repeated
    #[arg(long, value_name = "WHO=FILE", value_parser = crate::rota::calendar)]
    pub(crate) leave: Vec<(String, PathBuf)>,
    /// Where chance begins: the same seed gives the same roster
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How long to look; more steps never give a worse roster
    #[arg(long, default_value_t = 300_000)]
    pub(crate) steps: u64,
    /// Hand it in at the server, where it waits to be published
    #[arg(long)]
    pub(crate) submit: bool,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

#[derive(Debug, Args)]
pub(crate) struct RotaSun {
    /// Files and folders; may be repeated [default: lamplighter.yaml]
    #[arg(long, value_name = "PATH")]
    pub(crate) config: Vec<PathBuf>,
    /// Only people of this team
    #[arg(long)]
    pub(crate) team: Option<String>,
    /// The first day looked at, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    #[command(flatten)]
    pub(crate) form: super::Form,
}
