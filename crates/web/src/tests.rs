//! The whole router over a driver in memory, knocked at as browsers and programs do.

use crate::{Context, DemoControls, DemoService, InboxMessage, Mode, ack_link, hash_token, router};
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use driver::{Core, Handle, ManualClock, Options, spawn};
use engine::{Actor, Command, Role, Submission, TokenKind};
use http_body_util::BodyExt as _;
use model::{Catalogue, Millis, NoticeId, PersonId, Timestamp};
use std::sync::{Arc, RwLock};
use store::MemoryJournal;
use tower::ServiceExt as _;

/// Monday 23 November 2026, 10:00 UTC.
pub(crate) const NOW: Timestamp = Timestamp(1_795_428_000_000);
pub(crate) const LINK_KEY: [u8; 32] = [7; 32];

/// Who may, per route: anonymous, door, member, administrator. `-` is a refusal.
///
/// 303 sends a person to the log-in. Where something is not there, 404 shows that the key fitted.
const ROUTES: &str = "
    GET  /healthz                              200 200 200 200
    GET  /readyz                               200 200 200 200
    GET  /metrics                              401 200 200 200
    GET  /static/style.css                     200 200 200 200
    GET  /static/nothing                       404 404 404 404
    GET  /login                                200 200 200 200
    GET  /setup/wrong                          404 404 404 404
    POST /setup/wrong                          404 404 404 404
    GET  /a/no_1/wrong                         404 404 404 404
    POST /hooks/twilio/text/sms                404 404 404 404
    GET  /hooks/kannel/text                    404 404 404 404
    POST /hooks/sms/text                       404 404 404 404
    GET  /hooks/sms/text                       404 404 404 404
    POST /hooks/mail/text/raw                  404 404 404 404
    POST /hooks/slack/text                     404 404 404 404
    POST /hooks/ci/github/none.up              404 404 404 404
    POST /hooks/slack/text/command             404 404 404 404
    POST /hooks/telegram/text                  404 404 404 404
    POST /callbacks/none/twilio-sms/no_1/x     404 404 404 404
    POST /callbacks/none/twilio-call/no_1/x    404 404 404 404
    POST /callbacks/none/twilio-keys/no_1/x    404 404 404 404
    GET  /callbacks/none/kannel/no_1/x         404 404 404 404
    POST /callbacks/none/mattermost/no_1/x     404 404 404 404
    POST /a/no_1/wrong                         404 404 404 404
    GET  /                                     303 303 200 200
    GET  /features/light-on                    303 303 200 200
    GET  /?team=payments&label=a:b             303 303 200 200
    GET  /features/light-on/slices             303 303 200 200
    GET  /features/none/slices                 303 303 404 404
    GET  /features/light-on/slices?from=x      303 303 400 400
    GET  /api/v1/features/light-on/slices      401 401 200 200
    GET  /api/v1/features/light-on/slices.csv?by=minute  401 401 200 200
    GET  /adoption                             303 303 200 200
    GET  /api/v1/adoption                      401 401 200 200
    POST /features/light-on/revise             303 303 422 422
    POST /features/light-on/reviewed           303 303 422 422
    POST /api/v1/features/light-on/revise      401 401 415 415
    POST /api/v1/features/light-on/reviewed    401 401 415 415
    GET  /incidents                            303 303 200 200
    GET  /incidents/in_9                       303 303 404 404
    GET  /oncall                               303 303 200 200
    GET  /oncall/calendar                      303 303 200 200
    POST /overrides/ov_9/end                   303 303 404 404
    POST /swaps/sw_9/accept                    303 303 404 404
    POST /swaps/sw_9/forget                    303 303 404 404
    GET  /why/in_9                             303 303 404 404
    GET  /inbox                                303 303 404 404
    GET  /silences                             303 303 200 200
    GET  /shadow                               303 303 200 200
    POST /shadow/end                           303 403 403 409
    GET  /api/v1/shadow/report                 401 401 200 200
    POST /api/v1/shadow/end                    401 403 403 409
    POST /api/v1/shadow/calls                  401 400 400 400
    POST /api/v1/shadow/csv                    401 400 400 400
    POST /api/v1/shadow/pagerduty              401 400 400 400
    POST /api/v1/shadow/opsgenie               401 400 400 400
    POST /api/v1/shadow/goalert                401 400 400 400
    POST /api/v1/shadow/oncall                 401 400 400 400
    GET  /api/v1/load                          401 401 200 200
    GET  /api/v1/load/credits.csv              401 401 200 200
    POST /alerts/al_9/page                     303 303 404 404
    POST /api/v1/alerts/al_9/page              401 401 404 404
    POST /rotas/nothing/relief/end             303 303 404 404
    POST /api/v1/rotas/nothing/relief/end      401 401 404 404
    POST /silences/si_9/end                    303 303 404 404
    GET  /watch                                303 303 200 200
    GET  /whatif                               303 303 200 200
    GET  /whatif/9                             303 303 404 404
    GET  /whatif/9/report                      303 303 404 404
    POST /whatif                               303 303 303 429
    GET  /api/v1/whatif/9                      401 401 404 404
    POST /api/v1/whatif                        401 401 415 415
    POST /maintenance                          303 303 422 422
    POST /maintenance/patches/cancel           303 303 404 404
    GET  /api/v1/heartbeats                    401 401 200 200
    GET  /api/v1/changes                       401 401 200 200
    GET  /api/v1/maintenance                   401 401 200 200
    POST /api/v1/maintenance                   401 401 415 415
    POST /api/v1/maintenance/patches/cancel    401 401 404 404
    GET  /api/v1/heartbeats/none/ping          401 404 404 404
    POST /api/v1/heartbeats/none/ping          401 404 404 404
    POST /api/v1/changes                       401 422 422 422
    POST /api/v1/sli/none.up                   401 422 422 422
    POST /api/v1/features/light-on/waiver      401 401 415 415
    POST /api/v1/features/light-on/waiver/end  401 401 404 404
    POST /features/light-on/waiver             303 303 422 422
    POST /features/light-on/waiver/end         303 303 422 422
    GET  /exclusions                           303 303 200 200
    GET  /api/v1/exclusions                    401 401 200 200
    POST /exclusions                           303 303 422 422
    POST /exclusions/none/approve              303 303 404 404
    POST /api/v1/exclusions                    401 401 415 415
    POST /api/v1/exclusions/none/approve       401 401 404 404
    POST /v2/heartbeats/none/ping              401 404 404 404
    GET  /v2/heartbeats/none                   401 404 404 404
    POST /api/v2/heartbeat/wrong               404 404 404 404
    POST /integrations/v1/webhook/wrong/heartbeat/ 403 403 403 403
    GET  /v2/alerts/requests/none              401 404 404 404
    GET  /v2/alerts/none                       401 404 404 404
    GET  /api/v2/alerts                        401 401 200 200
    GET  /api/v2/alerts/groups                 401 401 200 200
    GET  /api/v2/receivers                     401 401 200 200
    GET  /api/v2/silences                      401 401 200 200
    GET  /api/v2/silence/si_9                  401 401 404 404
    POST /api/v2/silences                      401 401 400 400
    POST /api/v1/silences/si_9/end             401 401 404 404
    DELETE /api/v2/silence/si_9                401 401 404 404
    GET  /tokens                               303 403 403 200
    GET  /api/v1/status                        401 401 200 200
    GET  /api/v1/features/light-on             401 401 200 200
    GET  /api/v1/incidents                     401 401 200 200
    GET  /api/v1/incidents/in_9                401 401 404 404
    GET  /api/v1/oncall                        401 401 200 200
    GET  /api/v1/oncall/shifts                 401 401 400 400
    GET  /api/v1/overrides                     401 401 200 200
    GET  /api/v1/oncall/now                    401 401 200 200
    GET  /api/v1/oncall/now.txt                401 401 200 200
    GET  /api/v1/me/calendars                  401 401 200 200
    GET  /hours                                303 303 200 200
    GET  /api/v1/rosters                       401 401 200 200
    GET  /.well-known/jwks.json                200 200 200 200
    GET  /api/v1/duty/none/statement           401 401 404 404
    GET  /tribute                              303 303 200 200
    GET  /api/v1/tribute                       401 401 200 200
    GET  /api/v1/tribute.csv                   401 401 200 200
    POST /interruptions                        303 303 422 422
    POST /api/v1/interruptions                 401 401 415 415
    GET  /handovers                            303 303 200 200
    GET  /handovers/ho_9                       303 303 404 404
    GET  /api/v1/handovers                     401 401 200 200
    GET  /api/v1/handovers/ho_9                401 401 404 404
    POST /handovers/ho_9/publish               303 303 404 404
    POST /api/v1/handovers/ho_9/publish        401 401 404 404
    POST /todos                                303 303 422 422
    POST /todos/td_9/done                      303 303 404 404
    POST /api/v1/todos                         401 401 415 415
    POST /api/v1/todos/td_9/done               401 401 404 404
    POST /rosters/ro_9/publish                 303 303 404 404
    POST /api/v1/rosters/ro_9/publish          401 401 404 404
    POST /api/v1/rotas/none/rosters            401 401 415 415
    GET  /api/v1/hours                         401 401 200 200
    GET  /api/v1/hours.csv                     401 401 200 200
    GET  /calendar/lt_cal_no/me.ics            404 404 404 404
    POST /me/calendars                         303 303 200 200
    POST /me/calendars/tk_99/revoke            303 303 404 404
    POST /api/v1/me/calendars                  401 401 200 200
    POST /api/v1/overrides/ov_9/end            401 401 404 404
    POST /api/v1/swaps/sw_9/accept             401 401 404 404
    GET  /me                                   303 303 200 200
    GET  /api/v1/me                            401 401 200 200
    GET  /api/v1/reach                         401 401 200 200
    POST /me/verify/pigeon                     303 303 303 303
    POST /me/verify/push                       303 303 409 303
    POST /people/zoe/test                      303 303 303 404
    POST /api/v1/people/zoe/test               401 401 403 404
    POST /api/v1/me/contacts/pigeon/verify     401 401 415 415
    POST /api/v1/me/duty/confirm               401 401 415 415
    GET  /api/v1/why/in_9                      401 401 404 404
    GET  /api/v1/journal/head                  401 401 200 200
    GET  /api/v1/tokens                        401 403 403 200
    GET  /api/v2/status                        401 200 200 200
    POST /api/v2/alerts                        401 400 400 400
    POST /api/v1/alertmanager                  401 400 400 400
    POST /api/v1/grafana                       401 400 400 400
    POST /api/v2/grafana/incoming              401 400 400 400
    POST /api/v2/prometheusalertmanager/incoming 401 400 400 400
    POST /api/v2/generic/incoming              401 400 400 400
    POST /api/v1/json                          401 400 400 400
    POST /api/v1/uptime-kuma                   401 400 400 400
    POST /integrations/v1/webhook/wrong/       403 403 403 403
    POST /integrations/v1/webhook/session-key/ 403 403 403 403
    POST /integrations/v1/zabbix/door-key/     404 404 404 404
    POST /v2/enqueue                           400 400 400 400
    POST /v2/change/enqueue                    400 400 400 400
    POST /generic/2010-04-15/create_event.json 400 400 400 400
    POST /v2/alerts                            401 400 400 400
    POST /v2/alerts/a/close                    401 202 202 202
    POST /v2/alerts/a/forget                   401 404 404 404
    PUT  /v2/alerts/a/message                  401 202 202 202
    POST /integrations/generic/20131114/alert/wrong          403 403 403 403
    POST /integrations/generic/20131114/alert/door-key       400 400 400 400
    POST /integrations/generic/20131114/alert/wrong/payments 403 403 403 403
    POST /incidents/in_9/acknowledge           303 303 404 404
    POST /incidents/in_9/resolve               303 303 404 404
    POST /incidents/in_9/note                  303 303 422 422
    POST /incidents/in_9/escalate              303 303 404 404
    POST /incidents/in_9/take                  303 303 404 404
    POST /demo/break/carrier-a                 303 303 404 404
    POST /api/v1/incidents/in_9/acknowledge    401 401 404 404
    POST /api/v1/incidents/in_9/resolve        401 401 404 404
    POST /api/v1/pages/pg_9/acknowledge        401 401 404 404
    POST /incidents/in_9/renew                 303 303 404 404
    POST /incidents/in_9/merge                 303 303 404 404
    POST /api/v1/incidents/in_9/wake           401 401 404 404
    POST /api/v1/incidents/in_9/merge          401 401 404 404
    POST /api/v1/pages/pg_9/renew              401 401 404 404
    POST /api/v1/pages/pg_9/escalate           401 401 404 404
    POST /api/v1/incidents/in_9/take           401 401 404 404
    POST /api/v1/incidents/in_9/notes          401 401 415 415
    POST /-/reload                             401 403 403 200
    POST /tokens/tk_99/revoke                  303 403 403 404
    DELETE /api/v1/tokens/tk_99                401 403 403 404
