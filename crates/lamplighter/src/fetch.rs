//! Answers of another pager, fetched from its API: everything that `import` reads, page by page.
//!
//! Intuition: a clerk with a list of counters to visit. At each the clerk takes every sheet until the counter
//! says that there are no more, writes on it which counter it came from, and goes home with nothing at all
//! when one sheet is missing. What the sheets say is not the clerk's business: [`moves`] reads them.
//!
//! Invariants:
//! - nothing but GET is sent, and the queries of the book to GoAlert, which reads with POST;
//! - the token goes to the address that was named and to no other: where an answer names the next part by an
//!   address, only the place in the list is taken from it;
//! - every request, answer and list is bounded; who asks to be left alone for a while is, once per request;
//! - whatever could not be read whole ends it, with the name of what is missing.

use egress::{Client, Policy, Response};
use model::{Millis, Timestamp};
use moves::System;
use serde_json::{Value, json};
use server::Problem;
use std::time::Duration;

/// Requests of one import.
const REQUESTS_MAX: usize = 20_000;
/// Bytes of one answer.
const ANSWER_BYTES_MAX: usize = 32 << 20;
/// Bytes of all of them.
const ALL_BYTES_MAX: usize = 512 << 20;
/// Parts of one list.
const PARTS_MAX: usize = 2_000;
/// How long one answer may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// The longest that another pager may ask to be left alone, and what is meant where it names no time.
const WAIT_SECS_MAX: u64 = 120;
const WAIT_SECS_UNSAID: u64 = 20;
/// How far ahead the other pager renders who will be on duty.
const AHEAD: Millis = Millis::from_days(60);

/// Where a pager is asked, and as whom.
pub(crate) struct Account<'a> {
    pub(crate) system: System,
    /// The address that `--url` names.
    pub(crate) url: Option<&'a str>,
    pub(crate) token: String,
    pub(crate) now: Timestamp,
}

/// The address of a pager's API where nobody says another one.
fn documented(system: System) -> Option<&'static str> {
    match system {
        System::PagerDuty => Some("https://api.pagerduty.com"),
        System::Opsgenie => Some("https://api.opsgenie.com/v2"),
        System::Splunk => Some("https://api.victorops.com/api-public"),
        System::GrafanaOnCall | System::GoAlert => None,
    }
}

/// Every answer, as name and text; the names are those of the book.
pub(crate) fn all(account: &Account<'_>) -> Result<Vec<(String, String)>, Problem> {
    let mut desk = Desk::new(account)?;
    match account.system {
        System::PagerDuty => pagerduty(&mut desk),
        System::Opsgenie => opsgenie(&mut desk),
        System::Splunk => splunk(&mut desk),
        System::GrafanaOnCall => grafana(&mut desk),
        System::GoAlert => goalert(&mut desk),
    }?;
    Ok(desk.files)
}

struct Desk {
    runtime: tokio::runtime::Runtime,
    client: Client,
    base: String,
    title: &'static str,
    headers: Vec<(&'static str, String)>,
    since: Timestamp,
    requests: usize,
    bytes: usize,
    files: Vec<(String, String)>,
}

impl Desk {
    fn new(account: &Account<'_>) -> Result<Self, Problem> {
        let system = account.system;
        let title = system.title();
        let Some(base) = account.url.or_else(|| documented(system)) else {
            return Err(Problem::negative(format!(
                "{title} has no address that holds for everybody"
            ))
            .hint("say where yours is: `--url https://…`"));
        };
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|it| {
                Problem::unreachable("nothing can be fetched here").detail(it.to_string())
            })?;
        egress::init_tls();
        Ok(Self {
            runtime,
            client: Client::new(Policy::Operator),
            base: base.trim_end_matches('/').to_owned(),
            title,
            headers: headers(system, &account.token)?,
            // Whole seconds: not every pager reads more.
            since: Timestamp(account.now.0.div_euclid(1_000) * 1_000),
            requests: 0,
            bytes: 0,
            files: vec![],
        })
    }

    /// From when until when the other pager is asked to render its schedules.
    fn window(&self) -> (String, String) {
        (self.since.to_string(), self.since.plus(AHEAD).to_string())
    }

    /// Fetches `path`, keeps it as `file`, and says what is in it.
    fn get(&mut self, path: &str, file: &str) -> Result<Value, Problem> {
        self.ask(path, file, None)
    }

