//! Files of other systems in, our configuration out.

use super::{conformance, text_of};
use crate::{ImportOptions, import, read, report};
use model::{Catalogue, Millis, Slo};

fn options() -> ImportOptions {
    ImportOptions {
        org: "imported".to_owned(),
        prometheus: "http://127.0.0.1:9090".to_owned(),
        interval: Millis::from_mins(1),
        period: Millis::from_days(30),
    }
}

/// Our file, the catalogue in it, and the losses.
fn imported(text: &str) -> (Option<(String, Catalogue)>, String) {
    let found = read(&[("a.yml", text)]);
    let (written, more) = import(&found.specs, &options());
    let losses: Vec<_> = found.losses.into_iter().chain(more).collect();
    let made = written.map(|text| {
        let loaded = catalog::load_str(&[("imported.yaml", &text)]);
        let problems = catalog::render(&loaded, false);
        let catalogue = loaded.catalogue.unwrap_or_else(|| panic!("{text}\n{problems}"));
        (text, catalogue)
    });
    (made, report(&losses))
}

const SMALL: &str = r#"
version: prometheus/v1
service: Shop
labels: { owner: Us, tier: "2" }
slos:
  - name: buying
    objective: 99.9
    description: "People can buy: always."
    sli:
      events:
        error_query: sum(rate(buys_total{ok="no"}[{{.window}}])) or vector(0)
        total_query: sum(rate(buys_total[{{.window}}]))
    alerting:
      name: BuyingFails
      labels: { channel: x }
      ticket_alert: { disable: true }
  - name: watched
    objective: 95
    sli:
      raw: { error_ratio_query: 'avg_over_time(errors:ratio[{{.window}}])' }
    alerting: { page_alert: { disable: true }, ticket_alert: { disable: true } }
"#;

#[test]
fn a_small_sample_as_a_whole() {
    let (made, losses) = imported(SMALL);
    let (text, catalogue) = made.unwrap();
    assert_eq!(
        text,
        "# Written by `lamplighter import`. Put in people, channels and escalations; see the loss \
         report.\n\
         org: imported\n\
         people:\n  somebody:\n    timezone: UTC\n\
         teams:\n  us:\n    members:\n    - somebody\n\
         services:\n  shop:\n    team: us\n    slos:\n      buying:\n        objective: '99.9%'\n        \
         window: 30d\n        ratio:\n          bad: buys_total{ok=\"no\"}\n          \
         total: buys_total\n      watched:\n        objective: '95%'\n        window: 30d\n        \
         query:\n          error_ratio: avg_over_time(errors:ratio[{{.window}}])\n\
         features:\n  shop-buying:\n    question: 'People can buy: always.'\n    team: us\n    \
         objective: '99.9%'\n    window: 30d\n    needs: shop.buying\n    alerts:\n      page:\n      - '2%/1h/5m'\n      - '5%/6h/30m'\n    \
         labels:\n      tier: '2'\n  shop-watched:\n    question: Does Shop keep its promise of watched?\n    \
         team: us\n    objective: '95%'\n    window: 30d\n    needs: shop.watched\n    alerts: none\n    \
         labels:\n      tier: '2'\n\
         sources:\n  prometheus:\n    prometheus:\n      url: http://127.0.0.1:9090\n      interval: 1m\n"
    );
    let alerting = catalogue.features.values().map(|it| slo::conditions_of(it).len());
    assert_eq!(alerting.collect::<Vec<_>>(), [2, 0]);
    assert_eq!(
        losses,
        "noted: people: no file says who is in a team or how to reach them: `somebody` stands in; \
         add people with addresses, channels and escalations before anybody can be paged\n\
         noted: the interval of the source: no file says how often your Prometheus scrapes, so it is \
         1m; where that is too short, most minutes are unknown, and where it is too long, they are only \
         known later\n\
         a.yml:6: noted: service `Shop` of Shop-buying: ids here are lower-case letters, digits, `-` \
         and `_`: it is `shop`\n\
         a.yml:6: noted: team `Us` of Shop-buying: ids here are lower-case letters, digits, `-` and \
         `_`: it is `us`\n\
         a.yml:6: noted: the window of Shop-buying: the file names no period, so it is 30d\n\
         a.yml:6: lost: labels of alerts of Shop-buying: who is called is said by the escalation of \
         the team, not by labels\n\
         a.yml:17: noted: alerts of Shop-watched: the file has none, so the feature alerts nobody; leave \
         `alerts: none` out for the usual ones\n\
         a.yml:17: noted: an estimate: from a query of Shop-watched: how many events there were cannot \
         be told, so it is asked every minute and every minute counts alike; of several series it is the \
         mean\n\
         a.yml:17: noted: service `Shop` of Shop-watched: ids here are lower-case letters, digits, `-` \
         and `_`: it is `shop`\n\
         a.yml:17: noted: team `Us` of Shop-watched: ids here are lower-case letters, digits, `-` and \
         `_`: it is `us`\n\
         a.yml:17: noted: the window of Shop-watched: the file names no period, so it is 30d\n\
         0 refused, 1 lost, 10 noted\n"
    );
}

