//! What is written, as Prometheus' own tool reads it.

#![cfg(feature = "servers")]

mod needs_server {
    use formats::{RuleOptions, from_catalogue, joined, read, report, rules, rules_yaml};
    use model::{Severity, Slo};
    use slo::{ConditionState, Rings, Slice, default_conditions, evaluate};
    use std::fmt::Write as _;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    /// It comes in the same package as Prometheus and lies beside it.
    #[expect(clippy::disallowed_methods, reason = "where servers are is told to tests so")]
    fn promtool() -> PathBuf {
        let prometheus = std::env::var("LAMPLIGHTER_TEST_PROMETHEUS")
            .unwrap_or_else(|_| "/usr/bin/prometheus".to_owned());
        Path::new(&prometheus).with_file_name("promtool")
    }

    fn scratch(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("lamplighter-formats-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        folder
    }

    #[track_caller]
    fn accepted(arguments: &[&str], file: &Path) -> String {
        let output = Command::new(promtool())
            .args(arguments)
            .arg(file)
            .output()
            .expect("promtool starts; the package is called prometheus");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        said
    }

    /// Each document in a file of its own: promtool looks at the first document of a file only.
    #[track_caller]
    fn check(name: &str, specs: &[formats::SloSpec], expected_rules: usize) {
        let (documents, losses) = rules(specs, &RuleOptions::default());
        assert!(!formats::any_refused(&losses), "{}", report(&losses));
        let folder = scratch(name);
        let mut count = 0;
        for (index, groups) in documents.iter().enumerate() {
            let file = folder.join(format!("{index}.yml"));
            std::fs::write(&file, rules_yaml(std::slice::from_ref(groups))).expect("written");
            count += counted(&file);
        }
        assert_eq!(count, expected_rules, "{name}");
        // All in one, unless two alerts look alike, which promtool refuses and `joined` says.
        let (groups, alike) = joined(&documents);
        if alike.is_empty() {
            let file = folder.join("joined.yml");
            std::fs::write(&file, rules_yaml(&[groups])).expect("written");
            assert_eq!(counted(&file), expected_rules, "{name}, joined");
        } else {
            assert_eq!(name, "multifile", "{}", report(&alike));
        }
        std::fs::remove_dir_all(folder).expect("ours");
    }

    /// How many rules promtool finds, and nothing to complain about.
    #[track_caller]
    fn counted(file: &Path) -> usize {
        let said = accepted(&["check", "rules"], file);
        let found = said.split("SUCCESS: ").nth(1).and_then(|it| it.split(' ').next());
        let found = found.and_then(|it| it.parse().ok());
        found.unwrap_or_else(|| panic!("promtool is content:\n{said}"))
    }

    const SAMPLES: &str = r#"
version: prometheus/v1
service: shop
labels: { quoted: "a\"b\\c\nd" }
slos:
  - name: buying
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(buys_total{ok="no"}[{{.window}}]))
        total_query: sum(rate(buys_total[{{.window}}]))
    alerting: { name: BuyingFails }
---
apiVersion: openslo/v1
kind: SLO
metadata: { name: lag }
spec:
  service: queue
  indicator:
    metadata: { name: lag }
    spec: { thresholdMetric: { metricSource: { type: Prometheus, spec: { query: max(queue_lag) } } } }
  budgetingMethod: Occurrences
  timeWindow: [{ duration: 30d, isRolling: true }]
  objectives: [{ op: lte, value: 5, targetPercent: 99.5 }]
---
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: { name: native }
spec:
  target: "99"
  window: 4w
  indicator: { latencyNative: { latency: 500ms, total: { metric: 'd{job="a"}' } } }
---
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: { name: boolean }
spec:
  target: "99"
  window: 4w
  indicator: { bool_gauge: { metric: up } }
"#;

    #[test]
    fn rules_pass_its_check() {
        let found = read(&[("samples.yml", SAMPLES)]);
        assert!(!formats::any_refused(&found.losses), "{}", report(&found.losses));
        check("samples", &found.specs, 17 + 15 + 17 + 17);
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let loaded = catalog::load(&[here.join("../../examples/solar/lamplighter.yaml")]);
        let (specs, _) = from_catalogue(&loaded.catalogue.expect("the example is valid"));
        check("solar", &specs, 4 * 17 + 2 * 15);
        let Some(cases) =
            here.ancestors().map(|it| it.join("shared/conformance/sloth")).find(|it| it.is_dir())
        else {
            println!("left out: there is no shared/conformance/sloth; own samples carry this test");
            return;
        };
        for (case, expected) in [
            ("getting-started", 17),
            ("home-wifi", 34),
            ("kubernetes-apiserver", 34),
            ("multifile", 34),
            ("no-alerts", 15),
            ("openslo-getting-started", 15),
            ("raw-home-wifi", 17),
        ] {
            let text = std::fs::read_to_string(cases.join(format!("{case}.in.yml")));
            check(case, &read(&[(case, &text.expect("readable"))]).specs, expected);
        }
    }