";

#[tokio::test]
async fn every_route_wants_its_key() {
    let house = House::serve().await;
    for line in ROUTES.lines().map(str::trim).filter(|it| !it.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut shown = vec![];
        for key in [None, Some("door-key"), Some("member-key"), Some("admin-key")] {
            let request = house.request(words[0], words[1], key, "");
            shown.push(house.send(request).await.status().as_u16().to_string());
        }
        assert_eq!(shown, words[2..], "{} {}", words[0], words[1]);
    }
}

#[tokio::test]
async fn opening_a_link_takes_nothing_and_pressing_the_button_does_once() {
    let house = House::serve().await;
    house.raise("no lights in Kisumu").await;
    let link = ack_link(&LINK_KEY, "", NoticeId(1));
    for _ in 0..3 {
        let looked = text(house.send(house.request("GET", &link, None, "")).await).await;
        assert!(looked.contains("I take it") && looked.contains("no lights in Kisumu"));
    }
    assert!(house.open_incident_is_untaken());
    let taken = text(house.send(house.request("POST", &link, None, "")).await).await;
    assert!(taken.contains("It is yours"), "{taken}");
    assert!(!house.open_incident_is_untaken());
    let again = house.send(house.request("POST", &link, None, "")).await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    assert!(text(again).await.contains("already acknowledged by"));
    let looked = text(house.send(house.request("GET", &link, None, "")).await).await;
    assert!(looked.contains("took it at") && !looked.contains("I take it"));
    let other = link.replace("no_1", "no_2");
    let forged = house.send(house.request("POST", &other, None, "")).await;
    assert_eq!(forged.status(), StatusCode::NOT_FOUND, "a code fits one notice only");
}

