//! `doctor`: looks at everything a person would otherwise have to remember.
//!
//! Nothing is changed and nobody is called: sources are read once, channels are only connected to.

use crate::cli::Doctor;
use crate::offline::place;
use crate::{Answer, YES, no, say, say_json};
use driver::{Clock as _, SystemClock};
use model::{Catalogue, Channel, Source, SourceId};
use serde_json::json;
use server::Problem;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a connection to a channel may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Less free space than this is called wrong. Years of events and samples of a large organisation
/// take less.
const FREE_MIB_MIN: u64 = 512;

/// What was looked at, and what came out.
struct Finding {
    what: String,
    /// `Err` holds what is wrong and what to do.
    result: Result<String, (String, String)>,
}

pub(crate) fn doctor(it: &Doctor) -> Answer {
    egress::init_tls();
    let mut findings = vec![zones()];
    let paths = server::paths(&it.config);
    let catalogue = configuration(paths, &mut findings);
    let place = place(&it.place);
    findings.push(storage(&place, catalogue.as_ref()));
    if let server::Place::Folder(folder) = &place {
        findings.push(free_space(folder));
    }
    if let Some(catalogue) = &catalogue {
        findings.push(watched(catalogue));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|it| Problem::unreachable("could not start").detail(it))?;
        for (id, source) in &catalogue.sources {
            findings.push(runtime.block_on(source_read(catalogue, id, source)));
        }
        let url = catalogue.public_url.as_deref();
        // Where synthetic pages come out only the running server knows.
        let channels = catalogue.channels.iter().filter(|(id, _)| id.as_str() != model::SYNTHETIC);
        for (id, channel) in channels {
            findings.push(runtime.block_on(channel_reached(id.as_str(), channel, url)));
        }
    }
    let well = findings.iter().all(|it| it.result.is_ok());
    if it.form.json {
        say_json(&as_json(&findings, well));
    } else {
        say(&told(&findings));
    }
    Ok(if well { YES } else { no() })
}

/// How the product itself is watched. What its last synthetic page did only the running server knows.
fn watched(catalogue: &Catalogue) -> Finding {
    let watched = &catalogue.watched;
    let synthetic = match &watched.synthetic {
        Some(it) => format!(
            "a synthetic page every {} (`lamplighter heartbeat list` shows the last)",
            it.every
        ),
        None => "no synthetic page (`watch: synthetic:`)".to_owned(),
    };
    let ping = match &watched.ping {
        Some(it) => format!("a sign of life to others every {}", it.every),
        None => "nobody else would notice its end (`watch: ping:`)".to_owned(),
    };
    Finding { what: "watching itself".to_owned(), result: Ok(format!("{synthetic}; {ping}")) }
}

fn told(findings: &[Finding]) -> String {
    let mut text = String::new();
    for it in findings {
        let _ = match &it.result {
            Ok(said) => writeln!(text, "well   {}: {said}", it.what),
            Err((wrong, todo)) => {
                writeln!(text, "WRONG  {}: {wrong}\n       to do: {todo}", it.what)
            }
        };
    }
    text
}

fn as_json(findings: &[Finding], well: bool) -> serde_json::Value {
    let findings: Vec<_> = findings
        .iter()
        .map(|it| match &it.result {
            Ok(said) => json!({ "what": it.what, "well": true, "said": said }),
            Err((wrong, todo)) => {
                json!({ "what": it.what, "well": false, "said": wrong, "to_do": todo })
            }
        })
        .collect();
    json!({ "well": well, "findings": findings })
}

fn zones() -> Finding {
    let ours = ::oncall::Zones::bundled().version();
    let system = std::fs::read_to_string("/usr/share/zoneinfo/tzdata.zi")
        .ok()
        .and_then(|it| Some(it.lines().next()?.strip_prefix("# version ")?.trim().to_owned()));
    let result = match system {
        Some(system) if system > ours => Err((
            format!("this release knows the rules {ours}, the machine the newer {system}"),
            "update lamplighter if one of your zones has changed its rules since".to_owned(),
        )),
        Some(system) => Ok(format!("rules {ours} (the machine has {system})")),
        None => Ok(format!("rules {ours}")),
    };
    Finding { what: "time zones".to_owned(), result }
}

