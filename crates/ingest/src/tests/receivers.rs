//! What products with keys of their own send, and what is read from it, as lines.

use crate::pagerduty::{self, parse_change, parse_v1, parse_v2};
use crate::{Described, Place, Said, Signal, Step, route, route_for};
use crate::{goalert, grafana, kuma, mapped, oncall, opsgenie, victorops};
use model::{Catalogue, Labels, Timestamp};
use serde_json::Value;

const NOW: Timestamp = Timestamp(1_795_428_000_000);

/// What damage puts into bodies beside cutting and repeating.
const WORDS: [&str; 16] = [
    "null",
    "\"",
    "{",
    "}",
    "[",
    "]",
    "-1",
    "1e999",
    "\\u0000",
    "\\ud800",
    "true",
    "\"resolve\"",
    "\"\"",
    "+0000",
    "é",
    "{\"a\":{\"b\":[[]]}}",
];

const TRIGGER: &str = r#"{"routing_key":"k","event_action":"trigger","dedup_key":"srv01/mysql",
    "client":"Monitor","client_url":"http://m","links":[{"href":"http://l","text":"L"}],
    "payload":{"summary":"disk full","source":"srv01","severity":"critical",
        "timestamp":"2015-07-17T08:42:58.315+0000","component":"mysql","group":"db","class":"disk",
        "custom_details":{"team":"payments","free":1,"text":"long"}}}"#;
const CREATE: &str = r#"{"service_key":"k","event_type":"trigger","incident_key":"srv01/HTTP",
    "description":"down","client":"Monitor","details":{"ping":"1500ms"}}"#;

const ALERT: &str = r#"{"message":"no lights","alias":"kisumu","description":"none at all",
    "responders":[{"name":"field","type":"team"}],"tags":["a","b"],"entity":"db","user":"ana",
    "details":{"service":"payments-api","severity":"warning","zone":"west","alertname":"Dark",
        "empty":"","nested":[1]},
    "source":"Prometheus","priority":"P2","note":"see wiki"}"#;
const TELEGRAM: &str = r#"{"message_type":"CRITICAL","entity_id":"db/1","entity_display_name":"Database",
    "state_message":"slow","state_start_time":1387479009,"monitoring_tool":"nagios",
    "service":"payments-api","vo_annotate.u.Book":"http://b"}"#;

const JSON: &str = "application/json; charset=utf-8";
const SLIP: &str = r#"{"Summary":"slow","details":"very","dedup":"db","meta":{"job":"shop","severity":"warning"}}"#;
const PARTS: &str = "--xx\r\nContent-Disposition: form-data; name=\"summary\"\r\n\r\nslow\r\nand slower\r\n--xx\r\nContent-Disposition: form-data; name=\"dedup\"\r\n\r\ndb\r\n--xx--\r\n";
const RULE: &str = r#"{"orgId":1,"ruleId":7,"ruleName":"Slow","ruleUrl":"http://g","state":"no_data",
    "title":"[No Data] Slow","message":"look","evalMatches":[{"value":100}],
    "tags":{"team":"field","severity":"critical"}}"#;
const GRAFANA: &str = r#"{"version":"1","orgId":1,"state":"alerting","title":"t","truncatedAlerts":2,
    "alerts":[
    {"status":"firing","labels":{"alertname":"DatasourceNoData","rulename":"Slow"},"annotations":{},
        "startsAt":"2026-11-23T09:00:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://g/1",
        "values":null,"valueString":"[ var='A' ]","silenceURL":"","fingerprint":"c6eadffa33fcdf37"},
    {"status":"resolved","labels":{"alertname":"B"},"annotations":{"summary":"own"},
        "startsAt":"2026-11-23T09:00:00Z","endsAt":"2026-11-23T09:30:00Z"},
    {"status":"resolved","labels":{}}]}"#;
const NOTE: &str = r#"{"alert_uid":"u1","title":"dark","image_url":"http://i","state":"alerting",
    "link_to_upstream_details":"http://l","message":"very","team":"field"}"#;