#[tokio::test]
async fn silences_are_set_listed_replaced_and_ended_as_alertmanager_does() {
    let house = House::serve().await;
    let alert = r#"[{"labels":{"alertname":"TooSlow","mast":"7"}}]"#;
    let sent = house.send(house.request("POST", "/api/v2/alerts", Some("door-key"), alert)).await;
    assert_eq!(sent.status(), StatusCode::OK);
    let body = |id: &str, value: &str| {
        format!(
            r#"{{"id":"{id}","matchers":[{{"name":"mast","value":"{value}","isRegex":true}}],
            "startsAt":"2020-01-01T00:00:00Z","endsAt":"2026-11-23T20:00:00Z",
            "createdBy":"somebody else","comment":"the mast is being painted"}}"#
        )
    };
    let set = async |body: String| {
        let request = house.request("POST", "/api/v2/silences", Some("member-key"), &body);
        let answer = house.send(request).await;
        (answer.status().as_u16(), text(answer).await)
    };
    assert_eq!(set(body("", "7|8")).await, (200, r#"{"silenceID":"si_1"}"#.to_owned()));
    let get = async |path: &str| {
        let answer = house.send(house.request("GET", path, Some("member-key"), "")).await;
        serde_json::from_str::<serde_json::Value>(&text(answer).await).expect("JSON")
    };
    let alerts = get("/api/v2/alerts").await;
    assert_eq!(alerts[0]["status"]["state"], "suppressed");
    assert_eq!(alerts[0]["status"]["silencedBy"], serde_json::json!(["si_1"]));
    assert_eq!(get("/api/v2/alerts?silenced=false").await, serde_json::json!([]));
    assert_eq!(get("/api/v2/alerts?filter=mast%3D%227%22").await.as_array().unwrap().len(), 1);
    assert_eq!(get("/api/v2/alerts?filter=mast%3D%228%22").await, serde_json::json!([]));
    assert_eq!(set(body("si_1", "7")).await.1, r#"{"silenceID":"si_2"}"#);
    let listed = get("/api/v2/silences").await;
    let states: Vec<&str> =
        listed.as_array().unwrap().iter().filter_map(|it| it["status"]["state"].as_str()).collect();
    assert_eq!(states, ["active", "expired"]);
    assert_eq!(
        (&listed[0]["createdBy"], &listed[0]["comment"]),
        (&"juma".into(), &"the mast is being painted".into())
    );
    let (status, told) = set(body("", ".*")).await;
    assert!(status == 400 && told.contains("every alert"), "{status} {told}");
    let shown =
        text(house.send(house.request("GET", "/silences", Some("member-key"), "")).await).await;
    assert!(
        shown.contains("mast=~") && shown.contains("in force") && shown.contains("Hid 1 alert")
    );
    for expected in [StatusCode::OK, StatusCode::BAD_REQUEST] {
        let request = house.request("DELETE", "/api/v2/silence/si_2", Some("member-key"), "");
        assert_eq!(house.send(request).await.status(), expected);
    }
    assert_eq!(get("/api/v2/alerts").await[0]["status"]["state"], "active");
}

#[tokio::test]
async fn a_form_of_another_site_is_kept_out() {
    let house = House::serve().await;
    house.raise("help").await;
    let path = "/incidents/in_1/acknowledge";
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("origin", "null")]
    {
        let mut request = house.with_session("POST", path);
        request.headers_mut().insert(name, value.parse().unwrap());
        assert_eq!(house.send(request).await.status(), StatusCode::FORBIDDEN, "{name}: {value}");
    }
    assert!(house.open_incident_is_untaken());
    let mut request = house.with_session("POST", path);
    request.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
    assert_eq!(house.send(request).await.status(), StatusCode::SEE_OTHER);
    assert!(!house.open_incident_is_untaken());
}

#[tokio::test]
async fn a_session_is_no_bearer_token_and_a_token_is_no_cookie() {
    let house = House::serve().await;
    let request = house.request("GET", "/api/v1/status", Some("session-key"), "");
    assert_eq!(house.send(request).await.status(), StatusCode::UNAUTHORIZED);
    let mut request = house.request("GET", "/api/v1/status", None, "");
    request.headers_mut().insert(header::COOKIE, "lamplighter=admin-key".parse().unwrap());
    assert_eq!(house.send(request).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn hostile_text_from_alerts_is_shown_as_text() {
    let house = House::serve().await;
    let body = r#"[{"labels":{"alertname":"<script>alert(1)</script>","severity":"page"},
        "annotations":{"summary":"<img src=x onerror=alert(1)>"}}]"#;
    let sent = house.send(house.request("POST", "/api/v2/alerts", Some("door-key"), body)).await;
    assert_eq!(sent.status(), StatusCode::OK);
    for path in ["/", "/incidents", "/incidents/in_1", "/why/in_1"] {
        let shown =
            text(house.send(house.request("GET", path, Some("member-key"), "")).await).await;
        assert!(shown.contains("&lt;img src=x"), "{path}: {shown}");
        assert!(!shown.contains("<img") && !shown.contains("<script>"), "{path}");
    }
}

#[tokio::test]
async fn a_door_takes_the_valid_alerts_and_answers_like_alertmanager() {
    let house = House::serve().await;
    let body = r#"[{"labels":{"alertname":"A","feature":"light-on","severity":"critical"}},{"labels":{}}]"#;
    let sent = house.send(house.request("POST", "/api/v2/alerts", Some("door-key"), body)).await;
    assert_eq!(sent.status(), StatusCode::BAD_REQUEST);
    assert_eq!(text(sent).await, "\"at least one label pair required\"");
    let state = house.handle.state();
    let (_, alert) = state.alerts_firing().next().expect("the valid one was taken");
    assert_eq!(alert.feature, Some("light-on".into()));
    assert_eq!(state.pages.len(), 1);
}

#[tokio::test]
async fn trouble_of_ours_is_503_so_that_senders_come_again() {
    let house = House::serve().await;
    house.handle.stop().await;
    let body = r#"[{"labels":{"alertname":"A"}}]"#;
    let request = house.request("POST", "/api/v2/alerts", Some("door-key"), body);
    let answer = house.send(request).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()[header::RETRY_AFTER], "5");
}