    const OURS: &str = r#"
org: home
people: { me: { timezone: UTC } }
teams: { us: { members: [me] } }
services: { shop: { team: us, slos: { up: { objective: 99.9%, ratio: { bad: 'a_total{ok="no"}', total: a_total } } } } }
features: { buy: { question: Can people buy?, team: us, objective: 99.9%, needs: shop.up } }
sources: { prometheus: { prometheus: { url: http://127.0.0.1:9090 } } }
"#;

    /// Minutes of health before anything breaks, so that long windows have something to look at.
    const HEALTHY: u32 = 400;
    const EVENTS_PER_MINUTE: u64 = 2_000_000;

    /// Bad events in one minute: a share of them for a while, after health.
    struct Story {
        name: &'static str,
        bad_per_minute: u64,
        minutes: u32,
        after: u32,
    }

    impl Story {
        fn bad_at(&self, minute: u32) -> u64 {
            let broken = (HEALTHY..HEALTHY + self.minutes).contains(&minute);
            if broken { self.bad_per_minute } else { 0 }
        }

        fn length(&self) -> u32 {
            HEALTHY + self.minutes + self.after
        }
    }

    /// What our own engine says after each minute.
    fn told_by_the_engine(story: &Story, slo: &Slo, severity: Severity) -> Vec<bool> {
        let base = 30_000_000;
        let mut rings = Rings::new(slo.window);
        (0..story.length())
            .map(|minute| {
                let bad = story.bad_at(minute);
                let minute = base + i64::from(minute);
                rings.record(minute, Slice::known(bad, EVENTS_PER_MINUTE));
                let conditions = default_conditions();
                let said = evaluate(slo.objective, slo.window, &conditions, &rings, minute);
                said.state(severity) == ConditionState::Firing
            })
            .collect()
    }

    /// The same story for promtool, with what it must find at some minutes.
    fn unit_test(story: &Story, expected: &[(u32, Severity, bool)]) -> String {
        let failed: Vec<u64> = (0..story.length()).map(|it| story.bad_at(it)).collect();
        tested(&failed, expected)
    }

    /// Failures minute by minute for promtool, with what it must find at some minutes.
    fn tested(failed: &[u64], expected: &[(u32, Severity, bool)]) -> String {
        let mut sums = (0, 0);
        let mut values = (String::from("0"), String::from("0"));
        for bad in failed {
            sums = (sums.0 + EVENTS_PER_MINUTE - bad, sums.1 + bad);
            write!(values.0, " {}", sums.0).expect("a string takes it");
            write!(values.1, " {}", sums.1).expect("a string takes it");
        }
        let mut text = format!(
            "rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n  \
             - series: 'a_total{{ok=\"yes\"}}'\n    values: '{}'\n  - series: 'a_total{{ok=\"no\"}}'\n    \
             values: '{}'\n  promql_expr_test:\n",
            values.0, values.1
        );
        for (minute, severity, fires) in expected {
            let value = u32::from(*fires);
            writeln!(
                text,
                "  - expr: sum(ALERTS{{alertstate=\"firing\",sloth_severity=\"{severity}\"}}) or vector(0)\n    \
                 eval_time: {minute}m\n    exp_samples: [{{ labels: '{{}}', value: {value} }}]"
            )
            .expect("a string takes it");
        }
        text
    }

    /// Where our engine changes its mind, the rules have changed theirs within `slack` minutes and
    /// not earlier. Gives what the engine does, as text.
    fn agree(story: &Story, slo: &Slo, rules_text: &str) -> String {
        let mut expected = vec![];
        let mut shown = vec![];
        for (severity, slack) in [(Severity::Page, 1), (Severity::Ticket, 6)] {
            let told = told_by_the_engine(story, slo, severity);
            let changes = (1..told.len()).filter(|it| told[*it] != told[*it - 1]);
            for change in changes {
                let at = u32::try_from(change).expect("few minutes") + 1;
                shown.push(format!(
                    "{severity} {} at {}",
                    if told[change] { "begins" } else { "ends" },
                    at - HEALTHY
                ));
                expected.push((at - slack, severity, !told[change]));
                expected.push((at + slack, severity, told[change]));
            }
            expected.push((story.length(), severity, *told.last().expect("some minutes")));
        }
        let folder = scratch(story.name);
        std::fs::write(folder.join("rules.yml"), rules_text).expect("written");
        let file = folder.join("test.yml");
        std::fs::write(&file, unit_test(story, &expected)).expect("written");
        accepted(&["test", "rules"], &file);
        std::fs::remove_dir_all(folder).expect("ours");
        shown.join(", ")
    }

    /// At traffic where chance plays no part, our engine and the rules it writes fire together.
    #[test]
    fn the_rules_fire_when_our_engine_does() {
        let loaded = catalog::load_str(&[("ours.yaml", OURS)]);
        let catalogue = loaded.catalogue.expect("valid");
        let (specs, _) = from_catalogue(&catalogue);
        let (documents, _) = rules(&specs, &RuleOptions::default());
        let text = rules_yaml(&documents);
        let slo = catalogue.slos().next().expect("one").1.clone();
        let stories = [
            Story { name: "outage", bad_per_minute: 2_000_000, minutes: 10, after: 120 },
            Story { name: "two-percent", bad_per_minute: 40_000, minutes: 90, after: 120 },
            Story { name: "half-a-percent", bad_per_minute: 10_000, minutes: 700, after: 60 },
            Story { name: "within-budget", bad_per_minute: 1_000, minutes: 600, after: 60 },
        ];
        let told: Vec<_> = stories.iter().map(|it| agree(it, &slo, &text)).collect();
        assert_eq!(
            told,
            [
                "page begins at 1, page ends at 40, ticket begins at 1",
                "page begins at 41, page ends at 92, ticket begins at 20",
                "ticket begins at 93",
                ""
            ]
        );
    }

    /// Minutes on either side of a change of mind in which rules and engine may differ: one of evaluation, and
    /// what `rate` extrapolates over the edges of the longest window of that urgency.
    const SLACKS: [(Severity, usize); 2] = [(Severity::Page, 2), (Severity::Ticket, 6)];

    /// Failures per minute after health, in millionths of all: outages, slow burns, flapping and recovery,
    /// as the seed wants it.
    fn seeded(seed: u64) -> Vec<u64> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut below = move |limit: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % limit
        };
        let mut minutes = vec![0; usize::try_from(HEALTHY).expect("few")];
        while minutes.len() < 900 {
            let length = 10 + below(80);
            let share = [0, 500, 3_000, 8_000, 20_000, 100_000, 1_000_000];
            let share = share[usize::try_from(below(7)).expect("few")];
            let flaps = below(3) == 0;
            minutes.extend((0..length).map(|it| if flaps && it % 8 >= 4 { 0 } else { share }));
        }
        minutes.truncate(900);
        minutes
    }

    /// Goal: rules and engine agree whatever happens, not only in stories made for it. Method: seeded series
    /// at traffic where chance plays no part; at every fifth minute at which the engine does not change its
    /// mind within the slack, the rules say the same.
    #[test]
    fn the_rules_and_our_engine_agree_on_seeded_series() {
        let loaded = catalog::load_str(&[("ours.yaml", OURS)]);
        let catalogue = loaded.catalogue.expect("valid");
        let (specs, _) = from_catalogue(&catalogue);
        let (documents, _) = rules(&specs, &RuleOptions::default());
        let slo = catalogue.slos().next().expect("one").1.clone();
        let folder = scratch("seeded");
        std::fs::write(folder.join("rules.yml"), rules_yaml(&documents)).expect("written");
        let (mut compared, mut firing) = (0, 0);
        for seed in 0..3 {
            let failed: Vec<u64> =
                seeded(seed).iter().map(|it| it * (EVENTS_PER_MINUTE / 1_000_000)).collect();
            let mut expected = vec![];
            for (severity, slack) in SLACKS {
                let mut rings = Rings::new(slo.window);
                let told: Vec<bool> = failed
                    .iter()
                    .zip(30_000_000..)
                    .map(|(bad, minute)| {
                        rings.record(minute, Slice::known(*bad, EVENTS_PER_MINUTE));
                        let conditions = default_conditions();
                        let said = evaluate(slo.objective, slo.window, &conditions, &rings, minute);
                        said.state(severity) == ConditionState::Firing
                    })
                    .collect();
                for at in (slack..told.len() - slack).step_by(5) {
                    let now = told[at];
                    if told[at - slack..=at + slack].iter().all(|it| *it == now) {
                        let minute = u32::try_from(at).expect("few minutes") + 1;
                        expected.push((minute, severity, now));
                        compared += 1;
                        firing += u32::from(now);
                    }
                }
            }
            let file = folder.join(format!("seed-{seed}.yml"));
            std::fs::write(&file, tested(&failed, &expected)).expect("written");
            println!("seed {seed}");
            accepted(&["test", "rules"], &file);
        }
        assert!(compared > 400 && firing > 80, "{firing} of {compared}");
        std::fs::remove_dir_all(folder).expect("ours");
    }
}
