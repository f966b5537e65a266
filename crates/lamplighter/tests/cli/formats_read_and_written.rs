//! `rules` and `import` as they are typed.

use super::{folder, run, typed};
use formats::yaml::{self, Node};
use insta::assert_snapshot;
use std::path::{Path, PathBuf};

/// The conformance cases of Sloth, if this checkout has them: they lie beside the checkout, and a
/// worktree is one level deeper.
fn conformance() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = here.ancestors().map(|it| it.join("shared/conformance/sloth"));
    let found = folders.find(|it| it.is_dir());
    if found.is_none() {
        println!("left out: there is no shared/conformance/sloth; own samples carry this test");
    }
    found
}

fn documents(text: &str) -> Vec<Node> {
    yaml::parse(text).expect("YAML")
}

#[test]
fn every_case_of_sloth_gives_its_rules() {
    let Some(cases) = conformance() else { return };
    let home = folder("rules-of-sloth");
    let mut count = 0;
    for entry in std::fs::read_dir(&cases).expect("readable") {
        let file = entry.expect("readable").path();
        let name = file.file_name().and_then(|it| it.to_str()).expect("ASCII").to_owned();
        let Some(case) = name.strip_suffix(".in.yml") else { continue };
        let arguments =
            format!("rules {} --format sloth --label cmd=examplesgen.sh", file.display());
        let output = run(&home, &arguments);
        assert!(output.status.success(), "{case}: {output:?}");
        assert_eq!(output.stderr, b"", "{case}");
        let expected = std::fs::read_to_string(cases.join(format!("{case}.expected.yml")));
        let actual = String::from_utf8(output.stdout).expect("UTF-8");
        // Numbers in expressions are written as Sloth writes them, so the texts are the same too.
        assert!(documents(&actual) == documents(&expected.expect("readable")), "{case}:\n{actual}");
        count += 1;
    }
    assert_eq!(count, 7);
    let windows = cases.join("windows-7d.yml");
    let file = cases.join("getting-started.in.yml");
    let arguments = format!("rules {} --period 7d --windows {}", file.display(), windows.display());
    let output = run(&home, &arguments);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("(1.4000000000000001 * 0.0009999999999999432)"), "{text}");
    std::fs::remove_dir_all(home).expect("ours");
}

const SLOTH: &str = r#"
version: prometheus/v1
service: shop
labels: { team: us }
slos:
  - name: buying
    objective: 99
    description: Can people buy?
    sli:
      events:
        error_query: sum(rate(buys_total{ok="no"}[{{.window}}]))
        total_query: sum(rate(buys_total[{{.window}}]))
    alerting: { name: BuyingFails, labels: { channel: loud } }
  - name: watching
    objective: 95
    sli: { raw: { error_ratio_query: "1 - avg(up[5m])" } }
    alerting: { page_alert: { disable: true }, ticket_alert: { disable: true } }
"#;

