//! Another way of working: a form with presets, how far a trial is, and its report.
//!
//! Intuition: a manager types a few numbers and looks at two pages a minute later. The form writes the
//! same file that the command reads, and shows it, so that whoever wants more goes on from there.
//!
//! Invariants:
//! - what was tried is seen by whoever asked and by nobody else;
//! - nothing here is about a person: teams are numbers of people, as in the file.

use crate::Context;
use crate::access::Principal;
use crate::trials::{Busy, TRIAL_MS_MAX, TRIALS_MAX, Tried};
use crate::views::layout;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::{Extension, Form, Json};
use maud::{Markup, html};
use model::{PersonId, ServiceKind};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use whatif::measure::{Better, METRICS, Metric};
use whatif::presets::{PRESETS, Preset};
use whatif::world::{CLASSES, Class};
use worklog::Worklog;

/// Teams the form has room for; the file has no such end.
const TEAMS_MAX: usize = 8;
/// Bytes of a file.
const FILE_BYTES_MAX: usize = 64 * 1024;
/// Presets that are ticked at first.
const USUAL: [Preset; 4] =
    [Preset::AdHoc, Preset::Tribute, Preset::ProductTeams, Preset::ServiceCentre];

/// `GET /whatif`.
pub(crate) async fn view(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
) -> Markup {
    let Some(reader) = who.person().cloned() else { return html! {} };
    let teams = teams(&context);
    let tried = context.trials.of(&reader);
    let main = html! {
        h1 { "Another way of working" }
        p { "Would a tribute, a platform team or a duty per team have done better? The same weeks are lived through under each, many times, and you get two pages: the answer with its intervals, or \"cannot tell\", and what it depends on." }
        p.soft { "Numbers that are typed in are not calibrated: the answer is what they imply. With an export of your tickets, " code { "lamplighter whatif FILE" } " foretells your own past first; the book says how." }
        @if !tried.is_empty() {
            h2 { "Tried lately" }
            ul { @for it in &tried { li { a href={ "/whatif/" (it.number) } { "Trial " (it.number) } ": " (standing(it)) } } }
        }
        (form(&teams))
        details.card {
            summary { "Or write the file" }
            p.soft { "Every field is in the book under \"Another way of working\". Files of records cannot be read here." }
            form.stack method="post" action="/whatif" {
                label for="file" { "The file" }
                textarea id="file" name="file" rows="14" spellcheck="false" maxlength=(FILE_BYTES_MAX) { (example(&teams)) }
                button { "Try it" }
            }
        }
        p.soft { "One trial runs at a time, on one core and for at most " (TRIAL_MS_MAX / 1_000) " s, because this server also pages people. The last " (TRIALS_MAX) " are kept until it restarts." }
    };
    layout::full(&context, &reader, "/whatif", "Another way of working", &main)
}

fn standing(it: &Tried) -> String {
    match it.ended() {
        None => format!("running, {} worlds lived through", it.lived()),
        Some(Ok(_)) => "done".to_owned(),
        Some(Err(_)) => "not done".to_owned(),
    }
}

/// Fields of a team or of a kind of work, as many in a line as there is room for.
const SIDE_BY_SIDE: &str =
    "display:grid;gap:0 .6rem;grid-template-columns:repeat(auto-fill,minmax(8rem,1fr))";

/// What the form begins with.
struct Row {
    name: String,
    people: usize,
    timezone: String,
    owns: String,
}

/// The teams of the organisation as they are configured, with what they own.
fn teams(context: &Context) -> Vec<Row> {
    let state = context.handle.state();
    let mut rows = vec![];
    if let Some(catalogue) = state.catalogue() {
        for (id, team) in catalogue.teams.iter().take(TEAMS_MAX) {
            let owned = catalogue
                .services
                .iter()
                .filter(|it| matches!(&it.1.kind, ServiceKind::Own { team } if team == id));
            let owns: Vec<String> = owned.map(|it| it.0.to_string()).collect();
            let zones = team.members.iter().filter_map(|it| catalogue.people.get(it));
            let timezone = zones.map(|it| it.timezone.clone()).next();
            rows.push(Row {
                name: id.to_string(),
                people: team.members.len().max(1),
                timezone: timezone.unwrap_or_else(|| "Europe/Berlin".to_owned()),
                owns: if owns.is_empty() { format!("{id}-work") } else { owns.join(", ") },
            });
        }
    }
    rows
}

