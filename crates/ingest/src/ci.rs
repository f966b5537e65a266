//! Results of checks run in CI, as GitHub, GitLab and Buildkite send them.
//!
//! Intuition: a check that runs every night against the live product is a measurement: it worked, or it
//! did not. Whatever is neither (cancelled, skipped, still running) says nothing about the product.
//!
//! Invariants:
//! - a run that is delivered twice has the same key both times; a run that is repeated has another;
//! - nothing here checks who sent it: that is done before, over the bytes.
//!
//! Fields as in the documentation of GitHub's `workflow_run` and `check_run` events, GitLab's pipeline and
//! job events, and Buildkite's `build.finished` event.

use model::Timestamp;
use serde_json::Value;

/// Who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// github.com or GitHub Enterprise.
    Github,
    /// gitlab.com or one's own.
    Gitlab,
    /// Buildkite.
    Buildkite,
}

/// What became of one run of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The same for the same run, however often it is delivered.
    pub key: String,
    /// What CI calls the check.
    pub name: String,
    /// Whether it passed.
    pub passed: bool,
    /// When it ended; `None` when that is not said.
    pub at: Option<Timestamp>,
}

impl Provider {
    /// By the word in the path.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "github" => Some(Self::Github),
            "gitlab" => Some(Self::Gitlab),
            "buildkite" => Some(Self::Buildkite),
            _ => None,
        }
    }

    /// Reads a body; `Ok(None)` is about nothing that ended well or badly.
    pub fn parse(self, body: &[u8]) -> Result<Option<Checked>, String> {
        let body: Value = serde_json::from_slice(body).map_err(|it| format!("not JSON: {it}"))?;
        Ok(match self {
            Self::Github => github(&body),
            Self::Gitlab => gitlab(&body),
            Self::Buildkite => buildkite(&body),
        })
    }
}

fn github(body: &Value) -> Option<Checked> {
    if body["action"] != "completed" {
        return None;
    }
    let (kind, run) = ["workflow_run", "check_run"]
        .into_iter()
        .find_map(|it| Some((it, body.get(it).filter(|it| it.is_object())?)))?;
    let passed = match run["conclusion"].as_str()? {
        "success" => true,
        "failure" | "timed_out" | "startup_failure" => false,
        _ => return None,
    };
    let attempt = run["run_attempt"].as_u64().unwrap_or(1);
    let at = time(&run["completed_at"]).or_else(|| time(&run["updated_at"]));
    let key = format!("github/{kind}/{}/{attempt}", run["id"].as_u64()?);
    Some(Checked { key, name: name(&run["name"]), passed, at })
}

fn gitlab(body: &Value) -> Option<Checked> {
    let (key, name, status, at) = match body["object_kind"].as_str()? {
        "pipeline" => {
            let it = &body["object_attributes"];
            let name_of =
                if it["name"].is_string() { &it["name"] } else { &body["project"]["name"] };
            let key = format!("pipeline/{}", it["id"].as_u64()?);
            (key, name(name_of), it["status"].as_str()?, spaced(&it["finished_at"]))
        }
        "build" => {
            let key = format!("job/{}", body["build_id"].as_u64()?);
            let at = spaced(&body["build_finished_at"]);
            (key, name(&body["build_name"]), body["build_status"].as_str()?, at)
        }
        _ => return None,
    };
    let passed = match status {
        "success" => true,
        "failed" => false,
        _ => return None,
    };
    // A pipeline whose jobs are retried ends again under the same number, at another time.
    let ended = at.map_or(String::new(), |it| format!("/{}", it.0));
    Some(Checked { key: format!("gitlab/{key}{ended}"), name, passed, at })
}

fn buildkite(body: &Value) -> Option<Checked> {
    if body["event"] != "build.finished" {
        return None;
    }
    let build = &body["build"];
    let passed = match build["state"].as_str()? {
        "passed" => true,
        "failed" => false,
        _ => return None,
    };
    let at = time(&build["finished_at"]).or_else(|| spaced(&build["finished_at"]));
    // A build whose jobs are retried finishes again, at another time.
    let ended = at.map_or(String::new(), |it| format!("/{}", it.0));
    let key = format!("buildkite/{}{ended}", build["id"].as_str()?);
    Some(Checked { key, name: name(&body["pipeline"]["slug"]), passed, at })
}

