//! A seeded generator and a small catalogue for the tests of this crate.

use model::{
    Catalogue, Feature, Millis, Need, Objective, Service, ServiceKind, Slo, SloId, Source,
    SourceKind,
};
use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::Rng;
use std::collections::BTreeMap;

pub(crate) struct Prng(Pcg64Mcg);

impl Prng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Pcg64Mcg::new(
            u128::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835),
        ))
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0.next_u64() % limit
    }

    pub(crate) fn below_i64(&mut self, limit: u64) -> i64 {
        i64::try_from(self.below(limit)).expect("small")
    }
}

/// Two services with an objective each, and a feature that needs both; one Prometheus that
/// scrapes every 15 s.
pub(crate) fn catalogue() -> Catalogue {
    let slo = |bad: &str, total: &str| Slo {
        objective: Objective::parse("99.9%").unwrap(),
        window: Millis::from_days(28),
        bad: bad.into(),
        total: total.into(),
        source: "prometheus".into(),
        sli: model::Sli::Bad,
        method: model::Method::Occurrences,
        calendar: None,
        loses: None,
        alerts: None,
    };
    let service = |slo| Service {
        kind: ServiceKind::Supplier,
        slos: BTreeMap::from([("up".to_owned(), slo)]),
        urgency: None,
    };
    let need = |id: &str| Need::Slo(SloId::from(id));
    let feature = Feature {
        question: "Does the light go on?".into(),
        team: "team".into(),
        objective: Objective::parse("99.5%").unwrap(),
        window: Millis::from_days(28),
        needs: Need::All(vec![need("api.up"), need("carrier.up")]),
        owners: None,
        escalation: None,
        method: model::Method::Occurrences,
        calendar: None,
        urgency: None,
        own: model::Own::default(),
        alerts: vec![],
        alerts_nobody: false,
        budget_alerts: model::BudgetAlerts::default(),
        revision: None,
        segments: None,
        labels: std::collections::BTreeMap::new(),
    };
    let source = Source {
        kind: SourceKind::Prometheus { url: "http://127.0.0.1:9090".into(), token: None },
        interval: Millis::from_secs(15),
    };
    Catalogue {
        org: "solar".into(),
        public_url: None,
        people: BTreeMap::new(),
        teams: BTreeMap::new(),
        services: BTreeMap::from([
            ("api".into(), service(slo("api_bad", "api_total"))),
            ("carrier".into(), service(slo("carrier_bad", "carrier_total"))),
        ]),
        features: BTreeMap::from([("light-on".into(), feature)]),
        rotas: BTreeMap::new(),
        escalations: BTreeMap::new(),
        channels: BTreeMap::new(),
        channel_priorities: BTreeMap::new(),
        channel_receipts: BTreeMap::new(),
        back: model::Back::default(),
        sources: BTreeMap::from([("prometheus".into(), source)]),
        watched: model::Watched::default(),
        pager: model::Pager::default(),
        pay: None,
    }
}
