//! Alerts on how a budget stands and on nothing being measured, of a feature and of a service objective.

use crate::story::{Teller, at};
use engine::Command;
use model::{
    Alerts, BudgetAlerts, BudgetLeft, Catalogue, Exhausted, Millis, NoData, Severity, SloId,
};
use slo::ConditionState::{Firing, Quiet};
use slo::{Exhaustion, Standing, Unmeasured};
use testkit::assessment;

const FEATURE: &str = "see-reports";
const WITHIN: Millis = Millis::from_days(2);

/// Every alert there is on budgets, for one feature and one objective.
pub(crate) fn configure(it: &mut Catalogue) {
    let severity = Severity::Ticket;
    let budget = BudgetAlerts {
        left: Some(BudgetLeft { below_ppm: 100_000, severity }),
        exhausted: Some(Exhausted { within: WITHIN, severity }),
        no_data: Some(NoData { after: Millis::from_mins(20), severity }),
    };
    it.features.get_mut(&FEATURE.into()).expect("of the example").budget_alerts = budget;
    let service = it.services.get_mut(&"payments-api".into()).expect("of the example");
    service.slos.get_mut("availability").expect("of the example").alerts =
        Some(Alerts { conditions: vec![], budget });
}

pub(crate) fn tell(teller: &mut Teller) {
    let start = teller.last(|state| state.at.minute() - at(0).minute()) + 5;
    let slo = SloId::from("payments-api.availability");
    let soon = |state, stays| Exhaustion { within: WITHIN, state, stays, burn: None };
    let known = |left, exhaustion| Standing {
        left: Some(left),
        exhaustion: Some(exhaustion),
        unmeasured: None,
    };
    let silent = Standing {
        unmeasured: Some(Unmeasured {
            length: Millis::from_mins(60),
            known_before: true,
            silent: vec![slo.clone()],
        }),
        ..Standing::default()
    };
    let steps = [
        known(0.05, soon(Firing, true)),
        known(0.9, soon(Quiet, false)),
        silent.clone(),
        silent,
        known(0.9, soon(Quiet, false)),
    ];
    for (minutes, standing) in (0..).step_by(6).zip(steps) {
        let minutes = start + minutes;
        let mut found = assessment("99.5%", Quiet, Quiet, at(minutes));
        found.standing = standing;
        let assessment = Box::new(found.clone());
        teller.does(minutes, Command::Observe { feature: FEATURE.into(), assessment });
        let assessment = Box::new(found);
        teller.does(minutes, Command::ObserveSlo { slo: slo.clone(), assessment });
    }
    let assessment = Box::new(assessment("99.9%", Firing, Quiet, at(start + 30)));
    teller.does(start + 30, Command::ObserveSlo { slo, assessment });
}