/// Selectors of the one objective of a query of errors and one of all.
#[track_caller]
fn check(error: &str, total: &str, expected: &str) {
    let text = format!(
        "version: prometheus/v1\nservice: shop\nslos:\n  - name: up\n    objective: 99.95\n    sli:\n      \
         events:\n        error_query: '{error}'\n        total_query: '{total}'\n    alerting: {{ name: Up }}\n"
    );
    let (made, losses) = imported(&text);
    let shown = made.map_or_else(
        || losses.lines().next().unwrap().split(": ").skip(3).collect::<Vec<_>>().join(": "),
        |(_, catalogue)| {
            let slo: &Slo = catalogue.slos().next().unwrap().1;
            format!("{} {} of {}", slo.objective, slo.bad, slo.total)
        },
    );
    assert_eq!(shown, expected);
}

#[test]
fn only_what_is_certain_is_carried_over() {
    let total = "sum(rate(a{b=\"c\"}[{{.window}}]))";
    check("sum(rate(a{x=\"1\"}[{{.window}}]))", total, "99.95% a{x=\"1\"} of a{b=\"c\"}");
    check(
        "sum(rate(a{b=\"c\"}[{{.window}}])) - sum(rate(a{b=\"c\",code=~\"2..\"}[{{.window}}]))",
        total,
        "99.95% a{b=\"c\",code!~\"2..\"} of a{b=\"c\"}",
    );
    check(
        "(sum(rate(a{b=\"c\"}[{{.window}}]))) - (sum(rate(a{b=\"c\",code=\")\"}[{{.window}}])))",
        total,
        "99.95% a{b=\"c\",code!=\")\"} of a{b=\"c\"}",
    );
    check(
        "(sum(rate(d_count[{{.window}}])) - sum(rate(d_bucket{le=\"1\"}[{{.window}}])))",
        "sum(rate(d_count[{{.window}}]))",
        "99.95% d_bucket{le=~\"1|1\\\\.0\"} of d_count",
    );
    check(
        "sum(increase(a{x=\"1\"}[{{.window}}]))",
        total,
        "one query is a rate and the other an increase",
    );
    // What cannot be told is asked as it is.
    let query = "sum by (x) (rate(a[{{.window}}]))";
    check(query, total, &format!("99.95% {query} of {total}"));
    let query = "sum(rate(z[{{.window}}])) - sum(rate(a{b=\"c\",x=\"1\"}[{{.window}}]))";
    check(query, total, &format!("99.95% {query} of {total}"));
    let query = "sum(count_over_time(a[{{.window}}]))";
    let share = format!("({query})\n/\n({total})");
    check(query, total, &format!("99.95% {share} of {share}"));
    check("sum(rate(a[{{.window}}])", total, "its query cannot be asked: a bracket is not closed");
}

#[test]
fn good_events_give_the_opposite() {
    let text = "apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\nmetadata: { name: up }\n\
                spec:\n  target: 99\n  window: 2w\n  indicator:\n    latency:\n      success: { metric: \
                'a{code=\"200\"}' }\n      total: { metric: a }\n";
    let (made, _) = imported(text);
    let (_, catalogue) = made.unwrap();
    let (id, slo) = catalogue.slos().next().unwrap();
    assert_eq!(id.to_string(), "pyrra.up");
    assert_eq!(slo.bad, "a{code!=\"200\"}");
    assert_eq!(slo.window, Millis::from_days(14));
}

/// Which of Sloth's cases can be carried over, and which not.
#[test]
fn sloths_cases() {
    let Some(folder) = conformance("sloth") else { return };
    for (name, expected) in [
        ("getting-started", "1 objectives, 1 features, 0 refused"),
        ("home-wifi", "2 objectives, 2 features, 0 refused"),
        ("kubernetes-apiserver", "2 objectives, 2 features, 0 refused"),
        ("multifile", "2 objectives, 2 features, 0 refused"),
        ("no-alerts", "1 objectives, 1 features, 0 refused"),
        ("openslo-getting-started", "1 objectives, 1 features, 0 refused"),
        ("raw-home-wifi", "1 objectives, 1 features, 0 refused"),
    ] {
        let (made, losses) = imported(&text_of(&folder.join(format!("{name}.in.yml"))));
        let (slos, features) =
            made.map_or((0, 0), |(_, it)| (it.slos().count(), it.features.len()));
        let refused = losses.lines().last().unwrap().split(',').next().unwrap().to_owned();
        assert_eq!(
            format!("{slos} objectives, {features} features, {refused}"),
            expected,
            "{name}"
        );
    }
}