fn name(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn time(value: &Value) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(value.as_str()?)
}

/// `2026-11-21 03:00:00 UTC`, as GitLab writes it.
fn spaced(value: &Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    let plain = text.strip_suffix(" UTC").map(|it| format!("{}Z", it.replacen(' ', "T", 1)));
    Timestamp::parse_rfc3339(plain.as_deref().unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(provider: &str, body: &str, expected: &str) {
        let shown = match Provider::named(provider).unwrap().parse(body.as_bytes()) {
            Ok(None) => "nothing".to_owned(),
            Ok(Some(it)) => {
                let at = it.at.map_or("?".to_owned(), |it| it.to_string());
                format!(
                    "{} {} {} {at}",
                    it.key,
                    it.name,
                    if it.passed { "passed" } else { "failed" }
                )
            }
            Err(told) => told.split(':').next().unwrap_or_default().to_owned(),
        };
        assert_eq!(shown, expected, "{body}");
    }

    #[test]
    fn github_says_what_became_of_a_run() {
        let run = |action: &str, conclusion: &str| {
            format!(
                r#"{{"action":"{action}","workflow_run":{{"id":30433642,"name":"Reports","run_attempt":2,
                "conclusion":{conclusion},"updated_at":"2026-11-21T03:00:05Z"}}}}"#
            )
        };
        let key = "github/workflow_run/30433642/2 Reports";
        let at = "2026-11-21T03:00:05Z";
        check("github", &run("completed", r#""success""#), &format!("{key} passed {at}"));
        check("github", &run("completed", r#""timed_out""#), &format!("{key} failed {at}"));
        check("github", &run("completed", r#""cancelled""#), "nothing");
        check("github", &run("requested", "null"), "nothing");
        check(
            "github",
            r#"{"action":"completed","check_run":{"id":4,"name":"smoke","conclusion":"failure",
                "completed_at":"2026-11-21T03:00:05Z"}}"#,
            &format!("github/check_run/4/1 smoke failed {at}"),
        );
        check("github", r#"{"zen":"Keep it logically awesome."}"#, "nothing");
        check("github", "[", "not JSON");
    }

    #[test]
    fn gitlab_says_what_became_of_a_pipeline_or_job() {
        let at = "2026-11-21T03:00:05Z";
        check(
            "gitlab",
            r#"{"object_kind":"pipeline","object_attributes":{"id":31,"status":"success",
                "finished_at":"2026-11-21 03:00:05 UTC"},"project":{"name":"reports"}}"#,
            &format!("gitlab/pipeline/31/1795230005000 reports passed {at}"),
        );
        check(
            "gitlab",
            r#"{"object_kind":"build","build_id":7,"build_name":"smoke","build_status":"failed",
                "build_finished_at":"2026-11-21 03:00:05 UTC"}"#,
            &format!("gitlab/job/7/1795230005000 smoke failed {at}"),
        );
        check(
            "gitlab",
            r#"{"object_kind":"build","build_id":7,"build_status":"running"}"#,
            "nothing",
        );
        check("gitlab", r#"{"object_kind":"push"}"#, "nothing");
    }

    #[test]
    fn buildkite_says_what_became_of_a_build() {
        let build = |event: &str, state: &str| {
            format!(
                r#"{{"event":"{event}","build":{{"id":"f62a","state":"{state}",
                "finished_at":"2026-11-21T03:00:05.000Z"}},"pipeline":{{"slug":"reports"}}}}"#
            )
        };
        let known = "buildkite/f62a/1795230005000 reports";
        let at = "2026-11-21T03:00:05Z";
        check("buildkite", &build("build.finished", "passed"), &format!("{known} passed {at}"));
        check("buildkite", &build("build.finished", "failed"), &format!("{known} failed {at}"));
        check("buildkite", &build("build.finished", "canceled"), "nothing");
        check("buildkite", &build("build.running", "running"), "nothing");
        check("buildkite", &build("ping", ""), "nothing");
    }
}