fn form(teams: &[Row]) -> Markup {
    let blank = TEAMS_MAX.min(teams.len() + 2);
    html! {
        form.stack method="post" action="/whatif" {
            h2 { "Ways of working" }
            @for preset in PRESETS {
                div {
                    label style="display:inline" {
                        input type="checkbox" name="structure" value=(preset.name()) checked[USUAL.contains(&preset)]
                            style="min-height:1.5rem;min-width:1.5rem;vertical-align:middle";
                        " " strong { (preset.name()) } ": " (preset.says())
                    }
                }
            }
            h2 { "Teams" }
            p.soft { "Numbers of people, never who. Taken from your configuration; change them freely, or leave lines empty." }
            @for number in 0..blank {
                @let row = teams.get(number);
                fieldset.card {
                    legend { "Team " (number + 1) }
                    div style=(SIDE_BY_SIDE) {
                    (text("Name", &format!("team-{number}"), row.map_or("", |it| &it.name)))
                    (count("People", &format!("people-{number}"), &row.map_or(String::new(), |it| it.people.to_string()), "1"))
                    (text("Time zone", &format!("zone-{number}"), row.map_or("", |it| &it.timezone)))
                    (text("Hours", &format!("hours-{number}"), "09:00-17:00"))
                    (text("Owns, with commas", &format!("owns-{number}"), row.map_or("", |it| &it.owns)))
                    }
                }
            }
            h2 { "Work" }
            p.soft { "How many a week in the whole organisation, and hours each takes somebody who knows it. The numbers are an example: replace them." }
            @for (class, per_week, hours) in WORK {
                fieldset.card {
                    legend { (class.name()) ", " (meaning(class)) }
                    div style=(SIDE_BY_SIDE) {
                    (count("A week", &format!("per-week-{}", class.name()), per_week, "any"))
                    (count("Hours each", &format!("hours-each-{}", class.name()), hours, "any"))
                    }
                }
            }
            (history())
            h2 { "What matters" }
            label for="primary" { "Judge pairs by" }
            select id="primary" name="primary" {
                @for it in METRICS.iter().filter(|it| it.better() != Better::Neither) {
                    option value=(it.key()) selected[*it == Metric::WaitP90] { (it.title()) ", for " (it.audience()) }
                }
            }
            (count("Longest good wait for nine of ten, hours", "target", "16", "any"))
            (count("Growth of work in a year, %", "growth", "0", "any"))
            (count("Weeks to live through", "weeks", "26", "1"))
            button { "Try it" }
        }
    }
}

/// Whether the past is foretold first.
fn history() -> Markup {
    html! {
        h2 { "This organisation's own history" }
        p.soft { "What pages came, who had them and who was on duty is in the journal here. With it your own past is foretold first, and nothing is compared where that fails. The journal holds no tickets, no changes as work, no roadmap work and not how long anybody worked on a page: what you typed above for these stays, and hours are tried over a wide range. Nobody is named or ranked." }
        div {
            label style="display:inline" {
                input type="checkbox" name="own" value="yes" style="min-height:1.5rem;min-width:1.5rem;vertical-align:middle";
                " Foretell it first, and try the pages that really came"
            }
        }
        label for="now" { "How you worked while it was written" }
        select id="now" name="now" {
            option value="" { "as the rotas look" }
            @for it in PRESETS { option value=(it.name()) { (it.name()) } }
        }
    }
}

/// Work the form begins with.
const WORK: [(Class, &str, &str); 5] = [
    (Class::Page, "2", "1"),
    (Class::Ticket, "14", "1"),
    (Class::Request, "6", "0.5"),
    (Class::Change, "4", "1"),
    (Class::Roadmap, "0", "8"),
];