const STENCIL: &str = "token=t&key=%2Fevent%2Fid&summary=/event/title&over=/event/state:ok\
    &severity=/event/prio&since=/event/at&team=payments";
const LETTER: &str = r#"{"event":{"id":7,"title":"dark","state":"bad","prio":"critical",
    "at":"2026-11-23T09:00:00Z"}}"#;
const BEAT: &str = r#"{"heartbeat":{"monitorID":4,"status":0,"time":"2026-11-23 09:00:00.000",
    "msg":"timeout","important":true,"duration":60},
    "monitor":{"id":4,"name":"Shop","type":"http","url":"http://s","hostname":null,
        "tags":[{"name":"team","value":"field"},{"name":"severity","value":"warning"}]},
    "msg":"[Shop] [Down] timeout"}"#;

#[test]
fn pagerduty_v2_speaks_under_its_key() {
    check(
        parse_v2,
        TRIGGER,
        "srv01/mysql fires since 2015-07-17T08:42:58.315Z \
         [class=disk component=mysql group=db severity=critical source=srv01 team=payments] \
         [client=Monitor client_url=http://m custom_details.free=1 custom_details.team=payments \
         custom_details.text=long links=[{\"href\":\"http://l\",\"text\":\"L\"}] summary=disk full]",
    );
    let of = |action: &str| {
        format!(r#"{{"routing_key":"k","event_action":"{action}","dedup_key":"a"}}"#)
    };
    check(parse_v2, &of("resolve"), "a is over");
    check(
        parse_v2,
        &of("acknowledge"),
        "a sender's acknowledgement names no person and takes no page",
    );
    check(
        parse_v2,
        &TRIGGER.replace("2015-07-17", "yesterday").replace(
            r#""custom_details":{"team":"payments","free":1,"text":"long"}"#,
            r#""custom_details":"text""#,
        ),
        "srv01/mysql fires \
         [class=disk component=mysql group=db severity=critical source=srv01] \
         [client=Monitor client_url=http://m custom_details=text \
         links=[{\"href\":\"http://l\",\"text\":\"L\"}] summary=disk full \
         timestamp=yesterdayT08:42:58.315+0000]",
    );
}

#[test]
fn pagerduty_v2_is_refused_in_pagerdutys_words() {
    let bad = |payload: &str| format!(r#"{{"event_action":"trigger","payload":{payload}}}"#);
    check(
        parse_v2,
        &bad("{}"),
        "'payload.summary' is missing or blank; 'payload.source' is missing or blank; \
         'payload.severity' is invalid (must be one of the following: 'critical', 'warning', \
         'error' or 'info')",
    );
    check(parse_v2, &bad("null"), "'payload' is missing or blank");
    check(parse_v2, r#"{"event_action":"resolve"}"#, "'dedup_key' is missing or blank");
    check(parse_v2, "{}", "'event_action' is missing or blank");
    check(
        parse_v2,
        r#"{"event_action":"forget"}"#,
        "'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or \
         'resolve')",
    );
    check(parse_v2, "[", "JSON parse error: EOF while parsing a list at line 1 column 1");
}

#[test]
fn pagerduty_v1_and_changes() {
    check(
        parse_v1,
        CREATE,
        "srv01/HTTP fires [] [client=Monitor details.ping=1500ms summary=down]",
    );
    check(parse_v1, &CREATE.replace("trigger", "resolve"), "srv01/HTTP is over");
    check(parse_v1, r#"{"event_type":"trigger"}"#, "'description' is missing or blank");
}

fn listed(pairs: &model::Labels) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, it)| format!("{name}={it}")).collect();
    format!("[{}]", pairs.join(" "))
}

/// A change as a line, or what is wrong with it.
#[track_caller]
fn check_change(body: &str, expected: &str) {
    let shown = match parse_change(body.as_bytes()).map(|it| it.change) {
        Err(error) => error,
        Ok(Err(errors)) => errors.join("; "),
        Ok(Ok(it)) => format!(
            "{} by {} at {:?} link {:?} {} {}",
            it.summary,
            it.source,
            it.at.map(|it| it.to_string()),
            it.link,
            listed(&it.labels),
            listed(&it.details)
        ),
    };
    assert_eq!(shown, expected);
}

#[test]
fn pagerduty_changes_are_kept_whole() {
    check_change(
        r#"{"payload":{"summary":"v2 is out"}}"#,
        "v2 is out by pagerduty at None link None [] []",
    );
    check_change(
        r#"{"routing_key":"k","payload":{"summary":"v2","source":"ci","timestamp":"2026-11-23T09:00:00.000+0000",
        "custom_details":{"service":"payments-api","build":17}},"links":[{"href":"http://ci/1","text":"build"}]}"#,
        r#"v2 by ci at Some("2026-11-23T09:00:00Z") link Some("http://ci/1") [service=payments-api] [custom_details.build=17 custom_details.service=payments-api links=[{"href":"http://ci/1","text":"build"}]]"#,
    );
    check_change("{}", "'payload.summary' is missing or blank");
    check_change("[", "JSON parse error: EOF while parsing a list at line 1 column 1");
}