#[tokio::test]
async fn a_repeated_key_changes_nothing_and_is_answered_alike() {
    let house = House::serve().await;
    let mut bodies = vec![];
    for _ in 0..2 {
        let body = r#"{"title":"help","team":"payments"}"#;
        let mut request = house.request("POST", "/api/v1/incidents", Some("member-key"), body);
        request.headers_mut().insert("idempotency-key", "k1".parse().unwrap());
        request.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        let answer = house.send(request).await;
        assert_eq!(answer.status(), StatusCode::OK);
        bodies.push(text(answer).await);
    }
    assert!(bodies[1].contains("\"repeated\":true"), "{}", bodies[1]);
    assert_eq!(house.handle.state().incidents.len(), 1);
}

#[tokio::test]
async fn the_setup_link_makes_one_administrator() {
    let house = House::serve().await;
    house.token(TokenKind::Setup, None, "setup-key").await;
    let view = text(house.send(house.request("GET", "/setup/setup-key", None, "")).await).await;
    assert!(view.contains("The first administrator"));
    let short = house.form("/setup/setup-key", "person=ana&password=short").await;
    assert_eq!(short.status(), StatusCode::BAD_REQUEST);
    let done = house.form("/setup/setup-key", "person=bo&password=a-long-password").await;
    assert_eq!(done.status(), StatusCode::SEE_OTHER);
    let cookie = done.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    let mut request = house.request("GET", "/tokens", None, "");
    let session = cookie.split(';').next().unwrap();
    request.headers_mut().insert(header::COOKIE, session.parse().unwrap());
    assert_eq!(house.send(request).await.status(), StatusCode::OK);
    let again = house.form("/setup/setup-key", "person=ana&password=a-long-password").await;
    assert_eq!(again.status(), StatusCode::NOT_FOUND, "the link is spent");
    let wrong = house.form("/login", "person=bo&password=another-password").await;
    assert_eq!(wrong.status(), StatusCode::FORBIDDEN);
    let right = house.form("/login", "person=bo&password=a-long-password").await;
    assert_eq!(right.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_demo_answers_to_names_of_this_machine_only() {
    let house = House::demo().await;
    let mut request = house.request("GET", "/", None, "");
    request.headers_mut().insert(header::HOST, "evil.example".parse().unwrap());
    assert_eq!(house.send(request).await.status(), StatusCode::MISDIRECTED_REQUEST);
    for path in ["/", "/features/light-on", "/incidents", "/oncall", "/inbox"] {
        let answer = house.send(house.request("GET", path, None, "")).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert!(answer.headers().contains_key(header::CONTENT_SECURITY_POLICY));
    }
    let broken = house.form("/demo/break/carrier-a", "").await;
    assert_eq!(broken.status(), StatusCode::SEE_OTHER);
}

/// Everything the first view needs, cold, stays below what one round trip on a poor line carries.
#[tokio::test]
async fn the_first_view_is_small() {
    let house = House::demo().await;
    house.raise("no lights in Kisumu").await;
    let mut wire_bytes = 0;
    for path in ["/", "/static/live.js"] {
        let mut request = house.request("GET", path, None, "");
        request.headers_mut().insert(header::ACCEPT_ENCODING, "br".parse().unwrap());
        let answer = house.send(request).await;
        assert_eq!(answer.headers()[header::CONTENT_ENCODING], "br");
        let head: usize = answer
            .headers()
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        wire_bytes += head + answer.into_body().collect().await.unwrap().to_bytes().len();
    }
    assert!(wire_bytes <= 14_000, "{wire_bytes} bytes");
    println!("the first view takes {wire_bytes} bytes");
}

pub(crate) struct House {
    router: axum::Router,
    pub(crate) handle: Handle,
    context: Context,
}

impl House {
    pub(crate) async fn serve() -> Self {
        let house = Self::open(Mode::Serve).await;
        for (person, role, key) in
            [("juma", Role::Member, "member-key"), ("ana", Role::Admin, "admin-key")]
        {
            let person = PersonId::from(person);
            let hash = "not a hash".to_owned();
            let command = Command::SetPassword { person: person.clone(), hash, role, spends: None };
            house.handle.submit(Submission::system(command)).await.expect("taken");
            house.token(TokenKind::Api, Some(person), key).await;
        }
        house.token(TokenKind::Session, Some("ana".into()), "session-key").await;
        house.token(TokenKind::Door, None, "door-key").await;
        house
    }

    pub(crate) fn context(&self) -> Context {
        self.context.clone()
    }

    async fn demo() -> Self {
        Self::open(Mode::Demo(Arc::new(Controls))).await
    }

    async fn open(mode: Mode) -> Self {
        Self::of(mode, catalogue()).await
    }

    pub(crate) async fn of(mode: Mode, catalogue: Catalogue) -> Self {
        let options = Options {
            org: "solar".into(),
            owner: "test".into(),
            zones: oncall::Zones::bundled(),
            lease_ttl: Millis::from_secs(30),
        };
        let random = Box::new(wire::SystemRandom::default());
        let core = Core::open(MemoryJournal::new("solar"), options, random, NOW).expect("opens");
        let clock = Arc::new(ManualClock::new(NOW));
        let (handle, _thread) = spawn(core, clock.clone());
        let board = slo::Board::new(&catalogue);
        let command =
            Command::AdoptCatalogue { catalogue: Box::new(catalogue), hash: "first".into() };
        let actor = Actor::Operator;
        let submission = Submission { actor, ..Submission::system(command) };
        handle.submit(submission).await.expect("adopted");
        let context = Context {
            handle: handle.clone(),
            board: Arc::new(RwLock::new(board)),
            clock,
            zones: Arc::new(oncall::Zones::bundled()),
            mode,
            trials: Arc::new(crate::Trials::new(crate::Trial::new(crate::trials::tests::tried))),
            looks: Arc::default(),
            hooks: Arc::new(crate::Hooks::new(crate::hooks::tests::secret)),
            link_key: LINK_KEY,
            public_url: "http://127.0.0.1:8080".into(),
            reload: Arc::new(|| Box::pin(async { Ok("nothing changed".to_owned()) })),
            metrics: Arc::new(|| "# EOF\n".to_owned()),
            ready: Arc::new(|| Ok(())),
        };
        Self { router: router(context.clone()), handle, context }
    }

    pub(crate) async fn token(&self, kind: TokenKind, person: Option<PersonId>, secret: &str) {
        self.labelled_token(kind, person, "test", secret).await;
    }

    pub(crate) async fn labelled_token(
        &self,
        kind: TokenKind,
        person: Option<PersonId>,
        label: &str,
        secret: &str,
    ) {
        let (label, sha256) = (label.to_owned(), hash_token(secret));
        let command = Command::IssueToken { kind, person, label, sha256, expires_at: None };
        self.handle.submit(Submission::system(command)).await.expect("issued");
    }

    /// The id of the door's key.
    pub(crate) fn door_scope(&self) -> String {
        let state = self.handle.state();
        let mut tokens = state.access.tokens.iter().filter(|it| it.1.kind == TokenKind::Door);
        tokens.next().expect("issued").0.to_string()
    }

    pub(crate) async fn raise(&self, title: &str) {
        let team = Some("payments".into());
        let command = Command::Raise { by: "bo".into(), title: title.into(), feature: None, team };
        self.handle.submit(Submission::person("bo".into(), command)).await.expect("raised");
    }

    fn open_incident_is_untaken(&self) -> bool {
        let state = self.handle.state();
        state.incidents_open().next().expect("an open incident").1.acknowledged.is_none()
    }

    #[expect(clippy::unused_self, reason = "reads as what the house is asked")]
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: &str,
    ) -> Request<Body> {
        let mut builder = Request::builder().method(method).uri(path);
        builder = builder.header(header::HOST, "127.0.0.1:8080");
        if let Some(key) = key {
            builder = builder.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        if method == "POST" && !path.contains("/api/") {
            builder = builder.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let default = if path.starts_with("/setup") { "person=ana&password=x" } else { "" };
        let body = if body.is_empty() { default } else { body };
        builder.body(Body::from(body.to_owned())).expect("a request")
    }

    fn with_session(&self, method: &str, path: &str) -> Request<Body> {
        let mut request = self.request(method, path, None, "");
        request.headers_mut().insert(header::COOKIE, "lamplighter=session-key".parse().unwrap());
        request
    }

    async fn form(&self, path: &str, body: &str) -> Response<Body> {
        self.send(self.request("POST", path, None, body)).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.expect("a router always answers")
    }
}

pub(crate) async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

pub(crate) fn catalogue() -> Catalogue {
    let text = include_str!("../../../examples/solar/lamplighter.yaml");
    let watched = "org: solar\nheartbeats: { nightly-backup: { every: 1d, team: payments } }\n";
    let files = [("lamplighter.yaml", text), ("watched.yaml", watched)];
    catalog::load_str(&files).catalogue.expect("the example is sound")
}

struct Controls;

impl DemoControls for Controls {
    fn services(&self) -> Vec<DemoService> {
        let service = |name: &str, title: &str| DemoService {
            name: name.into(),
            title: title.into(),
            broken: false,
        };
        vec![service("carrier-a", "carrier A"), service("payments-api", "the payments service")]
    }

    fn break_service(&self, name: &str) -> bool {
        name == "carrier-a"
    }

    fn mend_service(&self, name: &str) -> bool {
        name == "carrier-a"
    }

    fn inbox(&self) -> Vec<InboxMessage> {
        vec![InboxMessage {
            at: NOW,
            to: "Ana".into(),
            medium: "SMS".into(),
            subject: "Lights".into(),
            text: "Lights stay dark".into(),
            ack_url: None,
        }]
    }

    fn speed(&self) -> u32 {
        10
    }
}
