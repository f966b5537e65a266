//! Which teams live with their promises: have them signed, look at them, act on them.
//!
//! Intuition: a promise that nobody looks at is a wish. What is counted is how often a team's people opened a
//! view of a feature in a week; who it was is not known here, and cannot be found out from it.
//!
//! Invariants:
//! - looks are counted per team and week, never per person, and only in memory: looking changes nothing;
//! - everything else is read from what was done in one's own name.

use crate::Context;
use crate::access::Principal;
use crate::views::layout;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use engine::{ReviewStanding, SignRole};
use maud::{Markup, html};
use model::{Catalogue, FeatureId, Millis, PersonId, TeamId, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How far back is counted.
const WEEKS: i64 = 8;

/// How often teams looked at features, by week.
#[derive(Debug, Default)]
pub struct Looks(Mutex<BTreeMap<(i64, TeamId), u64>>);

impl Looks {
    /// Counts a look at a feature by somebody of these teams.
    pub(crate) fn note<'a>(&self, teams: impl Iterator<Item = &'a TeamId>, at: Timestamp) {
        let week = week(at);
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.retain(|(of, _), _| *of > week - WEEKS);
        for team in teams {
            *looks.entry((week, team.clone())).or_default() += 1;
        }
    }

    /// Looks of a team in the weeks up to `at`.
    fn of(&self, team: &TeamId, at: Timestamp) -> u64 {
        let from = week(at) - WEEKS;
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.iter().filter(|((week, of), _)| *week > from && of == team).map(|(_, it)| it).sum()
    }
}

fn week(at: Timestamp) -> i64 {
    at.0.div_euclid(Millis::from_days(7).0)
}

/// Counts that somebody opened the view of a feature.
pub(crate) fn looked(context: &Context, reader: &PersonId) {
    let state = context.handle.state();
    let Some(catalogue) = state.catalogue() else { return };
    let teams = catalogue.teams.iter().filter(|(_, it)| it.members.contains(reader));
    context.looks.note(teams.map(|(id, _)| id), context.clock.now());
}

/// How one team lives with its promises.
struct Adopted {
    team: TeamId,
    features: usize,
    /// Signed by both owners as they stand.
    signed: usize,
    overdue: usize,
    looks: u64,
    /// Signatures, explanations, reviews and waivers.
    acts: usize,
}

fn adopted(context: &Context, state: &engine::State, catalogue: &Catalogue) -> Vec<Adopted> {
    let now = context.clock.now();
    let since = now.minus(Millis::from_days(7 * WEEKS));
    let of = |team: &TeamId| {
        let features: Vec<&FeatureId> =
            catalogue.features.iter().filter(|(_, it)| it.team == *team).map(|it| it.0).collect();
        let both = |id: &&&FeatureId| {
            [SignRole::Product, SignRole::Engineering]
                .iter()
                .all(|role| state.signature(id, *role).is_some())
        };
        let overdue = |id: &&&FeatureId| {
            let standing = state.review_standing(id, now, &context.zones);
            matches!(standing, Some(ReviewStanding::Overdue { .. }))
        };
        Adopted {
            signed: features.iter().filter(both).count(),
            overdue: features.iter().filter(overdue).count(),
            acts: features.iter().map(|id| acts(state, id, since)).sum(),
            looks: context.looks.of(team, now),
            features: features.len(),
            team: team.clone(),
        }
    };
    catalogue.teams.keys().map(of).collect()
}

/// What was done about a promise since then.
fn acts(state: &engine::State, id: &FeatureId, since: Timestamp) -> usize {
    let signed = state.signatures.get(id).into_iter().flatten().map(|(_, it)| it.at);
    let waived = state.waivers.get(id).map(|it| it.at);
    let reviewed = state.promises.reviews.get(id).and_then(|it| it.done.as_ref()).map(|it| it.at);
    let kept = state.promises.revisions.get(id).map_or(&[][..], |it| &it.kept);
    let explained = kept.iter().flat_map(|it| &it.given).map(|it| it.at);
    signed.chain(waived).chain(reviewed).chain(explained).filter(|at| *at >= since).count()
}

/// `GET /api/v1/adoption`
pub(crate) async fn api(State(context): State<Context>) -> Json<Value> {
    let state = context.handle.state();
    let found = state.catalogue().map(|it| adopted(&context, &state, it)).unwrap_or_default();
    let team = |it: &Adopted| {
        json!({
            "team": it.team, "features": it.features, "signed_by_both": it.signed,
            "reviews_overdue": it.overdue, "looks": it.looks, "acts": it.acts,
        })
    };
    Json(json!({ "weeks": WEEKS, "teams": found.iter().map(team).collect::<Vec<_>>() }))
}

/// `GET /adoption`
pub(crate) async fn view(
    State(context): State<Context>,
    Extension(who): Extension<Principal>,
) -> Response {
    let Some(reader) = who.person().cloned() else { return crate::forms::nothing_here() };
    let main = {
        let state = context.handle.state();
        let found = state.catalogue().map(|it| adopted(&context, &state, it)).unwrap_or_default();
        table(&found)
    };
    layout::full(&context, &reader, "", "Who lives with promises", &main).into_response()
}

fn table(found: &[Adopted]) -> Markup {
    html! {
        h1 { "Who lives with their promises" }
        div.scroll tabindex="0" { table {
            thead { tr { th { "Team" } th { "Signed by both" } th { "Looks" } th { "Acts" } th { "Reviews overdue" } } }
            tbody { @for it in found { tr {
                th scope="row" { a href={ "/?team=" (it.team) } { (it.team) } }
                td { (it.signed) " of " (it.features) }
                td { (it.looks) } td { (it.acts) }
                td { @if it.overdue > 0 { strong.bad { "▲ " (it.overdue) } } @else { "none" } }
            } } }
        } }
        p.soft { "Of the last " (WEEKS) " weeks. A look is a view of a feature that somebody of the team opened: "
            "counted per team and week, never per person, since this server started. An act is a signature, an "
            "explanation, a review or a waiver of one of the team's promises." }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_forgotten_after_eight_weeks() {
        let looks = Looks::default();
        let (team, at) = (TeamId::from("payments"), crate::tests::NOW);
        let later = |weeks: i64| at.plus(Millis::from_days(7 * weeks));
        looks.note([&team].into_iter(), at);
        looks.note([&team].into_iter(), at);
        looks.note([&team].into_iter(), later(7));
        assert_eq!((looks.of(&team, later(7)), looks.of(&team, later(8))), (3, 1));
        looks.note([&team].into_iter(), later(9));
        assert_eq!(looks.0.lock().unwrap().len(), 2, "old weeks leave memory");
        assert_eq!(looks.of(&TeamId::from("field"), at), 0);
    }
}