#[test]
fn opsgenie_speaks_under_its_alias() {
    check_signal(
        opsgenie_create,
        ALERT,
        "kisumu fires \
         [alertname=Dark entity=db priority=P2 service=payments-api severity=high source=Prometheus \
         team=field zone=west] \
         [description=none at all details.nested=[1] details.severity=warning note=see wiki \
         responders=[{\"name\":\"field\",\"type\":\"team\"}] summary=no lights tags=a, b user=ana]",
    );
    check_signal(opsgenie_create, r#"{"message":" x "}"#, "something new fires [] [summary=x]");
    check_signal(opsgenie_create, r#"{"alias":"x"}"#, "message: may not be empty");
    assert_eq!(shown(&opsgenie::close("a")), "a is over");
    assert_eq!(opsgenie::act("close"), Some(opsgenie::Act::Close));
    assert_eq!(opsgenie::act("acknowledge"), Some(opsgenie::Act::Acknowledge));
    assert_eq!(opsgenie::act("snooze"), Some(opsgenie::Act::Snooze));
    assert_eq!(opsgenie::act("message"), Some(opsgenie::Act::Describe("summary")));
    for action in ["responders", "teams", "tags", "details", "priority"] {
        assert!(matches!(opsgenie::act(action), Some(opsgenie::Act::Nothing(_))), "{action}");
    }
    assert_eq!(opsgenie::act("forget"), None);
    let body = opsgenie::act_body(br#"{"user":"ana","note":"mine"}"#);
    assert_eq!((body.user.as_deref(), body.note.as_deref()), (Some("ana"), Some("mine")));
    assert_eq!(opsgenie::act_body(b"{"), opsgenie::ActBody::default());
}

#[test]
fn victorops_speaks_under_its_entity() {
    let read: Read = |it| victorops::parse(it, "payments").map(|it| vec![it]);
    check_signal(
        read,
        TELEGRAM,
        "db/1 fires since 2013-12-19T18:50:09Z [monitoring_tool=nagios routing_key=payments \
         service=payments-api severity=critical team=payments] \
         [description=slow field.service=payments-api field.vo_annotate.u.Book=http://b \
         summary=Database]",
    );
    let of = |kind: &str| format!(r#"{{"message_type":"{kind}","entity_id":"a"}}"#);
    let labels = "[routing_key=payments severity=";
    for (kind, expected) in [
        ("recovery", "a is over".to_owned()),
        ("Acknowledgement", "a sender's acknowledgement names no person and takes no page".into()),
        ("trigger", format!("a fires {labels}critical team=payments] [summary=a]")),
        ("Warning", format!("a fires {labels}warning team=payments] [summary=a]")),
        ("PURPLE", format!("a fires {labels}PURPLE team=payments] [summary=a]")),
        ("INFO", format!("a (info) fires for 1d {labels}info team=payments] [summary=a]")),
        ("", "Missing required field: message_type".to_owned()),
    ] {
        check_signal(read, &of(kind), &expected);
    }
    let told = "a recovery without entity_id ends nothing";
    check_signal(read, r#"{"message_type":"RECOVERY"}"#, told);
}

#[test]
fn goalert_goes_by_its_dedup_or_by_what_is_written() {
    let json: Read = |it| goalert::parse("token=t&meta=zone%3Dwest", JSON, it).map(|it| vec![it]);
    check_signal(
        json,
        SLIP,
        "user: db fires [job=shop severity=warning] \
         [description=very meta.job=shop meta.severity=warning meta.zone=west summary=slow]",
    );
    check_signal(json, r#"{"dedup":"db","action":"close"}"#, "user: db is over");
    let ack = "a sender's acknowledgement names no person and takes no page";
    check_signal(json, r#"{"dedup":"db","action":"ack"}"#, ack);
    check_signal(json, "{}", "invalid value for 'Summary': must not be empty");
    let written = |body: &str| told(json(body.as_bytes()));
    let (open, close) =
        (written(r#"{"summary":"a"}"#), written(r#"{"summary":"a","action":"close"}"#));
    let key = close.strip_suffix(" is over").expect("closed");
    assert!(open.starts_with(&format!("{key} fires")), "{open} and {close}");
    let form: Read = |it| {
        let kind = "application/x-www-form-urlencoded";
        goalert::parse("summary=not+this", kind, it).map(|it| vec![it])
    };
    check_signal(
        form,
        "summary=a%26b&dedup=c&meta=team%3Dfield",
        "user: c fires [team=field] [meta.team=field summary=a&b]",
    );
    check_signal(parted, PARTS, "user: db fires [] [summary=slow\r\nand slower]");
    check_signal(parted, &PARTS.replace("--xx--", ""), "a form in parts without its end");
}

#[test]
fn grafana_of_before_nine_is_known_by_its_number() {
    check_signal(
        legacy,
        RULE,
        "org 1 rule 7 fires [rule=Slow severity=critical state=no_data team=field] \
         [description=look evalMatches=[{\"value\":100}] ruleUrl=http://g \
         summary=Slow tag.severity=critical tag.team=field title=[No Data] Slow]",
    );
    check_signal(legacy, &RULE.replace("no_data", "OK"), "org 1 rule 7 is over");
    check_signal(legacy, &RULE.replace("no_data", "paused"), "a rule is paused");
    check_signal(
        legacy,
        r#"{"ruleId":[]}"#,
        "the body is not what this door takes: `ruleId` is \
        neither a number nor a text",
    );
}

#[test]
fn grafana_of_today_is_read_alert_by_alert() {
    let grafana::Payload::Current(parsed) = grafana::parse(GRAFANA.as_bytes(), NOW).unwrap() else {
        panic!("of today");
    };
    let shown: Vec<String> = parsed
        .alerts
        .iter()
        .map(|it| format!("{:?} since {} {:?}", it.status, it.starts_at, it.annotations))
        .collect();
    let expected = [
        r#"Firing since 2026-11-23T09:00:00Z {"generatorURL": "http://g/1", "summary": "No data for the rule Slow", "valueString": "[ var='A' ]"}"#,
        r#"Resolved since 2026-11-23T09:00:00Z {"summary": "own"}"#,
    ];
    assert_eq!(shown, expected);
    assert_eq!((parsed.truncated, parsed.errors.len()), (2, 1));
}

#[test]
fn a_note_to_oncall_ends_with_state_ok() {
    let read: Read = |it| oncall::parse(JSON, it).map(|it| vec![it]);
    check_signal(
        read,
        NOTE,
        "u1 fires [team=field] \
         [description=very field.alert_uid=u1 field.state=alerting field.team=field \
         image_url=http://i link=http://l summary=dark]",
    );
    check_signal(read, &NOTE.replace("alerting", "Ok"), "u1 is over");
    let of = |body: &str| told(read(body.as_bytes()));
    let (open, over) = (of(r#"{"a":1,"state":"bad","b":2}"#), of(r#"{"b":2,"state":"ok","a":1}"#));
    let key = over.strip_suffix(" is over").expect("over");
    assert!(open.starts_with(&format!("{key} fires")), "{open} and {over}");
}

#[test]
fn uptime_kuma_goes_by_the_monitor() {
    let read: Read = |it| kuma::parse(JSON, it).map(|it| vec![it]);
    check_signal(
        read,
        BEAT,
        "4 fires since 2026-11-23T09:00:00Z [monitor=Shop severity=warning team=field] \
         [monitor.type=http monitor.url=http://s summary=Shop: timeout tag.severity=warning \
         tag.team=field]",
    );
    let with = |status: &str| BEAT.replace("\"status\":0", &format!("\"status\":{status}"));
    check_signal(read, &with("1"), "4 is over");
    check_signal(read, &with("2"), "a monitor is pending");
    check_signal(read, &with("3"), "a monitor is in maintenance");
    let in_form: Read = |it| {
        let text = format!("data={}", form_urlencoded::byte_serialize(it).collect::<String>());
        let kind = "application/x-www-form-urlencoded; charset=UTF-8";
        kuma::parse(kind, text.as_bytes()).map(|it| vec![it])
    };
    check_signal(in_form, &with("1"), "4 is over");
    let note = "something new fires for 1d [severity=info] [summary=expires]";
    check_signal(read, r#"{"heartbeat":null,"monitor":null,"msg":"expires"}"#, note);
}

#[test]
fn json_of_any_shape_is_read_by_a_stencil() {
    check_signal(
        |it| stencilled(STENCIL, it),
        LETTER,
        "7 fires since 2026-11-23T09:00:00Z [severity=critical team=payments] \
         [field.event={\"at\":\"2026-11-23T09:00:00Z\",\"id\":7,\"prio\":\"critical\",\
         \"state\":\"bad\",\"title\":\"dark\"} summary=dark]",
    );
    for (query, expected) in [
        ("key=/event/id&over=/event/state:fine,BAD", "7 is over"),
        ("key=/event/ids", "nothing stands where the key should be"),
        ("key=7", "`key` must be a pointer such as /event/id"),
        ("summary=/a", "the query does not say where the key is, as in ?key=/event/id"),
        ("key=/a&over=/a", "`over` must be as in /event/state:ok,closed"),
        ("key=/a&over=state:ok", "`over` must be as in /event/state:ok,closed"),
        ("key=/a&each=/event", "there is no list at `/event`"),
        (
            "key=/a&smmary=/a",
            "`smmary` is not known; key, over, each, summary, description, since, severity, \
             feature, service and team are",
        ),
    ] {
        assert_eq!(told(stencilled(query, LETTER.as_bytes())), expected, "{query}");
    }
    let list =
        stencilled("each=&key=/id&over=/s:ok", br#"[{"id":1,"s":"ok"},{"id":"b","s":"OK"}]"#);
    assert_eq!(told(list), "1 is over\nb is over");
    let long = format!("key=/{}", "a".repeat(3_000));
    let refused = stencilled(&long, b"{}").expect_err("too long");
    assert_eq!(refused, "a query may have 2048 bytes, not 3005");
}

#[test]
fn a_warning_that_becomes_critical_is_a_new_alert_and_ends_the_calm_one() {
    let steps = |severity: &str| {
        let body = TRIGGER.replace("critical", severity);
        let signal = parse_v2(body.as_bytes()).unwrap().signal.unwrap();
        steps_of(signal, "tk_1")
    };
    let (critical, warning, over) =
        (steps("critical"), steps("warning"), steps_of(Signal::over("srv01/mysql".into()), "tk_1"));
    assert_ne!(critical[0], warning[0]);
    assert_eq!(critical[1..], [warning[0].replace("fire", "end")]);
    assert_eq!(warning.len(), 1, "a warning ends nothing");
    assert_eq!(over, [critical[0].replace("fire", "end"), critical[1].clone()]);
}

#[test]
fn one_key_of_two_integrations_names_two_things() {
    let over = || Signal::over("disk".into());
    assert_ne!(steps_of(over(), "tk_1"), steps_of(over(), "tk_2"));
}

#[test]
fn a_clock_that_goes_ahead_dates_nothing_into_the_future() {
    let signal = |year: &str| {
        let body = TRIGGER.replace("2015", year);
        parse_v2(body.as_bytes()).unwrap().signal.unwrap()
    };
    let place = Place { door: "pagerduty", scope: "tk_1", new_key: "new" };
    let since = |year: &str| {
        let steps = signal(year).steps(&place, |it| route(it, None).severity, NOW).expect("fits");
        let Step::Fire { alert, .. } = &steps[0] else { panic!("it fires") };
        alert.starts_at
    };
    assert_eq!(since("2999"), NOW);
    assert_eq!(since("2015").to_string(), "2015-07-17T08:42:58.315Z");
}

#[test]
fn long_texts_are_spread_and_not_cut() {
    let mut described = Described::default();
    let text = "é".repeat(20_000);
    described.text("summary", &text);
    let parts: Vec<&str> = ["summary", "summary-2", "summary-3"]
        .iter()
        .map(|it| described.annotations[*it].as_str())
        .collect();
    assert_eq!((described.annotations.len(), parts.concat()), (3, text));
    let many: Vec<String> = (0..40).map(|it| format!("\"f{it}\":{it}")).collect();
    let body = TRIGGER.replace("\"free\":1", &many.join(","));
    let event = parse_v2(body.as_bytes()).unwrap();
    let Said::Firing(described) = event.signal.unwrap().said else { panic!("it fires") };
    let whole: Value = serde_json::from_str(&described.annotations["custom_details"]).unwrap();
    assert_eq!(whole.as_object().unwrap().len(), 42, "all of them in one text");
}

#[test]
fn the_label_of_a_key_decides_where_labels_do_not() {
    let text = include_str!("../../../../examples/solar/lamplighter.yaml");
    let catalogue = catalog::load_str(&[("lamplighter.yaml", text)]).catalogue.expect("sound");
    let routed = |labels: &[(&str, &str)], label: &str, catalogue: Option<&Catalogue>| {
        let labels: Labels =
            labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let it = route_for(&labels, label, catalogue);
        let service = it.service.map_or("-".to_owned(), |it| it.to_string());
        let team = it.team.map_or("-".to_owned(), |it| it.to_string());
        format!("{service} {team}: {}", it.routed_by)
    };
    let here = Some(&catalogue);
    assert_eq!(
        routed(&[], "service:payments-api", here),
        "payments-api -: service payments-api; no severity, so it pages; service by \
         the label of the door's key"
    );
    assert_eq!(
        routed(&[("team", "field")], "team:payments", here),
        "- field: team field; no severity, so it pages"
    );
    assert_eq!(routed(&[], "prometheus", here), "- -: no severity, so it pages");
}

/// Goal: no byte from outside makes a parser or what follows it panic, and good bodies stay readable
/// often enough that the test means something. Method: good bodies with seeded damage.
#[test]
fn damage_is_refused_or_read_but_never_panics() {
    for &(name, body, read) in DOORS {
        let mut outcomes = [0_u64; 2];
        for (seed, body) in testkit::spoilt(body.as_bytes(), &WORDS, 5_000) {
            let signals = read(&body);
            outcomes[usize::from(signals.is_err())] += 1;
            for signal in signals.unwrap_or_default() {
                let fires = matches!(signal.said, Said::Firing(_));
                let place = Place { door: name, scope: "tk_1", new_key: "new" };
                match signal.steps(&place, |it| route(it, None).severity, NOW) {
                    Ok(steps) => {
                        let fired = steps.iter().filter(|it| matches!(it, Step::Fire { .. }));
                        assert_eq!(fired.count(), usize::from(fires), "{name}, seed {seed}");
                    }
                    Err(told) => assert!(!told.is_empty(), "{name}, seed {seed}"),
                }
            }
        }
        assert!(outcomes.iter().all(|it| *it > 100), "{name}: both happen: {outcomes:?}");
    }
}

type Read = fn(&[u8]) -> Result<Vec<Signal>, String>;

/// Every door with a good body.
const DOORS: &[(&str, &str, Read)] = &[
    ("goalert", SLIP, |it| goalert::parse("meta=a=b", JSON, it).map(|it| vec![it])),
    ("goalert in parts", PARTS, parted),
    ("grafana legacy", RULE, legacy),
    ("grafana", GRAFANA, legacy),
    ("grafana-oncall", NOTE, |it| oncall::parse(JSON, it).map(|it| vec![it])),
    ("uptime-kuma", BEAT, |it| kuma::parse(JSON, it).map(|it| vec![it])),
    ("json", LETTER, |it| stencilled(STENCIL, it)),
    ("opsgenie", ALERT, opsgenie_create),
    ("victorops", TELEGRAM, |it| victorops::parse(it, "payments").map(|it| vec![it])),
    ("pagerduty v2", TRIGGER, |it| event(parse_v2(it))),
    ("pagerduty v1", CREATE, |it| event(parse_v1(it))),
    ("pagerduty change", TRIGGER, |it| {
        parse_change(it)?.change.map(|_| vec![]).map_err(|it| it.join("; "))
    }),
];

fn parted(body: &[u8]) -> Result<Vec<Signal>, String> {
    goalert::parse("", "multipart/form-data; boundary=\"xx\"", body).map(|it| vec![it])
}

fn stencilled(query: &str, body: &[u8]) -> Result<Vec<Signal>, String> {
    let parsed = mapped::parse(query, body)?;
    if parsed.errors.is_empty() { Ok(parsed.signals) } else { Err(parsed.errors.join("; ")) }
}

/// Today's payloads hold no signals.
fn legacy(body: &[u8]) -> Result<Vec<Signal>, String> {
    match grafana::parse(body, NOW).map_err(|it| it.to_string())? {
        grafana::Payload::Legacy(signal) => Ok(vec![signal]),
        grafana::Payload::Current(_) => Ok(vec![]),
    }
}

fn opsgenie_create(body: &[u8]) -> Result<Vec<Signal>, String> {
    opsgenie::create(body).map(|it| vec![it]).map_err(|it| match it {
        opsgenie::Refused::Shape(told) => told,
        opsgenie::Refused::Field { name, told } => format!("{name}: {told}"),
    })
}

fn event(event: Result<pagerduty::Event, String>) -> Result<Vec<Signal>, String> {
    event?.signal.map(|it| vec![it]).map_err(|it| it.join("; "))
}

#[track_caller]
fn check(read: fn(&[u8]) -> Result<pagerduty::Event, String>, body: &str, expected: &str) {
    assert_eq!(told(event(read(body.as_bytes()))), expected);
}

#[track_caller]
fn check_signal(read: Read, body: &str, expected: &str) {
    assert_eq!(told(read(body.as_bytes())), expected);
}

fn told(signals: Result<Vec<Signal>, String>) -> String {
    match signals {
        Ok(signals) => signals.iter().map(shown).collect::<Vec<_>>().join("\n"),
        Err(told) => told,
    }
}

fn shown(signal: &Signal) -> String {
    let key = signal.key.as_deref().unwrap_or("something new");
    match &signal.said {
        Said::Nothing(told) => (*told).to_owned(),
        Said::Over => format!("{key} is over"),
        Said::Firing(it) => {
            let pairs = |it: &Labels| {
                let pairs: Vec<String> =
                    it.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("[{}]", pairs.join(" "))
            };
            let since = it.starts_at.map_or_else(String::new, |it| format!(" since {it}"));
            let lasts = it.lasts.map_or_else(String::new, |it| format!(" for {it}"));
            format!("{key} fires{since}{lasts} {} {}", pairs(&it.labels), pairs(&it.annotations))
        }
    }
}

fn steps_of(signal: Signal, scope: &str) -> Vec<String> {
    let place = Place { door: "pagerduty", scope, new_key: "new" };
    let steps = signal.steps(&place, |it| route(it, None).severity, NOW).expect("fits");
    let shown = |it: Step| match it {
        Step::Fire { alert, .. } => format!("fire {}", alert.fingerprint),
        Step::End(fingerprint) => format!("end {fingerprint}"),
    };
    steps.into_iter().map(shown).collect()
}