fn meaning(class: Class) -> &'static str {
    match class {
        Class::Page => "something rings",
        Class::Ticket => "a customer waits",
        Class::Request => "a colleague waits",
        Class::Change => "to something that runs",
        Class::Roadmap => "planned work with an end",
    }
}

fn text(label: &str, name: &str, value: &str) -> Markup {
    html! { div { label for=(name) { (label) } input id=(name) name=(name) value=(value) maxlength="300"; } }
}

fn count(label: &str, name: &str, value: &str, step: &str) -> Markup {
    html! {
        div {
            label for=(name) { (label) }
            input id=(name) name=(name) type="number" inputmode="decimal" min="-90" step=(step) value=(value);
        }
    }
}

/// The file that the form as it first stands would write.
fn example(teams: &[Row]) -> String {
    let mut fields = vec![];
    for (number, row) in teams.iter().enumerate() {
        fields.push((format!("team-{number}"), row.name.clone()));
        fields.push((format!("people-{number}"), row.people.to_string()));
        fields.push((format!("zone-{number}"), row.timezone.clone()));
        fields.push((format!("owns-{number}"), row.owns.clone()));
    }
    for (class, per_week, hours) in WORK {
        fields.push((format!("per-week-{}", class.name()), per_week.to_owned()));
        fields.push((format!("hours-each-{}", class.name()), hours.to_owned()));
    }
    fields.extend(USUAL.map(|it| ("structure".to_owned(), it.name().to_owned())));
    fields.push(("primary".to_owned(), Metric::WaitP90.key().to_owned()));
    written(&fields)
}

/// What somebody filled in, as a file of `whatif`. Text goes in as JSON, which is YAML that cannot run
/// away; numbers go in as they are and are refused by whoever reads the file.
fn written(fields: &[(String, String)]) -> String {
    let single: BTreeMap<&str, &str> =
        fields.iter().map(|it| (it.0.as_str(), it.1.trim())).collect();
    let get = |name: &str| single.get(name).copied().filter(|it| !it.is_empty());
    let quoted = |it: &str| json!(it).to_string();
    let mut file = String::new();
    let mut number_of = |name: &str, key: &str, scale: f64| {
        if let Some(value) = get(name).and_then(|it| it.parse::<f64>().ok()) {
            let _ = writeln!(file, "{key}: {}", value / scale);
        }
    };
    number_of("weeks", "weeks", 1.0);
    number_of("target", "wait_target_hours", 1.0);
    number_of("growth", "growth_per_year", 100.0);
    file.push_str("teams:\n");
    for number in 0..TEAMS_MAX {
        let of = |what: &str| get(&format!("{what}-{number}"));
        let Some(name) = of("team") else { continue };
        let owns: Vec<&str> = of("owns").unwrap_or("").split(',').map(str::trim).collect();
        let owns: Vec<String> = owns.into_iter().filter(|it| !it.is_empty()).map(quoted).collect();
        let _ = writeln!(
            file,
            "  {}: {{ people: {}, timezone: {}, hours: {}, owns: [{}] }}",
            quoted(name),
            of("people").and_then(|it| it.parse::<u32>().ok()).unwrap_or(1),
            quoted(of("zone").unwrap_or("UTC")),
            quoted(of("hours").unwrap_or("09:00-17:00")),
            owns.join(", ")
        );
    }
    let mut work = String::new();
    for class in CLASSES {
        let of = |what: &str| {
            get(&format!("{what}-{}", class.name())).and_then(|it| it.parse::<f64>().ok())
        };
        let Some(per_week) = of("per-week").filter(|it| *it > 0.0) else { continue };
        let hours = of("hours-each").unwrap_or(1.0);
        let comes = if class == Class::Page { "always" } else { "working-hours" };
        let _ = writeln!(
            work,
            "  - {{ class: {}, per_week: {per_week}, hours: {hours}, comes: {comes} }}",
            class.name()
        );
    }
    if work.is_empty() {
        file.push_str("work: []\n");
    } else {
        let _ = write!(file, "work:\n{work}");
    }
    let structures = fields.iter().filter(|it| it.0 == "structure");
    let mut structures: Vec<&str> = structures.map(|it| it.1.as_str()).collect();
    if get("own").is_some() {
        // Whatever was in force has to be among them, or its past cannot be foretold.
        let now = get("now");
        structures.extend(now.filter(|it| !structures.contains(it)));
        let now = now.map_or(String::new(), |it| format!(", now: {}", quoted(it)));
        let _ = writeln!(file, "records: {{ journal: own{now} }}\nranges: {{ work: [0.25, 4] }}");
    }
    let structures: Vec<String> = structures.into_iter().map(quoted).collect();
    let _ = writeln!(file, "structures: [{}]", structures.join(", "));
    if let Some(primary) = get("primary") {
        let _ = writeln!(file, "primary: {}", quoted(primary));
    }
    file.push_str("replications: { max: 40 }\n");
    file
}

