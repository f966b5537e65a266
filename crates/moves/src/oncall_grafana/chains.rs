//! Escalation chains: a list of small steps becomes ours, in which calling and waiting are one.

use super::Found;
use crate::desk::{Desk, OwnedPolicy};
use crate::draft::{Policy, Step};
use crate::json::{At, Read, merged};

/// How long a step lasts behind which no wait stands.
const WAIT_SECS: i64 = 10;
/// How long the last step lasts.
const LAST_WAIT_SECS: i64 = 300;
/// How often `OnCall` repeats a chain.
const REPEATS: i64 = 5;

pub(super) fn read(found: &Found<'_>, desk: &mut Desk<'_>) {
    let mut made = vec![];
    let mut policies = merged(found.get("policies"));
    policies.sort_by_key(|it| it.get("position").and_then(|it| it.whole().ok()).unwrap_or(0));
    let chains = merged(found.get("chains"));
    for it in &policies {
        let chain = it.word("escalation_chain_id").unwrap_or_default();
        if !chains.iter().any(|it| it.word("id") == Some(chain)) {
            let refused: Read<()> = it.refuse(format!(
                "there is no escalation chain `{chain}` in any file: export them, too"
            ));
            desk.kept(refused);
        }
    }
    for chain in &chains {
        let id = chain.word("id").unwrap_or_default();
        let own: Vec<_> = policies
            .iter()
            .filter(|it| it.word("escalation_chain_id") == Some(id))
            .cloned()
            .collect();
        let done = one(chain, &own, desk);
        made.extend(desk.kept(done).flatten());
    }
    desk.add_policies(made);
}

fn one(chain: &At<'_>, steps: &[At<'_>], desk: &mut Desk<'_>) -> Read<Option<OwnedPolicy>> {
    let title = chain.text_at("name")?.to_owned();
    let mut made = Policy { title: title.clone(), ..Policy::default() };
    let mut may_join = false;
    for it in steps {
        let kind = it.text_at("type")?;
        if kind == "wait" {
            let secs = it.get("duration").map_or(Ok(0), |it| it.whole())?;
            match made.steps.last_mut() {
                Some(last) => last.wait_secs = last.wait_secs.saturating_add(secs),
                None => desk.lost(
                    it,
                    &title,
                    format!(
                        "it waits {secs} seconds before it calls anybody; here it calls at once"
                    ),
                ),
            }
            may_join = false;
            continue;
        }
        if kind == "repeat_escalation" {
            made.repeat = REPEATS;
            continue;
        }
        let Some((page, is_round_robin)) = page(it, kind, &title, desk)? else { continue };
        match made.steps.last_mut().filter(|it| may_join && it.is_round_robin == is_round_robin) {
            Some(last) => last
                .page
                .extend(page.into_iter().filter(|it| !last.page.contains(it)).collect::<Vec<_>>()),
            None => made.steps.push(Step { page, is_round_robin, ..Step::default() }),
        }
        may_join = true;
    }
    let last = made.steps.len().saturating_sub(1);
    for (place, step) in made.steps.iter_mut().enumerate() {
        let least = if place == last { LAST_WAIT_SECS } else { WAIT_SECS };
        step.wait_secs =
            if step.wait_secs == 0 { least } else { step.wait_secs.clamp(WAIT_SECS, 86_400) };
    }
    if made.steps.is_empty() {
        desk.lost(chain, &title, "no step of it calls anybody: left out");
        return Ok(None);
    }
    let team = chain.word("team_id").and_then(|it| desk.teams.get(it)).cloned();
    Ok(Some(OwnedPolicy { foreign: chain.id_at("id")?, team, policy: made }))
}

/// Whom a step calls, and whether only one of them.
fn page(
    it: &At<'_>,
    kind: &str,
    title: &str,
    desk: &mut Desk<'_>,
) -> Read<Option<(Vec<String>, bool)>> {
    let people = |key: &str, desk: &Desk<'_>| -> Read<Vec<String>> {
        let found = it.need(key)?.items()?;
        found
            .into_iter()
            .map(|it| Ok(format!("person {}", desk.person(&it, it.text()?)?)))
            .collect()
    };
    let found = match kind {
        "notify_persons" => (people("persons_to_notify", desk)?, false),
        "notify_person_next_each_time" => (people("persons_to_notify_next_each_time", desk)?, true),
        "notify_on_call_from_schedule" => {
            let schedule = it.need("notify_on_call_from_schedule")?;
            (desk.schedule(&schedule, schedule.text()?)?, false)
        }
        "notify_team_members" => {
            let team = it.need("notify_to_team_members").or_else(|_| it.need("team_to_notify"))?;
            let Some(ours) = desk.teams.get(team.text()?) else {
                return team
                    .refuse("this team is in no file, or nobody is in it: export teams and users");
            };
            (vec![format!("team {ours}")], false)
        }
        other => {
            desk.lost(it, title, format!("a step of type `{other}` has no counterpart: left out"));
            return Ok(None);
        }
    };
    Ok((!found.0.is_empty()).then_some(found))
}