fn configuration(
    paths: Result<Vec<PathBuf>, Problem>,
    findings: &mut Vec<Finding>,
) -> Option<Catalogue> {
    let loaded = paths.and_then(|it| server::load(&it));
    let (result, catalogue) = match loaded {
        Ok(it) => {
            let said = format!("{}; every secret was found", catalog::contents(&it));
            (Ok(said), Some(it))
        }
        Err(problem) => {
            let hint = problem.hint.clone().unwrap_or_default();
            let detail = problem.detail.as_deref().map_or(String::new(), |it| format!("\n{it}"));
            (Err((format!("{}{detail}", problem.primary), hint)), None)
        }
    };
    findings.push(Finding { what: "configuration".to_owned(), result });
    catalogue
}

fn storage(place: &server::Place, catalogue: Option<&Catalogue>) -> Finding {
    let what = place.shown();
    let result = match (place, catalogue) {
        (server::Place::Folder(folder), _) if !place.exists() => can_be_made(folder),
        (_, None) => Ok("not looked at, because the configuration has errors".to_owned()),
        (_, Some(catalogue)) => match place.open(&catalogue.org) {
            Ok(mut opened) => match opened.journal.head() {
                Ok(head) => Ok(format!("{} records", head.seq)),
                Err(error) => Err((error.to_string(), "restore a copy".to_owned())),
            },
            Err(problem) => {
                let wrong = problem.detail.unwrap_or(problem.primary);
                let todo = problem.hint.unwrap_or_else(|| "see above".to_owned());
                if wrong.contains("in use") {
                    Ok(format!("a server is using it ({wrong})"))
                } else {
                    Err((wrong, todo))
                }
            }
        },
    };
    Finding { what, result }
}

/// Room for the journal to grow.
fn free_space(folder: &Path) -> Finding {
    let result = match rustix::fs::statvfs(nearest(folder)) {
        Ok(it) => {
            let free = it.f_bavail * it.f_frsize / (1024 * 1024);
            if free < FREE_MIB_MIN {
                let todo = "make room, or name a folder on another disk with --data";
                Err((format!("only {free} MiB are free"), todo.to_owned()))
            } else {
                Ok(format!("{free} MiB are free"))
            }
        }
        Err(error) => Err((format!("cannot be asked: {error}"), "look at the disk".to_owned())),
    };
    Finding { what: "disk".to_owned(), result }
}

/// The folder, or the nearest one above it that exists.
fn nearest(folder: &Path) -> &Path {
    folder
        .ancestors()
        .map(|it| if it.as_os_str().is_empty() { Path::new(".") } else { it })
        .find(|it| it.is_dir())
        .unwrap_or(Path::new("."))
}

/// Whether the data folder can be made: its nearest existing parent can be written to.
fn can_be_made(folder: &Path) -> Result<String, (String, String)> {
    let parent = nearest(folder);
    let probe = parent.join(format!(".lamplighter-doctor-{}", std::process::id()));
    match std::fs::write(&probe, b"") {
        Ok(()) => {
            let _ = std::fs::remove_file(&probe);
            Ok("not there yet; the first start makes it".to_owned())
        }
        Err(error) => Err((
            format!("{} cannot be written to: {error}", parent.display()),
            "name another folder with --data".to_owned(),
        )),
    }
}

async fn source_read(catalogue: &Catalogue, id: &SourceId, source: &Source) -> Finding {
    let what = format!("source {id}");
    let token = match &source.kind {
        model::SourceKind::Prometheus { token: Some(token), .. } => {
            server::resolve_secret(token).ok()
        }
        _ => None,
    };
    let selectors: BTreeSet<String> = catalogue
        .slos()
        .filter(|(_, it)| it.source == *id && !it.sli.has_no_source())
        .flat_map(|(_, it)| <[String; 2]>::from(slo::query::selectors_of(it, source.interval)))
        .collect();
    let client = Arc::new(egress::Client::new(egress::Policy::Operator));
    let mut reader = sources::Reader::new(id.clone(), source, token, client);
    let read = reader.read(&selectors, SystemClock.now()).await;
    let result = match (read, reader.problems().first()) {
        (Err(error), _) => Err((error.to_string(), "see the end of the line above".to_owned())),
        (Ok(_), Some(problem)) => {
            Err((problem.to_string(), "mend this part; the others can be read".to_owned()))
        }
        (Ok(readings), None) => {
            let empty: Vec<String> = catalogue
                .slos()
                .filter(|(_, it)| it.source == *id && !it.sli.has_no_source())
                .filter(|(_, it)| {
                    let total = slo::query::selectors_of(it, source.interval).1;
                    readings.get(&total).is_none_or(Vec::is_empty)
                })
                .map(|(_, it)| it.total.clone())
                .collect();
            if empty.is_empty() {
                Ok(format!("{} selectors, all with data", readings.len()))
            } else {
                Err((
                    format!("no series match {}", empty.join(", ")),
                    "check name and labels; without them the promise is unmeasured".to_owned(),
                ))
            }
        }
    };
    Finding { what, result }
}