    fn ask(&mut self, path: &str, file: &str, query: Option<&Value>) -> Result<Value, Problem> {
        let what = format!("`{path}` of {} could not be read", self.title);
        let failed = |detail: String| {
            let hint = "nothing was written; mend this and import again";
            Problem::unreachable(what.clone()).detail(detail).hint(hint)
        };
        let mut answer = self.once(path, query).map_err(&failed)?;
        if matches!(answer.status, 429 | 503) {
            let secs = answer.retry_after_secs.unwrap_or(WAIT_SECS_UNSAID);
            if secs > WAIT_SECS_MAX {
                return Err(failed(format!(
                    "it asks to be left alone for {secs} s: come back then"
                )));
            }
            eprintln!("{} asks to be left alone for {secs} s", self.title);
            let wait = Duration::from_secs(secs);
            self.runtime.block_on(async { tokio::time::sleep(wait).await });
            answer = self.once(path, query).map_err(&failed)?;
        }
        match answer.status {
            200 => {}
            401 | 403 => {
                let status = answer.status;
                return Err(failed(format!(
                    "it refused the token ({status}): a key that may read is enough"
                )));
            }
            429 => return Err(failed("it still asks to be left alone: import later".to_owned())),
            status => return Err(failed(format!("it answered {status}"))),
        }
        let Ok(text) = String::from_utf8(answer.body) else {
            return Err(failed("the answer is no text".to_owned()));
        };
        let value: Value = match serde_json::from_str(&text) {
            Ok(value) => value,
            Err(error) => {
                return Err(failed(format!("the answer broke off or is no JSON: {error}")));
            }
        };
        self.bytes += text.len();
        if self.bytes > ALL_BYTES_MAX {
            return Err(failed(format!("all answers are larger than {ALL_BYTES_MAX} bytes")));
        }
        self.files.push((file.to_owned(), text));
        Ok(value)
    }

    fn once(&mut self, path: &str, query: Option<&Value>) -> Result<Response, String> {
        self.requests += 1;
        if self.requests > REQUESTS_MAX {
            return Err(format!("more than {REQUESTS_MAX} requests would be needed"));
        }
        let url = format!("{}{path}", self.base);
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let asked = match query {
            None => {
                self.runtime.block_on(self.client.get(&url, &headers, ANSWER_BYTES_MAX, PATIENCE))
            }
            Some(query) => self.runtime.block_on(self.client.post(
                &url,
                &headers,
                query.to_string().into_bytes(),
                ANSWER_BYTES_MAX,
                PATIENCE,
            )),
        };
        asked.map_err(|it| it.to_string())
    }

    /// A list has more parts than anybody has.
    fn endless(&self, what: &str) -> Problem {
        let detail = format!("it has more than {PARTS_MAX} parts");
        Problem::unreachable(format!("`{what}` of {} could not be read", self.title)).detail(detail)
    }
}

fn headers(system: System, token: &str) -> Result<Vec<(&'static str, String)>, Problem> {
    let json = ("Accept", "application/json".to_owned());
    Ok(match system {
        System::PagerDuty => vec![
            ("Authorization", format!("Token token={token}")),
            ("Accept", "application/vnd.pagerduty+json;version=2".to_owned()),
        ],
        System::Opsgenie => vec![("Authorization", format!("GenieKey {token}")), json],
        System::GrafanaOnCall => vec![("Authorization", token.to_owned()), json],
        System::Splunk => {
            let Some((id, key)) = token.split_once(':') else {
                return Err(Problem::negative("Splunk On-Call wants an id and a key")
                    .hint("put `ID:KEY` where the token is kept"));
            };
            vec![("X-VO-Api-Id", id.to_owned()), ("X-VO-Api-Key", key.to_owned()), json]
        }
        System::GoAlert => vec![
            ("Cookie", format!("goalert_session.2={token}")),
            ("Content-Type", "application/json".to_owned()),
            json,
        ],
    })
}

