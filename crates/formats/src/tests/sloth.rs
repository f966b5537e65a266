//! Sloth's files in, Prometheus rules out.

use super::{conformance, same, text_of};
use crate::{RuleOptions, read, read_windows, report, rules, rules_yaml, yaml};
use model::{Labels, Millis};

fn options() -> RuleOptions {
    let labels = Labels::from([("cmd".to_owned(), "examplesgen.sh".to_owned())]);
    RuleOptions { labels, ..RuleOptions::default() }
}

/// Rules of `text`, and the report of reader and writer.
fn written(text: &str, options: &RuleOptions) -> (String, String) {
    let found = read(&[("a.yml", text)]);
    let (documents, more) = rules(&found.specs, options);
    let losses: Vec<_> = found.losses.into_iter().chain(more).collect();
    (rules_yaml(&documents), report(&losses))
}

#[test]
fn every_case_of_sloth_gives_its_rules() {
    let Some(folder) = conformance("sloth") else { return };
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(case) = name.strip_suffix(".in.yml") else { continue };
        let (actual, losses) = written(&text_of(&path), &options());
        assert_eq!(losses, "", "{case}");
        let expected = text_of(&folder.join(format!("{case}.expected.yml")));
        same(&yaml::parse(&actual).unwrap(), &yaml::parse(&expected).unwrap(), case);
        count += 1;
    }
    assert_eq!(count, 7);
}

#[test]
fn a_file_of_windows_is_read() {
    let Some(folder) = conformance("sloth") else { return };
    let (windows, losses) =
        read_windows("windows-7d.yml", &text_of(&folder.join("windows-7d.yml")));
    assert_eq!(losses, []);
    let options = RuleOptions { period: Millis::from_days(7), windows, ..RuleOptions::default() };
    let (text, losses) = written(&SMALL.replace("disable: true", "disable: false"), &options);
    assert_eq!(losses, "");
    for part in ["(13.44 * 0.01)", "(3.5 * 0.01)", "(1.4000000000000001 * 0.01)", "(0.98 * 0.01)"] {
        assert_eq!(text.matches(part).count(), 2, "{part}");
    }
    assert!(text.contains("slo:sli_error:ratio_rate1w"));
}

const SMALL: &str = r#"
version: prometheus/v1
service: shop
labels: { team: us }
slos:
  - name: buying
    objective: 99
    sli:
      events:
        error_query: sum(rate(buys_total{ok="no"}[{{ .window }}]))
        total_query: sum(rate(buys_total[{{.window}}]))
    alerting:
      name: BuyingFails
      ticket_alert: { disable: true }
"#;