async fn channel_reached(id: &str, channel: &Channel, public_url: Option<&str>) -> Finding {
    let what = format!("channel {id}");
    if let Err(wrong) = channels::Sender::new(channel, &channels::secrets::resolve) {
        let todo = "mend it: as it is nothing can be sent through this channel".to_owned();
        return Finding { what, result: Err((wrong, todo)) };
    }
    let target = match channel {
        Channel::Smtp { host, port, .. } => Some((host.clone(), *port)),
        Channel::Twilio { url, .. }
        | Channel::TwilioVoice { url, .. }
        | Channel::Kannel { url, .. }
        | Channel::HttpSms { url, .. }
        | Channel::Ntfy { url, .. }
        | Channel::Slack { url, .. }
        | Channel::Telegram { url, .. }
        | Channel::Matrix { url, .. }
        | Channel::Pushover { url, .. }
        | Channel::Webhook { url, .. } => host_and_port(url),
        Channel::SlackWebhook { webhook }
        | Channel::Mattermost { webhook, .. }
        | Channel::Teams { webhook }
        | Channel::Discord { webhook } => match server::resolve_secret(webhook) {
            Ok(url) => host_and_port(&url),
            Err(missing) => {
                let todo = "put the webhook's address where the configuration says".to_owned();
                return Finding { what, result: Err((missing, todo)) };
            }
        },
        Channel::Inbox => return Finding { what, result: Ok("a view".to_owned()) },
    };
    let Some((host, port)) = target else {
        let wrong = ("its address cannot be read".to_owned(), "mend it".to_owned());
        return Finding { what, result: Err(wrong) };
    };
    let connecting = tokio::net::TcpStream::connect((host.as_str(), port));
    let todo = "check the address, and that nothing between here and there keeps us out";
    let result = match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok(_)) => {
            Ok(format!("{host}:{port} answers; nothing was sent{}", deaf(channel, public_url)))
        }
        Ok(Err(error)) => Err((format!("{host}:{port} does not answer: {error}"), todo.to_owned())),
        Err(_) => Err((format!("{host}:{port} does not answer in time"), todo.to_owned())),
    };
    Finding { what, result }
}

/// What a channel cannot do while its provider does not know where to reach us.
fn deaf(channel: &Channel, public_url: Option<&str>) -> &'static str {
    match channel {
        _ if public_url.is_some() => "",
        Channel::TwilioVoice { .. } => "; without `public-url` a call takes no keys",
        Channel::Mattermost { .. } => "; without `public-url` messages have no buttons",
        Channel::Kannel { .. } => "; without `public-url` nobody reports whether it arrived",
        _ => "",
    }
}

/// Host and port of an HTTP address.
fn host_and_port(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let default = if scheme == "https" { 443 } else { 80 };
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, it)| it);
    if let Some(end) = authority.find(']') {
        let port = authority[end + 1..].strip_prefix(':').and_then(|it| it.parse().ok());
        return Some((authority[1..end].to_owned(), port.unwrap_or(default)));
    }
    match authority.split_once(':') {
        Some((host, port)) => Some((host.to_owned(), port.parse().ok()?)),
        None => Some((authority.to_owned(), default)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let check = |url, host: &str, port| {
            assert_eq!(host_and_port(url), Some((host.to_owned(), port)), "{url}");
        };
        check("https://ntfy.example/x", "ntfy.example", 443);
        check("http://127.0.0.1:2587/send?to={to}", "127.0.0.1", 2587);
        check("http://[::1]:8080/", "::1", 8080);
        check("http://gate.example?x", "gate.example", 80);
        assert_eq!(host_and_port("nothing"), None);
    }
}
