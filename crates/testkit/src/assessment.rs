//! Assessments whose conditions say what a test wants them to say.

use model::{Millis, Objective, Severity, Timestamp};
use slo::{
    Assessed, Assessment, Budget, ConditionState, WindowCounts, default_conditions,
    is_significantly_above,
};

/// A promise of 28 days measured just before `now`: its paging conditions say `page`, the others
/// `ticket`. The counts fit what they say.
#[must_use]
pub fn assessment(
    objective: &str,
    page: ConditionState,
    ticket: ConditionState,
    now: Timestamp,
) -> Assessment {
    let objective = Objective::parse(objective).expect("an objective written in code is valid");
    let window = Millis::from_days(28);
    let conditions = default_conditions().map(|condition| {
        let state = if condition.severity == Severity::Page { page } else { ticket };
        let threshold = condition.threshold(objective, window);
        let (long, short) = (counts(condition.long, state), counts(condition.short, state));
        Assessed {
            condition,
            state,
            factor: threshold.factor,
            clamped: threshold.clamped,
            significant: is_significantly_above(long.bad, long.total, threshold.error_ratio),
            worth: None,
            long,
            short,
            uncertain: false,
        }
    });
    let counts =
        WindowCounts { bad: 800, total: 4_032_000, known_minutes: 40_320, minutes: 40_320 };
    Assessment {
        hidden: None,
        thin: None,
        standing: slo::Standing::default(),
        end_minute: now.minute() - 1,
        objective,
        window,
        conditions: conditions.into(),
        budget: Budget::of(counts, objective, window, None),
        burn_rate: None,
    }
}

/// A hundred events a minute, half of them bad where a condition fires.
fn counts(length: Millis, state: ConditionState) -> WindowCounts {
    let minutes = u32::try_from(length.whole_mins()).expect("a window has few minutes");
    let total = u64::from(minutes) * 100;
    match state {
        ConditionState::Firing => {
            WindowCounts { bad: total / 2, total, known_minutes: minutes, minutes }
        }
        ConditionState::Quiet => WindowCounts { bad: 0, total, known_minutes: minutes, minutes },
        ConditionState::Unmeasured => WindowCounts { bad: 0, total: 0, known_minutes: 0, minutes },
    }
}