/// `POST /whatif`, from the view.
pub(crate) async fn begin(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing() };
    let whole = fields.iter().find(|it| it.0 == "file").map(|it| it.1.clone());
    match started(&context, by, whole.unwrap_or_else(|| written(&fields))).await {
        Ok(it) => Redirect::to(&format!("/whatif/{}", it.number)).into_response(),
        Err((status, told)) => (status, crate::views::message("Not now", told)).into_response(),
    }
}

/// What `POST /api/v1/whatif` takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    file: String,
}

/// `POST /api/v1/whatif`.
pub(crate) async fn begin_api(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Json(body): Json<Body>,
) -> Response {
    let Some(by) = who.person().cloned() else { return missing() };
    match started(&context, by, body.file).await {
        Ok(it) => (StatusCode::ACCEPTED, Json(json!({ "trial": it.number }))).into_response(),
        Err((status, told)) => crate::api::problem(status, "busy", told, "try again in a minute"),
    }
}

/// Records that are read for a trial: whoever has more uses the command, which holds nobody up.
const EVENTS_MAX: u64 = 300_000;
/// Records asked for at a time.
const READ_MAX: usize = 1_000;

/// What the journal holds of work, read in small pieces between everything else that the core does.
async fn own_history(context: &Context) -> Result<Worklog, (StatusCode, &'static str)> {
    let mut reader = worklog::Reader::new(oncall::Zones::bundled());
    let mut after = 0;
    loop {
        let records = context.handle.records(after, READ_MAX).await.map_err(|_| {
            (StatusCode::SERVICE_UNAVAILABLE, "The journal cannot be read just now. Try again.")
        })?;
        let Some(last) = records.last() else { return Ok(reader.finish()) };
        after = last.seq;
        if after > EVENTS_MAX {
            let told = "The journal is too long to be read beside the pager: use the command `lamplighter whatif --journal`.";
            return Err((StatusCode::PAYLOAD_TOO_LARGE, told));
        }
        for it in &records {
            reader.see(it);
        }
    }
}

async fn started(
    context: &Context,
    by: PersonId,
    file: String,
) -> Result<std::sync::Arc<Tried>, (StatusCode, &'static str)> {
    if file.len() > FILE_BYTES_MAX {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, "The file is longer than 64 KiB."));
    }
    // Whoever writes it for something else only makes the server read for nothing.
    let own = if file.contains("journal:") { Some(own_history(context).await?) } else { None };
    context.trials.begin(by, file, own).map_err(|Busy| {
        (
            StatusCode::TOO_MANY_REQUESTS,
            "Somebody else's trial is running. One runs at a time, for at most a minute: go back and try again.",
        )
    })
}

/// `GET /whatif/{number}`: how far it is, or what came of it.
pub(crate) async fn trial(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(number): Path<u64>,
) -> Response {
    let Some(reader) = who.person().cloned() else { return missing() };
    let Some(it) = context.trials.get(&reader, number) else { return missing() };
    let ended = it.ended();
    let running = ended.is_none();
    let main = html! {
        h1 { "Trial " (number) }
        @match ended {
            None => {
                p.card role="status" { strong { "Running: " (it.lived()) " worlds lived through." } " It takes at most " (TRIAL_MS_MAX / 1_000) " s." }
                p { a href={ "/whatif/" (number) } { "Look again" } " (this view does so every two seconds)" }
            }
            Some(Ok(_)) => {
                p.card { strong { "Done." } " " a id="report" href={ "/whatif/" (number) "/report" } { "Open the two pages" } ". Save or print them: nothing of it is kept here after a restart." }
            }
            Some(Err(told)) => {
                p.card.fire { strong { "Not done." } }
                pre { (told) }
            }
        }
        p { a href="/whatif" { "Try something else" } }
    };
    let title = format!("Trial {number}");
    let mut response = layout::full(&context, &reader, "/whatif", &title, &main).into_response();
    if running {
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("2"));
    }
    response
}

