//! Our own catalogue out as rules.

use crate::{RuleOptions, from_catalogue, report, rules, rules_yaml};

const SMALL: &str = r#"
org: home
people: { me: { timezone: UTC } }
teams: { us: { members: [me] } }
services:
  shop:
    team: us
    slos:
      up: { objective: 99.9%, ratio: { bad: 'a_total{code=~"5.."}', total: a_total } }
suppliers:
  carrier-a: { slos: { up: { objective: 99%, window: 7d, ratio: { bad: 'b_total{ok="no"}', total: b_total } } } }
  carrier-b: { slos: { up: { objective: 99%, ratio: { bad: 'c_total{ok="no"}', total: c_total } } } }
features:
  buy:
    question: Can people buy?
    team: us
    objective: 99.5%
    needs: { all: [shop.up, { any: [carrier-a.up, carrier-b.up] }] }
sources: { prometheus: { prometheus: { url: http://127.0.0.1:9090 } } }
"#;

#[test]
fn every_service_objective_is_recorded_and_the_decisive_ones_alert() {
    let catalogue = catalog::load_str(&[("a.yaml", SMALL)]).catalogue.unwrap();
    let (specs, mut losses) = from_catalogue(&catalogue);
    let (documents, more) = rules(&specs, &RuleOptions::default());
    losses.extend(more);
    assert_eq!(
        report(&losses),
        "noted: alerts of carrier-a-up: no feature that alerts fails by it alone, so it is recorded and raises \
         no alert\n\
         noted: alerts of carrier-b-up: no feature that alerts fails by it alone, so it is recorded and raises \
         no alert\n\
         lost: the promise of feature buy: it is composed minute by minute, which rules cannot do; \
         its service objectives are written one by one\n0 refused, 1 lost, 2 noted\n"
    );
    let names: Vec<_> = documents[0].iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "sloth-slo-sli-recordings-carrier-a-up",
            "sloth-slo-meta-recordings-carrier-a-up",
            "sloth-slo-sli-recordings-carrier-b-up",
            "sloth-slo-meta-recordings-carrier-b-up",
            "sloth-slo-sli-recordings-shop-up",
            "sloth-slo-meta-recordings-shop-up",
            "sloth-slo-alerts-shop-up",
        ]
    );
    let text = rules_yaml(&documents);
    for part in [
        "(sum(rate(a_total{code=~\"5..\"}[5m])) or vector(0))",
        "slo:sli_error:ratio_rate1w",
        "slo:sli_error:ratio_rate4w",
        "sloth_objective: '99.9'",
        "team: us",
        "(13.44 * 0.0009999999999999432)",
    ] {
        assert!(text.contains(part), "{part} is in\n{text}");
    }
}