#[test]
fn the_small_sample_as_a_whole() {
    let (text, losses) = written(SMALL, &options());
    assert_eq!(losses, "");
    let groups = super::one(&text);
    let groups = groups.get("groups").unwrap().items();
    let text_at =
        |node: &yaml::Node, key: &str| node.get(key).and_then(|it| it.text().map(str::to_owned));
    let shown: Vec<String> = groups
        .iter()
        .flat_map(|group| {
            let title = text_at(group, "name").unwrap();
            let rules = group.get("rules").unwrap().items().iter().map(|rule| {
                let name = text_at(rule, "record").or(text_at(rule, "alert")).unwrap();
                format!("  {name} = {}", text_at(rule, "expr").unwrap().replace('\n', " "))
            });
            std::iter::once(title).chain(rules.collect::<Vec<_>>())
        })
        .collect();
    let filter = r#"{sloth_id="shop-buying", sloth_service="shop", sloth_slo="buying"}"#;
    let sli = |window: &str| {
        format!(
            "  slo:sli_error:ratio_rate{window} = (sum(rate(buys_total{{ok=\"no\"}}[{window}]))) / \
             (sum(rate(buys_total[{window}]))) "
        )
    };
    let over = |window: &str, factor: &str| {
        format!(
            "    max(slo:sli_error:ratio_rate{window}{filter} > ({factor} * 0.01)) without (sloth_window)"
        )
    };
    let five = format!("slo:sli_error:ratio_rate5m{filter}");
    let budget = format!(
        "/ on(sloth_id, sloth_slo, sloth_service) group_left slo:error_budget:ratio{filter} "
    );
    let mut expected = vec!["sloth-slo-sli-recordings-shop-buying".to_owned()];
    expected.extend(["5m", "30m", "1h", "2h", "6h", "1d", "3d"].map(sli));
    expected.extend([
        format!(
            "  slo:sli_error:ratio_rate30d = sum_over_time({five}[30d]) / ignoring (sloth_window) \
             count_over_time({five}[30d]) "
        ),
        "sloth-slo-meta-recordings-shop-buying".to_owned(),
        "  slo:objective:ratio = vector(0.99)".to_owned(),
        "  slo:error_budget:ratio = vector(1-0.99)".to_owned(),
        "  slo:time_period:days = vector(30)".to_owned(),
        format!("  slo:current_burn_rate:ratio = {five} {budget}"),
        format!("  slo:period_burn_rate:ratio = slo:sli_error:ratio_rate30d{filter} {budget}"),
        format!(
            "  slo:period_error_budget_remaining:ratio = 1 - slo:period_burn_rate:ratio{filter}"
        ),
        "  sloth_slo_info = vector(1)".to_owned(),
        "sloth-slo-alerts-shop-buying".to_owned(),
        format!(
            "  BuyingFails = ( {}     and {} ) or ( {}     and {} ) ",
            over("5m", "14.4"),
            over("1h", "14.4"),
            over("30m", "6"),
            over("6h", "6")
        ),
    ]);
    assert_eq!(shown, expected);
    let info = groups[1].get("rules").unwrap().items()[6].get("labels").unwrap();
    assert_eq!(
        crate::to_yaml(info),
        "cmd: examplesgen.sh\nsloth_id: shop-buying\nsloth_mode: cli-gen-prom\n\
         sloth_objective: '99'\nsloth_service: shop\nsloth_slo: buying\n\
         sloth_spec: prometheus/v1\nsloth_version: dev\nteam: us\n"
    );
    let alert = &groups[2].get("rules").unwrap().items()[0];
    assert_eq!(
        crate::to_yaml(alert.get("annotations").unwrap()),
        "summary: '{{$labels.sloth_service}} {{$labels.sloth_slo}} SLO error budget burn rate is \
         over expected.'\ntitle: '(page) {{$labels.sloth_service}} {{$labels.sloth_slo}} SLO error \
         budget burn rate is too fast.'\n"
    );
}

#[test]
fn the_kubernetes_spelling_gives_the_same_but_for_its_name() {
    let text = r#"
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: { name: shop-slos, namespace: monitoring, labels: { prometheus: main } }
spec:
  service: shop
  labels: { team: us }
  slos:
    - name: buying
      objective: 99
      sli:
        events:
          errorQuery: sum(rate(buys_total{ok="no"}[{{.window}}]))
          totalQuery: sum(rate(buys_total[{{.window}}]))
      alerting:
        name: BuyingFails
        ticketAlert: { disable: true }
"#;
    let (of_crd, losses) = written(text, &options());
    assert_eq!(
        losses,
        "a.yml:4: lost: `metadata.labels` of shop-slos: they belong to the Kubernetes object, and \
         rules are no such object\n0 refused, 1 lost, 0 noted\n"
    );
    let (of_file, _) = written(SMALL, &options());
    let expected = of_file
        .replace("cli-gen-prom", "cli-gen-k8s")
        .replace("sloth_spec: prometheus/v1", "sloth_spec: sloth.slok.dev/v1");
    assert_eq!(of_crd, expected);
}

#[track_caller]
fn check(from: &str, to: &str, expected: &str) {
    assert!(SMALL.contains(from), "{from}");
    let (_, losses) = written(&SMALL.replacen(from, to, 1), &RuleOptions::default());
    assert_eq!(losses, expected);
}