/// `GET /api/v1/whatif/{number}`.
pub(crate) async fn trial_api(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(number): Path<u64>,
) -> Response {
    let it = who.person().and_then(|by| context.trials.get(by, number));
    let Some(it) = it else { return missing() };
    let ended = it.ended();
    Json(json!({
        "trial": number,
        "running": ended.is_none(),
        "worlds": it.lived(),
        "report": ended.as_ref().and_then(|it| it.as_ref().ok()).map(|_| format!("/whatif/{number}/report")),
        "error": ended.and_then(Result::err),
    }))
    .into_response()
}

/// `GET /whatif/{number}/report`.
pub(crate) async fn report(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
    Path(number): Path<u64>,
) -> Response {
    let it = who.person().and_then(|by| context.trials.get(by, number));
    match it.and_then(|it| it.ended()) {
        Some(Ok(report)) => Html(report).into_response(),
        _ => missing(),
    }
}

fn missing() -> Response {
    let told = "There is no such trial of yours. Trials are forgotten when the server restarts, and when newer ones need the room.";
    (StatusCode::NOT_FOUND, crate::views::message("Nothing here", told)).into_response()
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn the_form_writes_the_file_of_the_command() {
        let check = |fields: &[(&str, &str)], expect: &str| {
            let fields: Vec<(String, String)> =
                fields.iter().map(|it| (it.0.to_owned(), it.1.to_owned())).collect();
            assert_eq!(written(&fields), expect);
        };
        check(
            &[
                ("structure", "tribute"),
                ("structure", "ad-hoc"),
                ("team-0", "devices"),
                ("people-0", "4"),
                ("zone-0", "Africa/Nairobi"),
                ("hours-0", "08:00-16:00"),
                ("owns-0", "gateway, , firmware"),
                ("team-1", " "),
                ("people-1", "3"),
                ("per-week-ticket", "14"),
                ("hours-each-ticket", "1.5"),
                ("per-week-page", "0"),
                ("growth", "50"),
                ("weeks", "26"),
                ("target", "16"),
                ("primary", "wait_p90_hours"),
            ],
            r#"weeks: 26
wait_target_hours: 16
growth_per_year: 0.5
teams:
  "devices": { people: 4, timezone: "Africa/Nairobi", hours: "08:00-16:00", owns: ["gateway", "firmware"] }
work:
  - { class: ticket, per_week: 14, hours: 1.5, comes: working-hours }
structures: ["tribute", "ad-hoc"]
primary: "wait_p90_hours"
replications: { max: 40 }
"#,
        );
        // The structure in force is tried as well, or its past could not be foretold.
        check(
            &[
                ("structure", "ad-hoc"),
                ("team-0", "a"),
                ("people-0", "2"),
                ("own", "yes"),
                ("now", "tribute"),
            ],
            r#"teams:
  "a": { people: 2, timezone: "UTC", hours: "09:00-17:00", owns: [] }
work: []
records: { journal: own, now: "tribute" }
ranges: { work: [0.25, 4] }
structures: ["ad-hoc", "tribute"]
replications: { max: 40 }
"#,
        );
        // Whatever is typed stays text: no field of its own, no reference, no second document.
        check(
            &[("team-0", "a\"}\nseed: 2 # &x"), ("people-0", "2, seed: 3"), ("owns-0", "*x")],
            "teams:\n  \"a\\\"}\\nseed: 2 # &x\": { people: 1, timezone: \"UTC\", hours: \"09:00-17:00\", owns: [\"*x\"] }\nwork: []\nstructures: []\nreplications: { max: 40 }\n",
        );
    }
}