#[test]
fn import_writes_what_check_accepts_and_says_what_is_lost() {
    let home = folder("import");
    std::fs::create_dir(home.join("slos")).expect("made");
    std::fs::write(home.join("slos/shop.yml"), SLOTH).expect("written");
    std::fs::write(home.join("slos/prometheus.yml"), "scrape_configs: []\n").expect("written");
    let good = SLOTH.replace("up[5m]", "up[{{.window}}]");
    assert_snapshot!(typed(&home, "import slos --org home"), @r#"
    exit code 1
    --- output
    # Written by `lamplighter import`. Put in people, channels and escalations; see the loss report.
    org: home
    people:
      somebody:
        timezone: UTC
    teams:
      us:
        members:
        - somebody
    services:
      shop:
        team: us
        slos:
          buying:
            objective: '99%'
            window: 30d
            ratio:
              bad: buys_total{ok="no"}
              total: buys_total
    features:
      shop-buying:
        question: Can people buy?
        team: us
        objective: '99%'
        window: 30d
        needs: shop.buying
    sources:
      prometheus:
        prometheus:
          url: http://127.0.0.1:9090
          interval: 1m
    --- errors
    slos/prometheus.yml: left alone: it is no file of Sloth, OpenSLO or Pyrra
    noted: people: no file says who is in a team or how to reach them: `somebody` stands in; add people with addresses, channels and escalations before anybody can be paged
    noted: the interval of the source: no file says how often your Prometheus scrapes, so it is 1m; where that is too short, most minutes are unknown, and where it is too long, they are only known later
    slos/shop.yml:6: noted: the window of shop-buying: the file names no period, so it is 30d
    slos/shop.yml:6: lost: labels of alerts of shop-buying: who is called is said by the escalation of the team, not by labels
    slos/shop.yml:16: refused: the objective of shop-watching: `error_ratio_query` has no `{{.window}}` where the window goes
    1 refused, 1 lost, 3 noted
    "#);
    let output = run(&home, "import slos --org home");
    std::fs::write(home.join("lamplighter.yaml"), output.stdout).expect("written");
    assert!(run(&home, "check").status.success());
    std::fs::write(home.join("slos/shop.yml"), good).expect("written");
    assert_eq!(run(&home, "rules slos/shop.yml").status.code(), Some(0));
    assert_snapshot!(typed(&home, "import slos/prometheus.yml"), @r#"
    exit code 1
    --- output
    --- errors
    slos/prometheus.yml: left alone: it is no file of Sloth, OpenSLO or Pyrra
    error: nothing could be imported
      hint: see the report above; `lamplighter rules` writes Prometheus rules for objectives that our configuration cannot hold
    "#);
    assert_snapshot!(typed(&home, "import nowhere.yml"), @r#"
    exit code 3
    --- output
    --- errors
    error: could not read nowhere.yml
      No such file or directory (os error 2)
    "#);
    std::fs::remove_dir_all(home).expect("ours");
}

#[test]
fn rules_of_our_own_configuration_and_as_openslo() {
    let home = folder("rules-of-ours");
    let minimal = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/minimal");
    let output = run(&home, &format!("rules {}", minimal.display()));
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let names = text.lines().filter(|it| it.starts_with("- name: ")).collect::<Vec<_>>();
    assert_eq!(
        names,
        [
            "- name: sloth-slo-sli-recordings-shop-availability",
            "- name: sloth-slo-meta-recordings-shop-availability",
            "- name: sloth-slo-alerts-shop-availability"
        ]
    );
    let shown = typed(&home, &format!("rules {} --format openslo", minimal.display()));
    assert_snapshot!(shown, @r#"
    exit code 0
    --- output
    - apiVersion: openslo/v1
      kind: SLO
      metadata:
        displayName: availability
        labels:
          org: home
          team: us
        name: shop-availability
      spec:
        budgetingMethod: Occurrences
        indicator:
          metadata:
            name: shop-availability
          spec:
            ratioMetric:
              bad:
                metricSource:
                  spec:
                    query: http_requests_total{job="shop",code=~"5.."}
                  type: Prometheus
              counter: true
              total:
                metricSource:
                  spec:
                    query: http_requests_total{job="shop"}
                  type: Prometheus
        objectives:
        - target: 0.999
        service: shop
        timeWindow:
        - duration: 28d
          isRolling: true
    --- errors
    lost: alerts of shop-availability: an alert here looks at two windows at once, and a policy of OpenSLO holds one condition over one window
    0 refused, 1 lost, 0 noted
    "#);
    std::fs::write(home.join("broken.yml"), "version: prometheus/v1\nservice: [\n")
        .expect("written");
    assert_snapshot!(typed(&home, "rules broken.yml"), @r#"
    exit code 1
    --- output
    --- errors
    broken.yml:2: refused: the file: it is not YAML: unclosed bracket '['
    1 refused, 0 lost, 0 noted
    "#);
    assert_snapshot!(typed(&home, "rules broken.yml --label 1=2"), @r#"
    exit code 2
    --- output
    --- errors
    error: invalid value '1=2' for '--label <NAME=VALUE>': Prometheus takes no label called `1`

    For more information, try '--help'.
    "#);
    std::fs::remove_dir_all(home).expect("ours");
}
