//! Escalation policies and services.

use super::Found;
use super::schedules::rotation_of;
use crate::desk::{Desk, OwnedPolicy};
use crate::draft::{DraftRota, Policy, Step};
use crate::json::{At, Read, merged};
use std::collections::BTreeMap;

/// Passes after the first that our configuration takes.
const REPEAT_MAX: i64 = 10;

pub(super) fn read(found: &Found<'_>, rotations: &BTreeMap<String, At<'_>>, desk: &mut Desk<'_>) {
    let mut made = vec![];
    for it in merged(found.get("escalationPolicies")) {
        let done = policy(&it, rotations, desk);
        made.extend(desk.kept(done).flatten());
    }
    desk.add_policies(made);
    for it in merged(found.get("services")) {
        let name = it.word("name").unwrap_or_default().to_owned();
        let policy = it.get("escalationPolicy").and_then(|it| it.word("name").map(str::to_owned));
        let why = format!(
            "GoAlert has no teams, and a service here belongs to one: left out. Its alerts went to `{}`",
            policy.unwrap_or_default()
        );
        desk.lost(&it, &name, why);
    }
}

fn policy(
    it: &At<'_>,
    rotations: &BTreeMap<String, At<'_>>,
    desk: &mut Desk<'_>,
) -> Read<Option<OwnedPolicy>> {
    let title = it.text_at("name")?.to_owned();
    let mut made = Policy { title: title.clone(), ..Policy::default() };
    for step in it.need("steps")?.items()? {
        let mins = step.whole_at("delayMinutes")?;
        let mut page = vec![];
        for target in step.need("targets")?.items()? {
            page.extend(called(&target, &title, rotations, desk)?);
        }
        page.dedup();
        if page.is_empty() {
            desk.lost(&step, &title, "this step calls nobody: left out");
            continue;
        }
        let wait_secs = mins.saturating_mul(60).clamp(60, 86_400);
        if wait_secs != mins.saturating_mul(60) {
            desk.lost(
                &step,
                &title,
                format!("a step of {mins} minutes is written as {wait_secs} seconds"),
            );
        }
        made.steps.push(Step { page, wait_secs, is_round_robin: false });
    }
    if made.steps.is_empty() {
        desk.lost(it, &title, "no step of it calls anybody: left out");
        return Ok(None);
    }
    made.repeat = it.get("repeat").map_or(Ok(0), |it| it.whole())?;
    if made.repeat > REPEAT_MAX {
        desk.lost(
            it,
            &title,
            format!("it is repeated {} times; here {REPEAT_MAX} times is the most", made.repeat),
        );
        made.repeat = REPEAT_MAX;
    }
    Ok(Some(OwnedPolicy { foreign: it.id_at("id")?, team: None, policy: made }))
}

fn called(
    target: &At<'_>,
    title: &str,
    rotations: &BTreeMap<String, At<'_>>,
    desk: &mut Desk<'_>,
) -> Read<Vec<String>> {
    let (kind, id) = (target.text_at("type")?.to_lowercase(), target.id_at("id")?);
    match kind.as_str() {
        "user" => Ok(vec![format!("person {}", desk.person(target, &id)?)]),
        "schedule" => desk.schedule(target, &id),
        "rotation" => {
            if !desk.schedules.contains_key(&id) {
                let Some(rotation) = rotations.get(&id) else {
                    return target.refuse(format!(
                        "there is no rotation `{id}` in any file: export all rotations"
                    ));
                };
                let Some((layer, timezone)) = rotation_of(rotation, desk)? else {
                    return Ok(vec![]);
                };
                let title = rotation.word("name").unwrap_or("rotation").to_owned();
                let layers = vec![(title.clone(), layer)];
                desk.add_rota(&id, DraftRota { title, timezone, layers });
            }
            desk.schedule(target, &id)
        }
        other => {
            desk.lost(
                target,
                title,
                format!("`{other}` has no counterpart among people: write it as a `channel`"),
            );
            Ok(vec![])
        }
    }
}