/// The ids in a list.
fn ids<'a>(list: &'a Value, key: &str) -> impl Iterator<Item = String> + use<'a> {
    let key = key.to_owned();
    list.as_array().into_iter().flatten().filter_map(move |it| match &it[key.as_str()] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// A part of an address that came from elsewhere, without what could lead elsewhere.
fn safe(id: &str) -> String {
    crate::remote::segment(id)
}

fn pagerduty(desk: &mut Desk) -> Result<(), Problem> {
    let (since, until) = desk.window();
    let (mut schedules, mut teams) = (vec![], vec![]);
    for (key, more, file) in [
        ("users", "include[]=contact_methods&", "users"),
        ("teams", "", "teams"),
        ("escalation_policies", "", "policies"),
        ("services", "", "services"),
        ("schedules", "", "schedules"),
    ] {
        for part in parts(desk, &format!("/{key}?{more}"), file)? {
            match key {
                "schedules" => schedules.extend(ids(&part[key], "id")),
                "teams" => teams.extend(ids(&part[key], "id")),
                _ => {}
            }
        }
    }
    for id in &schedules {
        let window = format!("since={since}&until={until}");
        let path = safe(id);
        desk.get(&format!("/schedules/{path}?{window}"), &format!("schedule-{id}.json"))?;
        let file = format!("overrides-{id}.json");
        desk.get(&format!("/schedules/{path}/overrides?{window}"), &file)?;
    }
    for id in &teams {
        parts(desk, &format!("/teams/{}/members?", safe(id)), &format!("members-{id}"))?;
    }
    Ok(())
}

/// Every part of a list that PagerDuty cuts by `limit`, `offset` and `more`.
fn parts(desk: &mut Desk, path: &str, file: &str) -> Result<Vec<Value>, Problem> {
    const LIMIT: usize = 100;
    let mut found = vec![];
    for part in 0..PARTS_MAX {
        let offset = part * LIMIT;
        // The first part of the members of a team keeps the name that says of which.
        let name = if part == 0 { format!("{file}.json") } else { format!("{file}-{offset}.json") };
        let answer = desk.get(&format!("{path}limit={LIMIT}&offset={offset}"), &name)?;
        let more = answer["more"] == Value::Bool(true);
        found.push(answer);
        if !more {
            return Ok(found);
        }
    }
    Err(desk.endless(path))
}

fn opsgenie(desk: &mut Desk) -> Result<(), Problem> {
    let users = pages(desk, "/users?limit=100", "users")?;
    for id in users.iter().flat_map(|it| ids(&it["data"], "id")) {
        desk.get(&format!("/users/{}?expand=contact", safe(&id)), &format!("user-{id}.json"))?;
    }
    let teams = pages(desk, "/teams?limit=100", "teams")?;
    for id in teams.iter().flat_map(|it| ids(&it["data"], "id")) {
        desk.get(&format!("/teams/{}", safe(&id)), &format!("team-{id}.json"))?;
    }
    let schedules = pages(desk, "/schedules?expand=rotation", "schedules")?;
    for id in schedules.iter().flat_map(|it| ids(&it["data"], "id")) {
        let of = format!("/schedules/{}", safe(&id));
        pages(desk, &format!("{of}/overrides?"), &format!("overrides-{id}"))?;
        let timeline = format!("{of}/timeline?interval=2&intervalUnit=months");
        desk.get(&timeline, &format!("timeline-{id}.json"))?;
    }
    pages(desk, "/escalations?", "escalations")?;
    Ok(())
}

/// Every part of a list of Opsgenie: `paging.next` names the next one.
fn pages(desk: &mut Desk, path: &str, file: &str) -> Result<Vec<Value>, Problem> {
    let mut found: Vec<Value> = vec![];
    let mut offset = 0;
    while found.len() < PARTS_MAX {
        let at = if offset == 0 { String::new() } else { format!("&offset={offset}") };
        let name =
            if offset == 0 { format!("{file}.json") } else { format!("{file}-{offset}.json") };
        let answer = desk.get(&format!("{path}{at}"), &name)?;
        let next = answer["paging"]["next"].as_str().map(|url| {
            let offset = url.split(['?', '&']).find_map(|it| it.strip_prefix("offset="));
            offset.and_then(|it| it.parse::<usize>().ok())
        });
        found.push(answer);
        match next {
            None => return Ok(found),
            // The place moves on, or this would go on for ever.
            Some(Some(next)) if next > offset => offset = next,
            Some(_) => {
                let detail = "the address of the next part names no place after this one";
                return Err(Problem::unreachable(format!(
                    "`{path}` of {} could not be read",
                    desk.title
                ))
                .detail(detail));
            }
        }
    }
    Err(desk.endless(path))
}

fn grafana(desk: &mut Desk) -> Result<(), Problem> {
    let mut schedules: Vec<String> = vec![];
    for kind in [
        "users",
        "teams",
        "on_call_shifts",
        "schedules",
        "escalation_chains",
        "escalation_policies",
    ] {
        let parts = numbered(desk, &format!("/api/v1/{kind}/?"), kind)?;
        if kind == "schedules" {
            schedules = parts.iter().flat_map(|it| ids(&it["results"], "id")).collect();
        }
    }
    let (since, until) = desk.window();
    let (since, until) = (since[..10].to_owned(), until[..10].to_owned());
    for id in schedules {
        let days = format!("start_date={since}&end_date={until}");
        let path = format!("/api/v1/schedules/{}/final_shifts/?{days}&", safe(&id));
        numbered(desk, &path, &format!("final-{id}"))?;
    }
    Ok(())
}

/// Every part of a list of Grafana's pager, by number, until `next` is nothing.
fn numbered(desk: &mut Desk, path: &str, file: &str) -> Result<Vec<Value>, Problem> {
    let mut found = vec![];
    for page in 1..=PARTS_MAX {
        let answer = desk.get(&format!("{path}page={page}"), &format!("{file}-{page}.json"))?;
        let more = answer["next"].is_string();
        found.push(answer);
        if !more {
            return Ok(found);
        }
    }
    Err(desk.endless(path))
}

fn splunk(desk: &mut Desk) -> Result<(), Problem> {
    let users = desk.get("/v1/user", "users.json")?;
    // The list of users stands in a list of its own.
    let lists = users["users"].as_array().cloned().unwrap_or_default();
    let inner = lists.iter().any(Value::is_array);
    let names: Vec<String> = if inner {
        lists.iter().flat_map(|it| ids(it, "username")).collect()
    } else {
        ids(&users["users"], "username").collect()
    };
    for name in names {
        let path = format!("/v1/user/{}/contact-methods", safe(&name));
        desk.get(&path, &format!("contacts-{name}.json"))?;
    }
    let teams = desk.get("/v1/team", "teams.json")?;
    for slug in ids(&teams, "slug") {
        let of = safe(&slug);
        desk.get(&format!("/v1/team/{of}/members"), &format!("members-{slug}.json"))?;
        desk.get(&format!("/v1/teams/{of}/rotations"), &format!("rotations-{slug}.json"))?;
    }
    let policies = desk.get("/v1/policies", "policies.json")?;
    let each = policies["policies"].as_array().cloned().unwrap_or_default();
    for slug in each.iter().filter_map(|it| it["policy"]["slug"].as_str()) {
        desk.get(&format!("/v1/policies/{}", safe(slug)), &format!("policy-{slug}.json"))?;
    }
    desk.get("/v1/overrides", "overrides.json")?;
    Ok(())
}

fn goalert(desk: &mut Desk) -> Result<(), Problem> {
    let (since, until) = desk.window();
    let shifts = format!("shifts(start: \"{since}\", end: \"{until}\") {{ userID start end }}");
    let kinds: [(&str, String); 6] = [
        ("users", "id name email contactMethods { id name type value }".into()),
        (
            "rotations",
            "id name timeZone type start shiftLength activeUserIndex userIDs nextHandoffTimes(num: 1)"
                .into(),
        ),
        (
            "schedules",
            format!(
                "id name timeZone targets {{ target {{ id type name }} rules {{ id start end weekdayFilter }} }} \
                 temporarySchedules {{ start end shifts {{ userID start end }} }} {shifts}"
            ),
        ),
        ("userOverrides", "id start end addUserID removeUserID target { id type }".into()),
        (
            "escalationPolicies",
            "id name repeat steps { id delayMinutes targets { id type name } }".into(),
        ),
        ("services", "id name escalationPolicy { id name }".into()),
    ];
    for (kind, fields) in kinds {
        let mut after = String::new();
        for part in 0.. {
            if part == PARTS_MAX {
                return Err(desk.endless(kind));
            }
            let query = format!(
                "{{ {kind}(input: {{first: 100{after}}}) {{ nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }}"
            );
            let file = format!("{kind}-{part}.json");
            let answer = desk.ask("/api/graphql", &file, Some(&json!({ "query": query })))?;
            if let Some(errors) = answer.get("errors") {
                let what = format!("`{kind}` of {} could not be read", desk.title);
                return Err(Problem::unreachable(what).detail(errors.to_string()));
            }
            let info = &answer["data"][kind]["pageInfo"];
            match (info["hasNextPage"] == Value::Bool(true), info["endCursor"].as_str()) {
                (false, _) => break,
                (true, Some(cursor)) => after = format!(", after: {}", json!(cursor)),
                (true, None) => return Err(desk.endless(kind)),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