#[test]
fn what_cannot_be_carried_over_is_said_with_its_line() {
    check(
        "slos:",
        "slo_plugins: { chain: [{ id: x }] }\nslos:",
        "a.yml:5: lost: `slo_plugins`: plugins are programs that run inside Sloth; what they would \
         change is unchanged\n0 refused, 1 lost, 0 noted\n",
    );
    check(
        "    objective: 99\n",
        "    objective: 99\n    objectiv: 98\n",
        "a.yml:8: lost: `objectiv` of shop-buying: this key is not known here\n\
         0 refused, 1 lost, 0 noted\n",
    );
    check(
        "objective: 99",
        "objective: 101",
        "a.yml:6: refused: the objective of shop-buying: `objective` must be a percentage above 0 \
         and at most 100\n1 refused, 0 lost, 0 noted\n",
    );
    check(
        "[{{ .window }}]",
        "[5m]",
        "a.yml:10: refused: the objective of shop-buying: `error_query` has no `{{.window}}` where \
         the window goes\n1 refused, 0 lost, 0 noted\n",
    );
    check(
        "{{ .window }}",
        "{{ .service }}",
        "a.yml:10: refused: the objective of shop-buying: `error_query` has the hole \
         `{{.service}}`; only `{{.window}}` is known\n1 refused, 0 lost, 0 noted\n",
    );
    check(
        "name: buying",
        "name: b",
        "a.yml:6: refused: the objective of shop-b: `name: b` is no name: two or more letters, \
         digits, `-`, `_` and `.`, beginning and ending with a letter or digit\n\
         1 refused, 0 lost, 0 noted\n",
    );
    check(
        "name: BuyingFails",
        "labels: { a: b }",
        "a.yml:6: refused: the objective of shop-buying: `alerting.name` is missing, and its alerts \
         are not switched off\n1 refused, 0 lost, 0 noted\n",
    );
    check(
        "objective: 99",
        "objective: 90",
        "a.yml:6: noted: the page condition over 5m and 1h of shop-buying: it can never fire: 14.4 \
         times a budget of 0.1 is more than everything\n0 refused, 0 lost, 1 noted\n",
    );
    check(
        "labels: { team: us }",
        "labels: { team-name: us }",
        "a.yml:4: lost: `labels.team-name`: Prometheus takes no label of this name\n\
         0 refused, 1 lost, 0 noted\n",
    );
}

/// Manifests of Kubernetes hold other things too.
#[test]
fn documents_of_others_are_left_alone() {
    let other = "apiVersion: v1\nkind: Namespace\n";
    let (text, losses) = written(&format!("{other}---{SMALL}"), &RuleOptions::default());
    assert_eq!(text.matches("- name: sloth-slo-").count(), 3);
    assert_eq!(
        losses,
        "a.yml:1: noted: the document: it is left alone: none of the formats that are read here\n\
         0 refused, 0 lost, 1 noted\n"
    );
    assert!(crate::is_foreign(&format!("{other}---{SMALL}")));
    assert!(!crate::is_foreign(other));
    assert!(!crate::is_foreign("org: home\nservices: {}\n"));
    // Too broken to be parsed, and still known.
    assert!(crate::is_foreign("version: \"prometheus/v1\"\nslos: [\n"));
    assert!(!crate::is_foreign("org: [\n"));
}

/// The second objective is whole, and is written although the first is not.
#[test]
fn a_broken_objective_does_not_hide_the_others() {
    let second = SMALL.split("slos:\n").nth(1).unwrap().replace("name: buying", "name: selling");
    let both = format!("{}{second}", SMALL.replace("objective: 99", "objective: lots"));
    let (text, losses) = written(&both, &RuleOptions::default());
    assert!(losses.ends_with("1 refused, 0 lost, 0 noted\n"), "{losses}");
    assert_eq!(text.matches("- name: sloth-slo-").count(), 3);
    assert!(text.contains("sloth-slo-alerts-shop-selling"));
}

#[test]
fn two_of_one_id_are_refused_and_unknown_periods_need_windows() {
    let (text, losses) = written(&format!("{SMALL}---{SMALL}"), &RuleOptions::default());
    assert_eq!(
        losses,
        "a.yml:20: refused: the objective of shop-buying: another objective has the same id, so \
         their series could not be told apart\n1 refused, 0 lost, 0 noted\n"
    );
    assert_eq!(text.matches("---\n").count(), 1);
    let options = RuleOptions { period: Millis::from_days(10), ..RuleOptions::default() };
    let (text, losses) = written(SMALL, &options);
    assert_eq!(text, "");
    assert_eq!(
        losses,
        "a.yml:6: refused: the objective of shop-buying: no set of alert windows is known for a \
         period of 10d; name a file of `kind: AlertWindows` with `--windows`\n\
         1 refused, 0 lost, 0 noted\n"
    );
}
