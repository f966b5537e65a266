//! A file of `whatif` to begin with, from what an export holds.
//!
//! Intuition: an empty file is where people stop. What the export says is written down (its columns, what
//! its words mean, its components); what only people know is left so that it is refused until it is
//! changed, because a number that nobody thought about would look like one that somebody did.
//!
//! Invariant: nobody stands in it. Components and words of classes are taken over, people are not.

use crate::cli;
use ::whatif::presets::{PRESETS, Preset};
use ::whatif::records::{Described, Records, Work};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Components that are taken over, the most frequent first.
const COMPONENTS_MAX: usize = 30;

/// The draft that lies at `to`.
pub(super) fn draft(
    it: &cli::Records,
    file: &Path,
    to: &Path,
    records: &Records,
    described: &[Described],
) -> String {
    let export = match (file.parent(), to.parent()) {
        (Some(one), Some(other)) if one == other => file.file_name().unwrap_or_default().into(),
        _ => std::path::absolute(file).unwrap_or_else(|_| file.to_owned()),
    };
    let map = |all: &[(String, String)]| {
        let all: Vec<String> =
            all.iter().map(|(key, value)| format!("{}: {}", quoted(key), quoted(value))).collect();
        format!("{{ {} }}", all.join(", "))
    };
    let mut text = format!(
        "# A draft. Change what is marked with <-, then:\n\
         #   lamplighter whatif {} --report answer.html\n\
         weeks: 26\n\
         teams:\n  \
         # <- your teams: how many people, their zone and hours, and which components each owns.\n\
         {}\
         records:\n  \
         file: {}\n  \
         # <- how you worked while these were recorded: one of the structures below.\n  \
         now: how-did-you-work\n",
        to.display(),
        teams(&components(&records.works), &it.beside.owner),
        quoted(&export.to_string_lossy()),
    );
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(text, "  {key}: {value}");
        }
    };
    line("times", it.times.as_deref().map(quoted));
    line("timezone", it.timezone.as_deref().map(quoted));
    line("class", it.class.as_deref().map(quoted));
    line("classes", (!it.means.is_empty()).then(|| map(&it.means)));
    line("columns", (!it.column.is_empty()).then(|| map(&it.column)));
    let unknown: Vec<&Described> =
        described.iter().filter(|it| it.worked_minutes.is_none()).collect();
    if unknown.is_empty() {
        text.push_str(WORK_BESIDE);
    } else {
        text.push_str(
            "work:\n  # <- hours that one takes somebody who knows it: your records do not say.\n",
        );
    }
    for it in unknown {
        let _ = writeln!(
            text,
            "  - {{ class: {}, per_week: {:.1}, hours: 1 }}",
            it.class.name(),
            it.per_week.max(0.1)
        );
    }
    text.push_str(&ending());
    text
}

/// How work is written that no record holds.
const WORK_BESIDE: &str = "\
# Work that is in no record can stand beside it: hours that one takes somebody who knows it, and how much\n\
# they differ (spread: standard deviation over mean). Classes: page, ticket, request, change, roadmap.\n\
# work:\n\
#   - { class: request, per_week: 6, hours: 0.5, spread: 1.5, comes: working-hours }\n";

/// How a draft ends: what can stand under `structures`, a line each, which are compared, and how finely.
pub(super) fn ending() -> String {
    let line = |it: &Preset| format!("#   {:20}{}", it.name(), it.says());
    let lines: Vec<String> = PRESETS.iter().map(line).collect();
    format!(
        "# Who takes work in. Your own can be written out: lamplighter whatif --example structures\n{}\n\
         structures: [ad-hoc, tribute, product-teams, service-centre]\n\
         # It stops earlier where the answer is precise enough.\n\
         replications: {{ max: 40 }}\n\
         # <- the longest wait at a desk, in hours while somebody sits there, that nine of ten may have: growth is\n\
         # held against it.\n\
         wait_target_hours: 16\n",
        lines.join("\n")
    )
}

/// Text goes in as JSON, which is YAML that cannot run away.
pub(super) fn quoted(it: &str) -> String {
    json!(it).to_string()
}

/// A line per owner that was named, and one for what nobody was named for.
fn teams(components: &[String], owners: &[(String, String)]) -> String {
    let mut teams: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for component in components {
        let owner = owners.iter().find(|it| it.0 == *component);
        teams.entry(owner.map_or("my-team", |it| it.1.as_str())).or_default().push(component);
    }
    let line = |(name, owns): (&str, Vec<&str>)| {
        let owns: Vec<String> = owns.into_iter().map(quoted).collect();
        let name = if name == "my-team" { name.to_owned() } else { quoted(name) };
        let owns = owns.join(", ");
        format!(
            "  {name}: {{ people: 0, timezone: UTC, hours: \"09:00-17:00\", owns: [{owns}] }}\n"
        )
    };
    teams.into_iter().map(line).collect()
}

/// What the records are about, or one component for everything.
fn components(works: &[Work]) -> Vec<String> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for about in works.iter().filter_map(|it| it.about.as_deref()).filter(|it| !it.is_empty()) {
        *seen.entry(about).or_insert(0) += 1;
    }
    let mut all: Vec<(&str, usize)> = seen.into_iter().collect();
    all.sort_by_key(|it| std::cmp::Reverse(it.1));
    let all: Vec<String> = all.into_iter().take(COMPONENTS_MAX).map(|it| it.0.to_owned()).collect();
    if all.is_empty() { vec!["everything".to_owned()] } else { all }
}
