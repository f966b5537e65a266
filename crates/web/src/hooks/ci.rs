//! Results of checks in CI: `POST /hooks/ci/{github|gitlab|buildkite}/{service.slo}`.
//!
//! Intuition: the objective itself names the secret with which its checks are signed (`pushed: { secret }`),
//! so that whoever may report one check may not report another.
//!
//! What is checked: GitHub's `X-Hub-Signature-256` (HMAC-SHA-256 of the body), GitLab's `X-Gitlab-Token`
//! (the secret itself), and Buildkite's `X-Buildkite-Signature` (HMAC-SHA-256 of `timestamp.body`, not
//! older than five minutes) or `X-Buildkite-Token`.

use super::is_one_of;
use crate::Context;
use crate::doors::sli;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use driver::SubmitError;
use engine::{Actor, Push};
use ingest::ci::Provider;
use model::{Millis, Sli, SloId, Timestamp};
use ring::hmac;
use serde_json::json;

/// How old a signature of Buildkite's may be.
const SIGNATURE_LASTS: Millis = Millis::from_mins(5);

pub(crate) async fn checked(
    State(context): State<Context>,
    Path((provider, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let closed = || super::closed();
    let (Some(provider), Ok(slo)) = (Provider::named(&provider), SloId::parse(&id)) else {
        return closed();
    };
    let found = {
        let state = context.handle.state();
        match state.catalogue().and_then(|it| it.slo(&slo)).map(|it| it.sli.clone()) {
            Some(Sli::Pushed { check, secret: Some(secret), .. }) => Some((check, secret)),
            _ => None,
        }
    };
    let Some((check, secret)) = found else { return closed() };
    let secrets = context.hooks.good(Some(&secret), None);
    let now = context.handle.now();
    if !is_signed(provider, &headers, &body, &secrets, now) {
        tracing::warn!(objective = %slo, "a result from CI came without the right signature");
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let result = match provider.parse(&body) {
        Ok(Some(it)) if check.as_ref().is_none_or(|check| *check == it.name) => it,
        Ok(_) => return Json(json!({ "taken": 0, "repeated": 0 })).into_response(),
        Err(told) => return (StatusCode::BAD_REQUEST, told).into_response(),
    };
    let at = result.at.unwrap_or(now).min(now);
    let bad = u64::from(!result.passed);
    let push = Push { key: result.key, minute: at.minute(), bad, total: 1, people: None };
    match sli::hand_over(&context, Actor::System, slo, vec![push]).await {
        Ok(taken) => Json(json!({ "taken": taken, "repeated": 1 - taken })).into_response(),
        Err(SubmitError::Rejected(refused)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, refused.to_string()).into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

fn is_signed(
    provider: Provider,
    headers: &HeaderMap,
    body: &[u8],
    secrets: &[String],
    now: Timestamp,
) -> bool {
    let header = |name: &str| headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    match provider {
        Provider::Github => {
            let given = header("x-hub-signature-256");
            given.strip_prefix("sha256=").is_some_and(|it| is_tag_of(it, body, secrets))
        }
        Provider::Gitlab => is_one_of(secrets, header("x-gitlab-token")),
        Provider::Buildkite => {
            let signature = header("x-buildkite-signature");
            if signature.is_empty() {
                return is_one_of(secrets, header("x-buildkite-token"));
            }
            let part = |name: &str| {
                signature.split(',').find_map(|it| it.trim().strip_prefix(name)).unwrap_or_default()
            };
            let stamp = part("timestamp=");
            let Ok(secs) = stamp.parse::<i64>() else { return false };
            let age = now.since(Timestamp(secs.saturating_mul(1_000)));
            let fresh = age <= SIGNATURE_LASTS && age >= Millis(-SIGNATURE_LASTS.0);
            let signed = [stamp.as_bytes(), b".", body].concat();
            fresh && is_tag_of(part("signature="), &signed, secrets)
        }
    }
}

fn is_tag_of(tag: &str, signed: &[u8], secrets: &[String]) -> bool {
    let byte = |at: usize| u8::from_str_radix(tag.get(at..at + 2)?, 16).ok();
    let Some(tag) = (0..tag.len()).step_by(2).map(byte).collect::<Option<Vec<u8>>>() else {
        return false;
    };
    secrets.iter().fold(false, |found, secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        found | hmac::verify(&key, signed, &tag).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mode;
    use crate::tests::{House, text};
    use model::SecretRef;

    const SLO: &str = "payments-api.availability";

    async fn house() -> House {
        let mut catalogue = crate::tests::catalogue();
        let service = catalogue.services.get_mut(&"payments-api".into()).expect("of the example");
        let slo = service.slos.get_mut("availability").expect("of the example");
        let secret = Some(SecretRef::Plain("ci secret".into()));
        let check = Some("Reports".to_owned());
        slo.sli = Sli::Pushed { every: Millis::from_hours(1), check, secret };
        House::of(Mode::Serve, catalogue).await
    }

    fn tag(signed: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"ci secret");
        hmac::sign(&key, signed.as_bytes())
            .as_ref()
            .iter()
            .fold(String::new(), |text, it| format!("{text}{it:02x}"))
    }

    /// Posts `body` with `headers` and compares status, answer, and what stands in the book.
    async fn check(
        house: &House,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &str,
        expected: &str,
    ) {
        let mut request = house.request("POST", &format!("/hooks/ci/{path}"), None, body);
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a value"));
        }
        let answer = house.send(request).await;
        let (status, told) = (answer.status().as_u16(), text(answer).await);
        let state = house.handle.state();
        let sum = |it: &engine::PushedCounts| {
            it.minutes.values().fold((0, 0), |sum, it| (sum.0 + it.bad, sum.1 + it.total))
        };
        let (bad, total) = state.pushed.get(&SloId::from(SLO)).map_or((0, 0), sum);
        assert_eq!(format!("{status} {told} {bad}/{total}"), expected, "{path} {headers:?}");
    }

    fn run(id: u32, name: &str, conclusion: &str) -> String {
        format!(
            r#"{{"action":"completed","workflow_run":{{"id":{id},"name":"{name}","conclusion":"{conclusion}"}}}}"#
        )
    }

    #[tokio::test]
    async fn a_result_counts_once_and_only_with_its_signature() {
        let house = house().await;
        let (github, header) = (format!("github/{SLO}"), "x-hub-signature-256");
        let failed = run(1, "Reports", "failure");
        let signature = format!("sha256={}", tag(&failed));
        check(&house, &github, &[], &failed, "401  0/0").await;
        check(&house, &github, &[(header, "sha256=00")], &failed, "401  0/0").await;
        let other = run(1, "Reports", "success");
        check(&house, &github, &[(header, &signature)], &other, "401  0/0").await;
        let taken = r#"200 {"repeated":0,"taken":1}"#;
        check(&house, &github, &[(header, &signature)], &failed, &format!("{taken} 1/1")).await;
        let again = r#"200 {"repeated":1,"taken":0} 1/1"#;
        check(&house, &github, &[(header, &signature)], &failed, again).await;
        let ignored = r#"200 {"repeated":0,"taken":0} 1/1"#;
        let strange = run(2, "Lint", "failure");
        let signature = format!("sha256={}", tag(&strange));
        check(&house, &github, &[(header, &signature)], &strange, ignored).await;
        let nowhere = "github/payments-api.nothing";
        let signature = format!("sha256={}", tag(&failed));
        let mut request = house.request("POST", &format!("/hooks/ci/{nowhere}"), None, &failed);
        request.headers_mut().insert(header, signature.parse().expect("a value"));
        assert_eq!(house.send(request).await.status(), StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn gitlab_and_buildkite_show_their_signs() {
        let house = house().await;
        let gitlab = format!("gitlab/{SLO}");
        let job = r#"{"object_kind":"build","build_id":7,"build_name":"Reports","build_status":"success"}"#;
        check(&house, &gitlab, &[("x-gitlab-token", "wrong")], job, "401  0/0").await;
        let taken = r#"200 {"repeated":0,"taken":1}"#;
        let right = [("x-gitlab-token", "ci secret")];
        check(&house, &gitlab, &right, job, &format!("{taken} 0/1")).await;

        let buildkite = format!("buildkite/{SLO}");
        let build = |id: &str| {
            format!(
                r#"{{"event":"build.finished","build":{{"id":"{id}","state":"failed"}},"pipeline":{{"slug":"Reports"}}}}"#
            )
        };
        let token = [("x-buildkite-token", "ci secret")];
        check(&house, &buildkite, &token, &build("a"), &format!("{taken} 1/2")).await;
        let signed = |secs: i64| {
            format!("timestamp={secs},signature={}", tag(&format!("{secs}.{}", build("b"))))
        };
        let now = house.handle.now().0 / 1_000;
        let late = signed(now - 301);
        let old = [("x-buildkite-signature", late.as_str())];
        check(&house, &buildkite, &old, &build("b"), "401  1/2").await;
        let fresh = signed(now - 200);
        let fresh = [("x-buildkite-signature", fresh.as_str())];
        check(&house, &buildkite, &fresh, &build("b"), &format!("{taken} 2/3")).await;
    }
}
